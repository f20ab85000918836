/** Logs come from kubelets: a small HTTP server stands in for an API server that has one. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { explainFully } from "../../../embedded/providers/kubernetes/await/explain.ts";
import { Cluster } from "../../../embedded/providers/kubernetes/cluster.ts";
import type { Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { readOptions } from "../../../embedded/providers/kubernetes/options.ts";

const data = (value: string): string => Buffer.from(value).toString("base64");

describe("the log of a container that crashes", () => {
    let server: Server;
    let cluster: Cluster;
    let secretStatus = 200;
    const asked: string[] = [];

    beforeAll(async () => {
        server = createServer((request, response) => {
            asked.push(request.url ?? "");
            const path = (request.url ?? "").split("?")[0] ?? "";
            response.statusCode = path.includes("/secrets/") ? secretStatus : 200;
            if (path.endsWith("/log"))
                response.end(`starting with hunter22\ndsn=postgres://u:p%40ss@db registry pull-password\nflag topsecretflag\n`);
            else if (path.endsWith("/secrets/app")) response.end(JSON.stringify({ kind: "Secret", data: { password: data("hunter22") } }));
            else if (path.endsWith("/secrets/pull"))
                response.end(
                    JSON.stringify({
                        data: { ".dockerconfigjson": data(JSON.stringify({ auths: { r: { password: "pull-password" } } })) },
                    }),
                );
            else response.end(JSON.stringify({ items: [] }));
        }).listen(0, "127.0.0.1");
        await new Promise((done) => server.once("listening", done));
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const kubeconfig = {
            "current-context": "c",
            clusters: [{ name: "k", cluster: { server: url } }],
            contexts: [{ name: "c", context: { cluster: "k", user: "" } }],
        };
        cluster = new Cluster(readOptions({ kubeconfig }));
    });
    afterAll(async () => {
        await cluster.close();
        await new Promise((done) => server.close(done));
    });

    const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "app-1", namespace: "apps", uid: "1" },
        spec: {
            containers: [
                {
                    name: "app",
                    env: [
                        { name: "P", valueFrom: { secretKeyRef: { name: "app", key: "password" } } },
                        { name: "API_TOKEN", value: "topsecretflag" },
                    ],
                },
            ],
            volumes: [{ name: "r", secret: { secretName: "pull" } }],
        },
        status: {
            containerStatuses: [
                {
                    name: "app",
                    restartCount: 2,
                    state: { waiting: { reason: "CrashLoopBackOff" } },
                    lastState: { terminated: { exitCode: 1 } },
                },
            ],
        },
    } as unknown as Manifest;

    it("is shown without the values of the Secrets that its pod uses", async () => {
        expect(await explainFully(cluster, pod, [pod])).toEqual([
            "pod app-1: container app ended with exit code 1 and was started again 2 times (CrashLoopBackOff)",
            "last lines of its log:",
            "  starting with [secret]",
            "  dsn=postgres://u:p%40ss@db registry [secret]",
            "  flag [secret]",
        ]);
        expect(asked).toContainEqual("/api/v1/namespaces/apps/pods/app-1/log?container=app&tailLines=8");
    });

    it("is not shown at all when those Secrets cannot be read", async () => {
        secretStatus = 403;
        expect(await explainFully(cluster, pod, [pod])).toHaveLength(1);
    });
});
