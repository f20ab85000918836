import type { KindPlan } from "./plan.ts";

/** A cluster configuration of kind: https://kind.sigs.k8s.io/docs/user/configuration/ */
export interface KindConfig {
    readonly kind: "Cluster";
    readonly apiVersion: "kind.x-k8s.io/v1alpha4";
    readonly name: string;
    readonly networking: { readonly apiServerAddress: string };
    readonly containerdConfigPatches?: readonly string[];
    readonly nodes: readonly KindNode[];
}

interface KindNode {
    readonly role: "control-plane" | "worker";
    readonly image?: string;
    readonly extraPortMappings?: readonly {
        readonly containerPort: number;
        readonly hostPort: number;
        readonly listenAddress: string;
        readonly protocol: "TCP";
    }[];
}

/**
 * The configuration of a cluster: one control plane that publishes the ports, and workers.
 * @param nodeImage image of all nodes. Default: kind's own
 */
export function kindConfig(plan: KindPlan, nodeImage: string | undefined = plan.nodeImage): KindConfig {
    const image = nodeImage === undefined ? {} : { image: nodeImage };
    const mappings = plan.ports.map(({ host, node }) => ({
        containerPort: node,
        hostPort: host,
        listenAddress: "127.0.0.1",
        protocol: "TCP" as const,
    }));
    return {
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        name: plan.name,
        networking: { apiServerAddress: "127.0.0.1" },
        ...(plan.containerdPatches.length ? { containerdConfigPatches: plan.containerdPatches } : {}),
        nodes: [
            { role: "control-plane", ...image, ...(mappings.length ? { extraPortMappings: mappings } : {}) },
            ...Array.from({ length: plan.workers }, () => ({ role: "worker" as const, ...image })),
        ],
    };
}

/** What no cluster that runs can be given: another value makes it anew. One line each, so that a preview shows what changed. */
export function clusterTraits(plan: KindPlan): readonly string[] {
    return [
        `cluster ${plan.name} of ${plan.provider}`,
        `node image ${plan.nodeImage ?? "chosen by kind"}`,
        `1 control plane, ${plan.workers} workers`,
        ...plan.ports.map(({ host, node }) => `127.0.0.1:${host} leads to port ${node} of the nodes`),
        ...plan.containerdPatches,
    ];
}

/** The same for the registry's container. */
export function registryTraits({ name, port, volume, image }: NonNullable<KindPlan["registry"]>): readonly string[] {
    return [`container ${name}`, `image ${image}`, `127.0.0.1:${port} leads to port 5000`, `volume ${volume}`];
}
