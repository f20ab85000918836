import { z } from "zod";
import { INGRESS_NODE_LABELS } from "../components/nodes/labels.ts";
import { registryFacts } from "./bundled-registry.ts";
import { publishedImages } from "./images.ts";
import { absolute, address, inUrl, NODE_PORTS, path, rangeOf, stateFolder } from "./primitives.ts";
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

/** k3s's own choice for the addresses of pods; on its overlay network each node has one of them. */
const POD_NETWORK = "10.42.0.0/16";

/** Port of the API server. */
const API_PORT = 6443;

/** Hosts of one's own: k3s's own balancer on the ingress nodes, volumes on the nodes' disks, images over each node's NodePort. */
export function k3sTopology(settings: K3sSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const { nodes } = settings;
    const servers = nodes.filter(({ role }) => role === "server");
    const ingress = nodes.filter(({ role }) => role === "ingress");
    const [first] = servers;
    const endpoint = settings.apiEndpoint ?? first?.address ?? "127.0.0.1";
    const host = registry.mode === "external" ? registry.url : hosts.registry;
    const secure = `https://${hosts.mcp}`;
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: settings.kubeconfig === undefined ? stateFolder("k3s", hosts.mcp, "kubeconfig") : absolute(settings.kubeconfig),
            context: settings.context,
            identifier: `k3s-${hosts.mcp}`,
            server: `https://${inUrl(endpoint)}:${API_PORT}`,
            obtain: `copy /etc/rancher/k3s/k3s.yaml of ${first?.name ?? "a server"} there, with ${endpoint} in place of 127.0.0.1 and readable by you alone.`,
        },
        images: publishedImages(versions, `${host}/mcp-platform`, images),
        ...(registry.mode === "external" || images.operator !== undefined ? {} : { pushes: ["operator"] as const }),
        registry: {
            host,
            nodePort: NODE_PORTS.registry,
            // Over HTTP the registry has no Ingress: it is reached at a node.
            address: registry.mode === "bundled-http" ? `${inUrl(endpoint)}:${NODE_PORTS.registry}` : (host.split("/")[0] ?? host),
        },
        nodeRegistry: registryFacts(registry, host, {
            target: "k3s",
            nodes: nodes.map(({ name, role }) => ({ name, role: role === "server" ? "server" : "agent" })),
            // For people on a node. A name that DNS knows must lead there to the edge, as everywhere.
            hosts: registry.mode === "bundled-http" ? [{ address: "127.0.0.1", names: [host] }] : [],
        }),
        edge: {
            kind: "loadBalancer",
            nodeSelector: { "ingress.mcpruntime.org/public": INGRESS_NODE_LABELS["ingress.mcpruntime.org/public"] },
            replicas: Math.max(1, ingress.length),
        },
        storageClass: "local-path",
        apiServer: { cidrs: servers.map((server) => rangeOf(server.address)), port: API_PORT, callsFrom: [POD_NETWORK] },
        ingressNodes: ingress.map(({ name }) => name),
        gateway: { publicUrl: secure, secureUrl: secure, otherHosts: [] },
    };
}
