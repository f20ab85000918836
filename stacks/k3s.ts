import { z } from "zod";
import { publishedImages } from "./images.ts";
import { absolute, address, path, stateFolder } from "./primitives.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** What a node is for: `server` runs the control plane, `ingress` takes the traffic from outside, `worker` runs the rest. */
export const nodeSettings = z.strictObject({
    name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, "give a host name such as mcp-worker-1")
        .describe("name of the node"),
    role: z.enum(["server", "ingress", "worker"]).describe("what the node is for"),
    address: address.describe("address that the other nodes reach it at"),
    publicAddress: address.optional().describe("address that clients reach it at, where it has another one on an interface of its own"),
    architecture: z.enum(["amd64", "arm64"]).default("amd64").describe("CPU architecture"),
});

/** Settings of the topology `k3s`: hosts of one's own. */
export const k3sSettings = z.strictObject({
    kind: z.literal("k3s"),
    version: z
        .string()
        .regex(/^v1\.\d+\.\d+\+k3s\d+$/, "give a release such as v1.37.1+k3s1")
        .default("v1.37.1+k3s1")
        .describe("release of k3s"),
    nodes: z.array(nodeSettings).min(1, "name at least one node").describe("the hosts"),
    apiEndpoint: z.string().min(1).optional().describe("host name or address of the API server; default: the first server's address"),
    kubeconfig: path.optional().describe("path of the kubeconfig; default: the stack's own"),
    context: z.string().min(1).default("default").describe("context in the kubeconfig"),
});

export type K3sSettings = z.output<typeof k3sSettings>;

export function k3sTopology(settings: K3sSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const servers = settings.nodes.filter(({ role }) => role === "server");
    const ingress = settings.nodes.filter(({ role }) => role === "ingress");
    const endpoint = settings.apiEndpoint ?? servers[0]?.address ?? "127.0.0.1";
    const host = registry.mode === "external" ? registry.url : hosts.registry;
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: settings.kubeconfig === undefined ? stateFolder("k3s", hosts.mcp, "kubeconfig") : absolute(settings.kubeconfig),
            context: settings.context,
            identifier: `k3s-${hosts.mcp}`,
            server: `https://${endpoint}:6443`,
        },
        images: publishedImages(versions, `${host}/mcp-platform`, images),
        registry: { host, nodePort: 32000, address: host },
        edge: { kind: "nodePort", http: 30080, https: 30443 },
        storageClass: "local-path",
        apiServer: { cidrs: servers.map((server) => `${server.address}/32`), port: 6443 },
        ingressNodes: ingress.map(({ name }) => name),
        gateway: { publicUrl: `https://${hosts.mcp}`, secureUrl: `https://${hosts.mcp}`, otherHosts: [] },
    };
}
