import { z } from "zod";
import { registryFacts } from "./bundled-registry.ts";
import { publishedImages } from "./images.ts";
import { absolute, address, NODE_PORTS, path, port, rangeOf, REGISTRY_HOST } from "./primitives.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** Settings of the topology `minikube`: a profile that `minikube start` made. */
export const minikubeSettings = z.strictObject({
    kind: z.literal("minikube"),
    profile: z.string().min(1).default("minikube").describe("name of the profile, which is also the kubeconfig's context"),
    driver: z.enum(["docker", "podman", "kvm2", "virtualbox"]).default("docker").describe("driver that the profile was started with"),
    address: address.default("192.168.49.2").describe("address of the node, as `minikube ip` prints it"),
    gatewayPort: port.default(8080).describe("port of the gateway on 127.0.0.1, HTTP"),
    gatewayTlsPort: port.default(8443).describe("port of the gateway on 127.0.0.1, HTTPS"),
    registryPort: port.default(32000).describe("port of the registry on 127.0.0.1"),
    kubeconfig: path.default("~/.kube/config").describe("path of the kubeconfig"),
});

export type MinikubeSettings = z.output<typeof minikubeSettings>;

/** Drivers whose node is a container: it publishes ports on this machine when it is made. A virtual machine has an address. */
const publishes = ({ driver }: MinikubeSettings): boolean => driver === "docker" || driver === "podman";

/** The ports that the node's container publishes on loopback, as `minikube start --ports` wants them. */
function publishedPorts(settings: MinikubeSettings): string[] {
    if (!publishes(settings)) return [];
    const pairs = [
        [settings.gatewayPort, NODE_PORTS.http],
        [settings.gatewayTlsPort, NODE_PORTS.https],
        [settings.registryPort, NODE_PORTS.registry],
    ];
    return pairs.map(([here, node]) => `127.0.0.1:${here}:${node}`);
}

/** A profile on this machine: NodePorts, the registry named `registry.local` as on the embedded cluster. */
export function minikubeTopology(settings: MinikubeSettings, { hosts, images, versions, registry }: TopologyContext): Topology {
    const { profile, driver } = settings;
    const host = registry.mode === "external" ? registry.url : REGISTRY_HOST;
    const ports = publishedPorts(settings);
    const [http, https] = ports.length ? [settings.gatewayPort, settings.gatewayTlsPort] : [NODE_PORTS.http, NODE_PORTS.https];
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: absolute(settings.kubeconfig),
            context: profile,
            identifier: `minikube-${profile}`,
            server: "local",
            addresses: [settings.address],
            obtain: "start the cluster as `npm run node-config -- --stack minikube` says; minikube writes it.",
        },
        images: publishedImages(versions, `${host}/mcp-platform`, images),
        ...(registry.mode === "external" || images.operator !== undefined ? {} : { pushes: ["operator"] as const }),
        registry: { host, nodePort: NODE_PORTS.registry, address: `127.0.0.1:${settings.registryPort}` },
        nodeRegistry: registryFacts(registry, host, {
            target: "minikube",
            nodes: [{ name: profile, role: "server" }],
            minikube: { profile, driver, ports },
        }),
        edge: {
            kind: "nodePort",
            http: NODE_PORTS.http,
            https: NODE_PORTS.https,
            address: { ip: ports.length ? "127.0.0.1" : settings.address },
        },
        storageClass: "standard",
        apiServer: { cidrs: [rangeOf(settings.address)], port: 8443 },
        ingressNodes: [],
        gateway: {
            publicUrl: `http://${hosts.mcp}:${http}`,
            secureUrl: `https://${hosts.mcp}:${https}`,
            otherHosts: ports.length ? ["localhost", "127.0.0.1"] : [settings.address],
        },
    };
}
