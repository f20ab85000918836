import * as api from "../../operator/api/mcpserver.ts";
import { sessionOf, withTag } from "../../operator/gateway/affinity.ts";
import { Balancer } from "../../operator/gateway/balance.ts";
import { MCP_SERVERS, type Endpoint } from "../../operator/gateway/routes.ts";
import { FakeCluster } from "./support.ts";

describe("the route table", () => {
    it("reads the resource that the operator defines", () => {
        expect(MCP_SERVERS).toEqual({ apiVersion: api.API_VERSION, kind: api.KIND, plural: api.PLURAL });
    });

    it("knows only MCPServers, whatever Services there are", () => {
        const cluster = new FakeCluster();
        cluster.pods("other", [{ uid: "a", port: 1 }]);
        expect(cluster.routes.find("other")).toBeUndefined();
        cluster.server("other", { spec: { path: "/here" } });
        expect(cluster.routes.find("other")).toMatchObject({ path: "/here", endpoints: [{ address: "127.0.0.1", port: 1, ready: true }] });
    });

    it("takes the port named mcp, and a pod of two slices once", () => {
        const cluster = new FakeCluster();
        cluster.server("a");
        const slice = (name: string, ready: boolean) =>
            cluster.slices.set(name, {
                apiVersion: "discovery.k8s.io/v1",
                kind: "EndpointSlice",
                metadata: { name, labels: { "kubernetes.io/service-name": "a" } },
                ports: [
                    { name: "other", port: 1 },
                    { name: "mcp", port: 2 },
                ],
                endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready }, targetRef: { uid: "u" } }],
            });
        slice("one", true);
        slice("two", false);
        cluster.routes.endpointsChanged();
        expect(cluster.routes.find("a")?.endpoints).toMatchObject([{ address: "10.0.0.1", port: 2, ready: true }]);
    });

    it.each([
        ["it is new", undefined, undefined],
        ["it is stopped (spec.replicas is 0)", 0, undefined],
        [
            "the image cannot be pulled",
            1,
            [
                condition("Accepted", "True", "fine"),
                condition("Available", "False", "the image cannot be pulled"),
                condition("Ready", "False", "not available"),
            ],
        ],
        ["its pods are not ready", 1, [condition("Ready", "True", "fine")]],
    ])("says why there is no pod: %s", (text, replicas, conditions) => {
        const cluster = new FakeCluster();
        cluster.server("a", { spec: { ...(replicas !== undefined && { replicas }) }, ...(conditions && { status: { conditions } }) });
        expect(cluster.routes.find("a")?.unavailable).toBe(text);
    });
});

function condition(type: string, status: string, message: string): { type: string; status: string; message: string } {
    return { type, status, message };
}

describe("sessions", () => {
    const cluster = new FakeCluster();
    for (const name of ["a", "b"]) {
        cluster.server(name);
        cluster.pods(name, [
            { uid: "pod-1", address: "10.0.0.1", port: 8080 },
            { uid: "pod-2", address: "10.0.0.2", port: 8080 },
        ]);
    }
    const [a, b] = [cluster.routes.find("a"), cluster.routes.find("b")] as const;
    if (!a || !b) throw new Error("no routes");

    it("lead back to the pod that opened them, with the id it gave", () => {
        for (const endpoint of a.endpoints) expect(sessionOf(withTag("x.y", endpoint), a)).toEqual({ id: "x.y", endpoint });
    });

    it("of one server are none of another, even with pods of the same identity", () => {
        for (const endpoint of a.endpoints) expect(sessionOf(withTag("x", endpoint), b)).toBeUndefined();
    });

    it("are gone with their pod", () => {
        const id = withTag("x", a.endpoints[1] as Endpoint);
        expect(sessionOf(id, { ...a, endpoints: a.endpoints.slice(0, 1) })).toBeUndefined();
    });

    it.each(["", ".", "x", ".abc", "x.", "x.AAAAAAAAAAAA"])("cannot be made up: %p", (id) => expect(sessionOf(id, a)).toBeUndefined());
});

describe("balance", () => {
    const endpoints = ["a", "b", "c"].map((tag) => ({ tag, address: tag, port: 1, ready: tag !== "c" }));

    it("goes around among ready pods with equal load", () => {
        const balancer = new Balancer();
        const firsts = Array.from({ length: 4 }, () => balancer.order(endpoints)[0]?.tag);
        expect(firsts).toEqual(["a", "b", "a", "b"]);
    });

    it("prefers the pod with fewer requests in progress, and counts each end once", () => {
        const balancer = new Balancer();
        const done = balancer.begin(endpoints[0] as Endpoint);
        expect(Array.from({ length: 3 }, () => balancer.order(endpoints)[0]?.tag)).toEqual(["b", "b", "b"]);
        done();
        done();
        const other = balancer.begin(endpoints[1] as Endpoint);
        expect(balancer.order(endpoints)[0]?.tag).toBe("a");
        other();
    });
});
