import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { apiClient } from "../../embedded/cluster/api.ts";
import { kill, waitUntil, isAlive, identityOf } from "../../embedded/cluster/processes.ts";
import { clusterStatus } from "../../embedded/cluster/index.ts";
import { built, skipped } from "../cluster/support.ts";
import { eventually, Lab, type End } from "./lab.ts";
import { OUTSIDE } from "../support/outside.ts";

const found = process.getuid?.() === 0 ? await built() : "it needs root";
const usable = typeof found === "string" ? undefined : found;
if (typeof found === "string") skipped("packets under the enforcer", found);

const from = (address: string): End => ({ name: address, address });
const HOST_PORT = 18080;
const TCP = { protocol: "TCP", port: 8080 } as const;

(usable ? describe : describe.skip)("the policy enforcer", () => {
    let lab: Lab;
    /** Two on the first node, one on the second; a policy lets only `friend` to `server`. */
    let server: End;
    let friend: End;
    let stranger: End;
    const toServer = (): { address: string; protocol: "TCP"; port: number } => ({ ...TCP, address: server.address });
    const both = async (): Promise<boolean[]> => Promise.all([friend, stranger].map((end) => lab.reaches(end, toServer())));
    const onlyFriend = {
        podSelector: { matchLabels: { app: "server" } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: "friend" } } }] }],
    };

    beforeAll(async () => {
        if (!usable) return;
        lab = await Lab.start(usable, { tcp: [8080, 8081], udp: [53] });
        await lab.namespace("x");
        [server, friend, stranger] = (await lab.probes(
            [
                ["server", "node-1"],
                ["friend", "node-1"],
                ["stranger", "node-2"],
            ].map(([name = "", node = ""]) => ({
                name,
                namespace: "x",
                node,
                labels: { app: name },
                ports: name === "server" ? [{ containerPort: 8080, hostPort: HOST_PORT }] : [],
            })),
        )) as [End, End, End];
    }, 120_000);
    afterAll(() => lab?.remove(), 60_000);

    it("lets everything pass without policies, and what a policy says with one", async () => {
        expect(await both()).toEqual([true, true]);
        await lab.policy("x", "server", onlyFriend);
        await eventually("the stranger is kept out", async () => !(await lab.reaches(stranger, toServer())));
        expect(await both()).toEqual([true, false]);
        expect(await lab.reaches(server, { ...TCP, address: stranger.address })).toBe(true);
    });

    it("judges Services and ports of nodes by the pod behind them and by the real sender", async () => {
        await lab.api.apply("/api/v1/namespaces/x/services/server", {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "server" },
            spec: { type: "NodePort", selector: { app: "server" }, ports: [{ port: 80, targetPort: 8080, nodePort: 30555 }] },
        });
        const { spec } = await lab.api.get<{ spec: { clusterIP: string } }>("/api/v1/namespaces/x/services/server");
        const service = { protocol: "TCP", address: spec.clusterIP, port: 80 } as const;
        const nodePort = { protocol: "TCP", address: lab.nodes[0]?.address ?? "", port: 30555 } as const;
        await eventually("the Service answers", () => lab.reaches(friend, service));
        expect(await lab.reaches(stranger, service)).toBe(false);
        expect(await lab.reaches(server, service)).toBe(true); // itself, by way of the Service
        await eventually("the port of the node answers", () => lab.reaches(friend, nodePort));
        expect(await lab.reaches(stranger, nodePort)).toBe(false);
        const hostPort = { ...nodePort, port: HOST_PORT };
        expect(await Promise.all([friend, stranger, from(OUTSIDE.internet)].map((end) => lab.reaches(end, hostPort)))).toEqual([
            true,
            false,
            false,
        ]);
        expect(await lab.reaches(from(OUTSIDE.internet), nodePort)).toBe(false);
        await lab.policy("x", "outside", { ...onlyFriend, ingress: [{ from: [{ ipBlock: { cidr: `${OUTSIDE.internet}/32` } }] }] });
        await eventually("the address that is let in is", () => lab.reaches(from(OUTSIDE.internet), nodePort));
        expect(await lab.reaches(from(OUTSIDE.internet), hostPort)).toBe(true);
        expect(await lab.reaches(from(OUTSIDE.otherInternet), nodePort)).toBe(false);
        expect(await lab.reaches(from(OUTSIDE.otherInternet), hostPort)).toBe(false);
        await lab.dropPolicy("x", "outside");
    });

    it("keeps its rules while it is away or the API server is, and goes on afterwards", async () => {
        for (const [tree, program] of [
            ["enforcer", "policy-enforcer"],
            ["hub", "kube-apiserver"],
            ["hub", "etcd"],
        ] as const) {
            const pid = await lab.pidOf(tree, program);
            const identity = identityOf(pid);
            kill(pid);
            await waitUntil(() => !isAlive(identity), 5000);
            expect([program, await both()]).toEqual([program, [true, false]]);
            await eventually("the cluster is whole", async () => (await clusterStatus(lab.stateDir)).state === "running");
            await eventually("a change is taken", async () => {
                await lab.policy("x", "everybody", { podSelector: {}, ingress: [{}] });
                return true;
            });
            await eventually("the change is in force", () => lab.reaches(stranger, toServer()));
            await lab.dropPolicy("x", "everybody");
            await eventually("the change is taken back", async () => !(await lab.reaches(stranger, toServer())));
        }
    }, 120_000);

    it("leaves a pod that begins without it closed, and opens it when it is back", async () => {
        const pid = await lab.pidOf("enforcer", "policy-enforcer");
        process.kill(pid, "SIGSTOP");
        const late = { name: "late", namespace: "x", labels: { app: "friend" }, node: "node-2" };
        const targets = [{ ...toServer(), patienceMs: 500, againMs: 4000 }];
        try {
            await lab.apply({ ...late, first: { targets } });
            const end = await lab.running(late);
            const [answer] = await lab.order([{ end, targets: [], first: true }]);
            expect(answer?.reached).toEqual([false]);
            expect(await lab.reaches(end, { ...TCP, address: OUTSIDE.internet })).toBe(false);
        } finally {
            process.kill(pid, "SIGCONT");
        }
        const end = await lab.running(late);
        await eventually("the pod is let out", () => lab.reaches(end, toServer()));
        await lab.api.delete("/api/v1/namespaces/x/pods/late");
    }, 60_000);

    it("begins a node's next life closed, and its pods' next life with their rules", async () => {
        kill(lab.pid("node-1"));
        await eventually("the cluster is whole", async () => (await clusterStatus(lab.stateDir)).state === "running");
        await eventually("the server runs again", async () => {
            [server, friend] = (await Promise.all(
                ["server", "friend"].map((name) => lab.running({ name, namespace: "x", node: "node-1" })),
            )) as [End, End];
            return lab.reaches(friend, toServer());
        });
        expect(await both()).toEqual([true, false]);
    }, 120_000);

    it("lets pods of one node not get around it with addresses they gave themselves", async () => {
        const linkLocal = await lab.linkLocal(server);
        expect(linkLocal).toMatch(/^fe80:/);
        expect(await lab.reaches(friend, { ...TCP, address: `${linkLocal}%eth0` })).toBe(false);
        expect(await lab.reaches(friend, toServer())).toBe(true);
    });

    it("may read pods, namespaces and policies, and nothing else", async () => {
        const api = apiClient(lab.layout.pki, lab.options.apiPort, 5000, "policy-enforcer");
        const status = async (path: string): Promise<number> => (await api.raw(path)).status;
        expect(await Promise.all(["/api/v1/pods", "/api/v1/namespaces", "/apis/networking.k8s.io/v1/networkpolicies"].map(status))).toEqual(
            [200, 200, 200],
        );
        expect(await Promise.all(["/api/v1/secrets", "/api/v1/nodes", "/api/v1/configmaps", "/api/v1/services"].map(status))).toEqual([
            403, 403, 403, 403,
        ]);
        await expect(api.delete("/api/v1/namespaces/x/pods/server")).rejects.toThrow("403");
        await expect(api.merge("/api/v1/namespaces/x", { metadata: { labels: { a: "b" } } })).rejects.toThrow("403");
        api.close();
    });
});
