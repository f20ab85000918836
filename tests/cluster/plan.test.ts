import * as fc from "fast-check";
import { ADDRESSES, clusterId, HUB_API_PORT, planCluster, rootGroup, type ClusterPlan } from "../../embedded/cluster/plan.ts";
import { settingsOf, topologyFor } from "../stacks/support/stacks.ts";

const plan = (nodes: number, stateDir = "/state/cluster"): ClusterPlan =>
    planCluster({ stateDir, nodes, apiPort: 6443, publish: [{ host: 8080, node: 30080, option: "--http-port" }] }, "nodes");
const counts = fc.integer({ min: 1, max: 9 });

describe("the plan of a cluster", () => {
    it("gives every node a name, an address, a pod network and a cable of its own", () => {
        fc.assert(
            fc.property(counts, (count) => {
                const { nodes } = plan(count);
                expect(nodes).toHaveLength(count);
                for (const key of ["name", "address", "podCidr", "hubInterface", "group"] as const)
                    expect(new Set(nodes.map((node) => node[key])).size).toBe(count);
                expect(nodes.map((node) => node.address)).not.toContain(ADDRESSES.hub);
                for (const node of nodes) {
                    expect(node.podCidr).toMatch(/^10\.244\.\d\.0\/24$/);
                    expect(node.hubInterface.length).toBeLessThan(16); // the kernel's limit
                }
            }),
        );
    });

    it("routes every node to each other node's pods, through that node", () => {
        fc.assert(
            fc.property(counts, (count) => {
                const { nodes } = plan(count);
                for (const node of nodes) {
                    const others = nodes.filter((other) => other !== node).map((other) => ({ to: other.podCidr, via: other.address }));
                    expect(node.routes).toEqual(others);
                }
            }),
        );
    });

    it("changes nothing but routes for the nodes that are there when the count changes", () => {
        fc.assert(
            fc.property(counts, counts, (before, after) => {
                const common = Math.min(before, after);
                const fixed = (count: number): unknown[] =>
                    plan(count)
                        .nodes.slice(0, common)
                        .map((node) => ({ ...node, routes: [] }));
                expect(fixed(after)).toEqual(fixed(before));
            }),
        );
    });

    it("gives two state folders different cgroups, and one folder always the same", () => {
        fc.assert(
            fc.property(fc.string(), fc.string(), (one, other) => {
                fc.pre(one !== other);
                expect(clusterId(one)).toMatch(/^[0-9a-f]{8}$/);
                expect(clusterId(one)).toBe(clusterId(one));
                expect(plan(1, one).hubGroup === plan(1, other).hubGroup).toBe(clusterId(one) === clusterId(other));
                expect(plan(1, one).nodes[0]?.group).toBe(`${rootGroup(clusterId(one))}/node-1`);
            }),
        );
    });

    it("forwards the API server's port to the hub and published ports to the first node", () => {
        expect(plan(3).forwards).toEqual([
            { host: 6443, to: "10.200.0.1:6443", option: "--api-port" },
            { host: 8080, to: "10.200.0.11:30080", option: "--http-port" },
        ]);
    });

    it("has neither nodes nor forwards as a control plane only, and serves on the loopback address itself", () => {
        const bare = planCluster({ stateDir: "/s", nodes: 3, apiPort: 7443, publish: [{ host: 8080, node: 30080 }] }, "control-plane");
        expect([bare.nodes, bare.forwards]).toEqual([[], []]);
        expect([bare.apiAddress, bare.apiPort]).toEqual(["127.0.0.1", 7443]);
    });

    it("has the API server where the platform's network policies expect it", async () => {
        expect(topologyFor(await settingsOf("embedded")).apiServer).toEqual({ cidrs: [`${ADDRESSES.hub}/32`], port: HUB_API_PORT });
    });
});
