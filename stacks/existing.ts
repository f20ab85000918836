import { z } from "zod";
import { publishedImages } from "./images.ts";
import { absolute, cidr, path, port } from "./primitives.ts";
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
        .strictObject({ addresses: z.array(cidr).min(1, "name at least one address"), port: port.default(6443) })
        .describe("what `kubectl get endpointslices -n default` prints for `kubernetes`"),
    edge: z
        .discriminatedUnion("kind", [
            z.strictObject({ kind: z.literal("loadBalancer") }),
            z.strictObject({ kind: z.literal("nodePort"), http: port.default(30080), https: port.default(30443) }),
        ])
        .prefault({ kind: "loadBalancer" })
        .describe("how the edge is reached from outside"),
});

export type ExistingSettings = z.output<typeof existingSettings>;

export function existingTopology(settings: ExistingSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const host = registry.mode === "external" ? registry.url : hosts.registry;
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: absolute(settings.kubeconfig),
            context: settings.context,
            identifier: `${settings.distribution}-${hosts.mcp}`,
            server: settings.server,
        },
        images: publishedImages(versions, `${host}/mcp-platform`, images),
        registry: { host, nodePort: 32000, address: host },
        edge: { kind: "nodePort", http: 30080, https: 30443 },
        apiServer: { cidrs: settings.apiServer.addresses, port: settings.apiServer.port },
        ingressNodes: [],
        gateway: { publicUrl: `https://${hosts.mcp}`, secureUrl: `https://${hosts.mcp}`, otherHosts: [] },
    };
}
