import { z } from "zod";
import { publishedImages } from "./images.ts";
import { absolute, address, path } from "./primitives.ts";
import type { Topology, TopologyContext } from "./topology.ts";

/** Settings of the topology `minikube`: a profile that `minikube start` made. */
export const minikubeSettings = z.strictObject({
    kind: z.literal("minikube"),
    profile: z.string().min(1).default("minikube").describe("name of the profile, which is also the kubeconfig's context"),
    driver: z.enum(["docker", "podman", "kvm2", "virtualbox"]).default("docker").describe("driver that the profile was started with"),
    address: address.default("192.168.49.2").describe("address of the node, as `minikube ip` prints it"),
    kubeconfig: path.default("~/.kube/config").describe("path of the kubeconfig"),
});

export type MinikubeSettings = z.output<typeof minikubeSettings>;

const NODE_PORTS = { http: 30080, https: 30443, registry: 32000 } as const;

export function minikubeTopology(settings: MinikubeSettings, { hosts, images, versions }: TopologyContext): Topology {
    return {
        kind: settings.kind,
        cluster: {
            kubeconfig: absolute(settings.kubeconfig),
            context: settings.profile,
            identifier: `minikube-${settings.profile}`,
            server: "local",
        },
        images: publishedImages(versions, "localhost/mcp-platform", images),
        registry: { host: "registry.local", nodePort: NODE_PORTS.registry, address: `${settings.address}:${NODE_PORTS.registry}` },
        edge: { kind: "nodePort", http: NODE_PORTS.http, https: NODE_PORTS.https, address: { ip: settings.address } },
        storageClass: "standard",
        apiServer: { cidrs: [`${settings.address}/32`], port: 8443 },
        ingressNodes: [],
        gateway: {
            publicUrl: `http://${hosts.mcp}:${NODE_PORTS.http}`,
            secureUrl: `https://${hosts.mcp}:${NODE_PORTS.https}`,
            otherHosts: [settings.address],
        },
    };
}
