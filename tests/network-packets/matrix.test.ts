import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ADDRESSES, HUB_API_PORT } from "../../embedded/cluster/plan.ts";
import type { Network } from "../../components/network/flows.ts";
import { NAMESPACES, type NamespaceName } from "../../components/namespaces/names.ts";
import { built, skipped } from "../cluster/support.ts";
import { eventually, Lab, type End, type ProbePod, type Target } from "./lab.ts";
import { OUTSIDE } from "../support/outside.ts";
import {
    apiServer,
    governed,
    labelsOf,
    nodes,
    outside,
    placePods,
    placePolicies,
    PLATFORMS,
    policies,
    PORTS,
    roleOf,
    roles,
    strangers,
} from "./platform.ts";
import { expected, type Connection, type Party } from "./table.ts";

const found = process.getuid?.() === 0 ? await built() : "it needs root";
const usable = typeof found === "string" ? undefined : found;
if (typeof found === "string") skipped("packets between all roles", found);

/** How long an answer is waited for where none is expected, and where one is. */
const DENIED_MS = 1000;
const ALLOWED_MS = 10_000;
const pods: readonly Party[] = [...roles, ...strangers];
const gateway = `gateway-${NAMESPACES.runtime}`;
const server = `servers-${NAMESPACES.servers}`;
const postgres = `postgres-${NAMESPACES.mesh}`;

/** On every port: every pair of which one is a pod, the API server and nodes to pods; and from every pod to the API server. */
function connections(): Connection[] {
    const parties: Party[] = [...pods, ...outside];
    const pairs = [...parties, apiServer, ...nodes].flatMap((from) => parties.map((to) => ({ from, to })));
    const kinds = [
        ...PORTS.tcp.map((port) => ({ protocol: "TCP" as const, port })),
        ...PORTS.udp.map((port) => ({ protocol: "UDP" as const, port })),
    ];
    return [
        ...pairs
            .filter(({ from, to }) => from.kind === "pod" || to.kind === "pod")
            .flatMap((pair) => kinds.map((kind) => ({ ...pair, ...kind }))),
        ...pods.map((from) => ({ from, to: apiServer, protocol: "TCP" as const, port: HUB_API_PORT })),
    ];
}

function nameOf(party: Party): string {
    return party.kind === "pod" ? `${party.namespace}/${party.name}` : party.kind === "apiServer" ? "API server" : party.name;
}

(usable ? describe : describe.skip)("packets", () => {
    let lab: Lab;
    let ends = new Map<Party, End>();

    const at = (party: Party): End => ends.get(party) as End;
    const reaches = (from: string, to: string, port: number): Promise<boolean> =>
        lab.reaches(at(roleOf(from)), { protocol: "TCP", address: at(roleOf(to)).address, port });
    /** What packets and a table say differently. */
    const differences = async (tried: readonly Connection[], isExpected: (connection: Connection) => boolean): Promise<string[]> => {
        const bySender = [...Map.groupBy(tried, ({ from }) => from)];
        const orders = bySender.map(([from, those]) => ({
            end: at(from),
            targets: those.map((each): Target => ({
                protocol: each.protocol,
                address: at(each.to).address,
                port: each.port,
                patienceMs: isExpected(each) ? ALLOWED_MS : DENIED_MS,
            })),
        }));
        const answers = await lab.order(orders);
        return bySender.flatMap(([, those], i) =>
            those.flatMap((each, j) => {
                const passed = answers[i]?.reached[j] ?? false;
                const what = `${nameOf(each.from)} → ${nameOf(each.to)} ${each.protocol} ${each.port}`;
                return passed === isExpected(each) ? [] : [`${what} ${passed ? "passes" : "is dropped"}`];
            }),
        );
    };

    beforeAll(async () => {
        if (!usable) return;
        lab = await Lab.start(usable, PORTS);
        await Promise.all([...governed, "elsewhere"].map((name) => lab.namespace(name)));
        ends = await placePods(lab);
    }, 120_000);
    afterAll(() => lab?.remove(), 60_000);

    it("have a pod of each role in all its namespaces to come from and go to", () => {
        expect([...new Set(roles.map(({ namespace }) => namespace))].toSorted()).toEqual([...governed, "kube-system"].toSorted());
        expect(roles.length).toBeGreaterThan(12);
    });

    it.each(PLATFORMS.toReversed())(
        "pass between every pair of roles and outside addresses as the table says: %s",
        async (_, network) => {
            await placePolicies(lab, network);
            const isExpected = (connection: Connection): boolean => isOwnNode(connection) || expected(connection, network, governed);
            const all = connections();
            expect(all.filter(isExpected).length).toBeGreaterThan(500);
            let different: string[] = [];
            // The last policy may have been applied a moment ago.
            await eventually(
                "packets pass as the table says",
                async () => (different = await differences(all, isExpected)).length === 0,
                5000,
            ).catch(() => {});
            expect(different).toEqual([]);
        },
        120_000,
    );

    /** Between a node and its own pods Kubernetes allows everything. */
    const isOwnNode = ({ from, to }: Connection): boolean => from.kind === "node" && at(to).node === from.name;
    const everything = (): Promise<void> => placePolicies(lab, PLATFORMS[0]?.[1] as Network);

    it("reach the API server behind its Service when they reach its own address", async () => {
        await everything();
        const target = { protocol: "TCP" as const, address: ADDRESSES.apiService, port: 443, patienceMs: DENIED_MS };
        const answers = await lab.order(pods.map((from) => ({ end: at(from), targets: [target] })));
        const network = PLATFORMS[0]?.[1];
        const those = pods.filter(
            (from) => network && expected({ from, to: apiServer, protocol: "TCP", port: HUB_API_PORT }, network, governed),
        );
        expect(pods.filter((_, i) => answers[i]?.reached[0]).map(nameOf)).toEqual(those.map(nameOf));
    });

    it("show a policy that is dropped, and one that is widened", async () => {
        await everything();
        const again = async (namespace: NamespaceName, name: string): Promise<void> =>
            lab.policy(namespace, name, policies(namespace).find((policy) => policy.name === name)?.spec);
        expect(await reaches(gateway, server, 8080)).toBe(true);
        await lab.dropPolicy(NAMESPACES.runtime, "allow-gateway");
        await eventually("the gateway reaches no server", async () => !(await reaches(gateway, server, 8080)));
        await again(NAMESPACES.runtime, "allow-gateway");
        await eventually("the gateway reaches servers again", () => reaches(gateway, server, 8080));

        expect(await reaches("plain", postgres, 5432)).toBe(false);
        await lab.policy(NAMESPACES.mesh, "wide", { podSelector: { matchLabels: labelsOf("postgres") }, ingress: [{}] });
        await eventually("everybody reaches the database", () => reaches("plain", postgres, 5432));
        await lab.dropPolicy(NAMESPACES.mesh, "wide");
        await eventually("nobody else reaches the database", async () => !(await reaches("plain", postgres, 5432)));

        expect(await reaches("plain", "nobody", 22)).toBe(false);
        await lab.dropPolicy(NAMESPACES.runtime, "default-deny");
        await eventually("a pod of no role is open", () => reaches("plain", "nobody", 22));
        await again(NAMESPACES.runtime, "default-deny");
        await eventually("a pod of no role is closed", async () => !(await reaches("plain", "nobody", 22)));
    }, 60_000);

    it("of new pods are judged from the first one on, and the first that may pass is not lost, while many begin", async () => {
        await everything();
        const dns = at(roles.find(({ namespace }) => namespace === "kube-system") as Party).address;
        const forbidden = [
            [ADDRESSES.hub, HUB_API_PORT],
            [at(roleOf(gateway)).address, 8080],
            [at(roleOf(server)).address, 8080],
            [at(roleOf("plain")).address, 22],
            [OUTSIDE.metadata, 8080],
            [OUTSIDE.private, 443],
        ] as const;
        const first: Target[] = [
            { protocol: "UDP", address: dns, port: 53, patienceMs: ALLOWED_MS, once: true },
            { protocol: "TCP", address: dns, port: 53, patienceMs: ALLOWED_MS },
            ...forbidden.map(([address, port]): Target => ({ protocol: "TCP", address, port, patienceMs: 100, againMs: 2500 })),
        ];
        const fresh = Array.from({ length: 16 }, (_, i): ProbePod => ({
            name: `fresh-${i}`,
            namespace: NAMESPACES.servers,
            labels: labelsOf("servers"),
            node: `node-${1 + (i % 2)}`,
            first: { targets: first },
        }));
        // Addresses are given one after the other: these are the next ones of each node, knocked at before they are anybody's.
        const last = Math.max(
            ...[...ends.values()].map(({ address }) => (address.startsWith("10.244.") ? Number(address.split(".")[3]) : 0)),
        );
        const next = ["10.244.1", "10.244.2"].flatMap((network) => Array.from({ length: 14 }, (_, i) => `${network}.${last - 2 + i}`));
        const taken = new Set([...ends.values()].map(({ address }) => address));
        const knocks = next
            .filter((address) => !taken.has(address))
            .map((address): Target => ({ protocol: "TCP", address, port: 8080, patienceMs: 100, againMs: 6000 }));
        const knocking = lab.order(["plain", "false-gateway", server].map((name) => ({ end: at(roleOf(name)), targets: knocks })));
        const begun = await lab.probes(fresh);
        expect(begun.filter(({ address }) => knocks.some((knock) => knock.address === address)).length).toBeGreaterThan(10);
        const tried = await lab.order(begun.map((end) => ({ end, targets: [], first: true })));
        expect(tried.map(({ reached }) => reached)).toEqual(begun.map(() => [true, true, ...forbidden.map(() => false)]));
        expect((await knocking).map(({ reached }) => reached.filter(Boolean))).toEqual([[], [], []]);
        const [answer] = await lab.order([
            {
                end: at(roleOf(gateway)),
                targets: begun.map(({ address }) => ({ protocol: "TCP", address, port: 8080, patienceMs: ALLOWED_MS })),
            },
        ]);
        expect(answer?.reached).toEqual(begun.map(() => true));
    }, 60_000);
});
