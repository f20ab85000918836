import { z } from "zod";
import { imagesMadeHere } from "./images.ts";
import { port, stateFolder } from "./primitives.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** Settings of the topology `kind`: a Kubernetes in containers of Docker or podman, made and removed by the program. */
export const kindSettings = z.strictObject({
    kind: z.literal("kind"),
    name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/, "use lower-case letters, digits and dashes, at most 42")
        .default("mcp-platform")
        .describe("name of the kind cluster"),
    provider: z.enum(["docker", "podman"]).default("docker").describe("container engine that runs the nodes"),
    workers: z.int().min(0).max(8).default(0).describe("nodes beside the control plane"),
    nodeImage: z.string().min(1).optional().describe("image of the nodes; default: kind's own for its release"),
    gatewayPort: port.default(8080).describe("port of the gateway on 127.0.0.1, HTTP"),
    gatewayTlsPort: port.default(8443).describe("port of the gateway on 127.0.0.1, HTTPS"),
});

export type KindSettings = z.output<typeof kindSettings>;

const NODE_PORTS = { http: 30080, https: 30443, registry: 32000 } as const;

export function kindTopology(settings: KindSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const host = registry.mode === "kind-container" ? `localhost:${registry.port}` : "registry.local";
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: stateFolder("kind", settings.name, "kubeconfig"),
            context: `kind-${settings.name}`,
            identifier: `kind-${settings.name}`,
            server: "local",
        },
        images: imagesMadeHere(versions, images, `${host}/mcp-platform`),
        registry: { host, nodePort: NODE_PORTS.registry, address: registry.mode === "kind-container" ? host : "127.0.0.1:32000" },
        edge: { kind: "nodePort", http: NODE_PORTS.http, https: NODE_PORTS.https, address: { ip: "127.0.0.1" } },
        storageClass: "standard",
        ingressNodes: [],
        gateway: {
            publicUrl: `http://${hosts.mcp}:${settings.gatewayPort}`,
            secureUrl: `https://${hosts.mcp}:${settings.gatewayTlsPort}`,
            otherHosts: ["localhost", "127.0.0.1"],
        },
    };
}
