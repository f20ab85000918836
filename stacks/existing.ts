import { z } from "zod";
import { hostOf, registryFacts } from "./bundled-registry.ts";
import { publishedImages } from "./images.ts";
import { absolute, cidr, NODE_PORTS, path, port } from "./primitives.ts";
import type { NodeTarget } from "./node-registry/index.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** Settings of the topology `existing`: a cluster that others made. */
export const existingSettings = z.strictObject({
    kind: z.literal("existing"),
    distribution: z.enum(["kubeadm", "docker-desktop", "k3s", "generic"]).default("generic").describe("what made the cluster"),
    kubeconfig: path.default("~/.kube/config").describe("path of the kubeconfig"),
    context: z.string().min(1).describe("context in the kubeconfig"),
    server: z
        .url({ protocol: /^https$/, error: "give the API server's URL, which begins with https://" })
        .describe("URL that the context must lead to"),
    apiServer: z
        .strictObject({
            addresses: z.array(cidr).min(1, "name at least one address").describe("addresses of the API server itself, not of its Service"),
            port: port.default(6443).describe("port it listens on there"),
        })
        .describe("what `kubectl get endpointslices -n default` prints for `kubernetes`"),
    edge: z
        .discriminatedUnion("kind", [
            z.strictObject({ kind: z.literal("loadBalancer") }),
            z.strictObject({
                kind: z.literal("nodePort"),
                http: port.default(NODE_PORTS.http).describe("port on every node, HTTP"),
                https: port.default(NODE_PORTS.https).describe("port on every node, HTTPS"),
            }),
        ])
        .prefault({ kind: "loadBalancer" })
        .describe("how the edge is reached from outside"),
    nodes: z
        .array(z.string().min(1))
        .min(1, "name at least one node")
        .optional()
        .describe("names of the nodes, for `npm run node-config`; default: one set of instructions for every node"),
});

export type ExistingSettings = z.output<typeof existingSettings>;

/** What runs the nodes of a distribution. Anything else is taken for containerd that a person configures. */
const TARGETS: Readonly<Record<ExistingSettings["distribution"], NodeTarget>> = {
    kubeadm: "kubeadm",
    generic: "kubeadm",
    "docker-desktop": "docker-desktop",
    k3s: "k3s",
};

/** A cluster that others made: nothing of it is changed but what is installed, so its nodes are configured by its people. */
export function existingTopology(settings: ExistingSettings, { hosts, images, versions, registry, frontDoor }: TopologyContext): Topology {
    const { distribution, edge } = settings;
    const desktop = distribution === "docker-desktop";
    // Docker Engine has no mirrors: on Docker Desktop images are named by where they are, which is the machine itself.
    const bundled = desktop ? `localhost:${NODE_PORTS.registry}` : hosts.registry;
    const host = registry.mode === "external" ? registry.url : bundled;
    const atNode = desktop ? bundled : `${new URL(settings.server).hostname}:${NODE_PORTS.registry}`;
    const onNodes = edge.kind === "nodePort" && (frontDoor?.mode ?? "direct") === "direct";
    const secure = `https://${hosts.mcp}${onNodes ? `:${edge.https}` : ""}`;
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: absolute(settings.kubeconfig),
            context: settings.context,
            identifier: `${distribution}-${hosts.mcp}`,
            server: settings.server,
            obtain: "ask the cluster's people for one, and name its path in mcp-platform:topology.kubeconfig.",
        },
        images: publishedImages(versions, `${host}/mcp-platform`, images),
        ...(registry.mode === "external" || images.operator !== undefined ? {} : { pushes: ["operator"] as const }),
        registry: {
            host,
            nodePort: NODE_PORTS.registry,
            address: registry.mode === "bundled-http" || desktop ? atNode : hostOf(host),
        },
        nodeRegistry: registryFacts(registry, host, {
            target: TARGETS[distribution],
            nodes: (settings.nodes ?? [desktop ? "desktop-control-plane" : "every node"]).map((name) => ({ name })),
        }),
        edge: edge.kind === "loadBalancer" ? { kind: "loadBalancer", replicas: 1 } : edge,
        apiServer: { cidrs: settings.apiServer.addresses, port: settings.apiServer.port },
        ingressNodes: [],
        gateway: { publicUrl: secure, secureUrl: secure, otherHosts: desktop ? ["localhost", "127.0.0.1"] : [] },
    };
}
