import { z } from "zod";
import { imagesMadeHere, loadCommand } from "./images.ts";
import { absolute, NODE_PORTS, port, REGISTRY_HOST, stateFolder } from "./primitives.ts";
import type { Topology, TopologyContext } from "./topology.ts";

export { NODE_PORTS, REGISTRY_HOST } from "./primitives.ts";

/** Settings of the topology `embedded`: the Kubernetes that `npm start` runs on this machine. */
export const embeddedSettings = z.strictObject({
    kind: z.literal("embedded"),
    apiPort: port.default(6443).describe("port of the API server on 127.0.0.1"),
    gatewayPort: port.default(8080).describe("port of the gateway on 127.0.0.1, HTTP"),
    gatewayTlsPort: port.default(8443).describe("port of the gateway on 127.0.0.1, HTTPS"),
    registryPort: port.default(32000).describe("port of the registry on 127.0.0.1"),
    kubeconfig: z.string().min(1).optional().describe("path of the kubeconfig; default: the embedded cluster's own"),
});

export type EmbeddedSettings = z.output<typeof embeddedSettings>;

/** The cluster on this machine: reached through ports on loopback, images loaded into its nodes, volumes of its own. */
export function embeddedTopology(settings: EmbeddedSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const refs = imagesMadeHere(versions, images);
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: settings.kubeconfig === undefined ? stateFolder("cluster", "kubeconfig") : absolute(settings.kubeconfig),
            context: "embedded",
            identifier: "mcp-platform-embedded",
            server: "local",
            obtain: "start the cluster with `npm start`, or with `npm run cluster -- start`.",
        },
        images: refs,
        imageCommands:
            images.operator === undefined
                ? [{ name: "operator", image: refs.operator, command: loadCommand("operator", refs.operator) }]
                : [],
        registry: {
            host: registry.mode === "external" ? registry.url : REGISTRY_HOST,
            nodePort: NODE_PORTS.registry,
            address: `127.0.0.1:${settings.registryPort}`,
        },
        edge: { kind: "nodePort", http: NODE_PORTS.http, https: NODE_PORTS.https, address: { ip: "127.0.0.1" } },
        storageClass: "standard",
        // The hub of the cluster's own network: packets for the API server's Service are bound for it once they are judged.
        apiServer: { cidrs: ["10.200.0.1/32"], port: 6443 },
        ingressNodes: [],
        gateway: {
            publicUrl: `http://${hosts.mcp}:${settings.gatewayPort}`,
            secureUrl: `https://${hosts.mcp}:${settings.gatewayTlsPort}`,
            otherHosts: ["localhost", "127.0.0.1"],
        },
    };
}
