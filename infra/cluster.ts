import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { KindCluster } from "../components/kind/cluster.ts";
import type { ApiServer } from "../components/network/facts.ts";
import { projectRoot } from "../stacks/images.ts";
import { KIND_PROGRAMS } from "../stacks/kind.ts";
import type { Topology } from "../stacks/topology.ts";

/** The cluster that the platform is made in. */
export interface Cluster {
    readonly providers: Record<string, pulumi.ProviderResource>;
    /** Ranges of addresses and port of the API server, for NetworkPolicies. */
    readonly apiServer: pulumi.Input<ApiServer>;
    /** What nodes get their images from, where that is made here. */
    readonly registry: pulumi.Resource | undefined;
    /** Another value is another cluster, whose nodes have no images yet. */
    readonly identity: pulumi.Input<string>;
}

/** What lives in a cluster goes with it, so that nothing need be deleted one by one. */
function deleteWith(cluster: pulumi.Resource): void {
    pulumi.runtime.registerStackTransformation(({ type, props, opts }) =>
        type.startsWith("kubernetes:") ? { props, opts: pulumi.mergeOptions(opts, { deletedWith: cluster }) } : undefined,
    );
}

/** Makes the cluster where the topology has one made, and what speaks to it. */
export function createCluster(topology: Topology): Cluster {
    const { kubeconfig, context, identifier } = topology.cluster;
    const plan = topology.kindCluster;
    const kind =
        plan &&
        new KindCluster(topology.kind, {
            plan,
            clusterProgram: KIND_PROGRAMS.cluster,
            registryProgram: KIND_PROGRAMS.registry,
            directory: projectRoot,
        });
    if (kind) deleteWith(kind.cluster);
    const identity = kind?.identity ?? identifier;
    const provider = new kubernetes.Provider(
        topology.kind,
        {
            kubeconfig,
            context,
            clusterIdentifier: identity,
            // Renewed certificates and changed configurations are written in place, so that nothing has to be told a new name.
            enableSecretMutable: true,
            enableConfigMapMutable: true,
        },
        kind ? { dependsOn: kind.cluster } : {},
    );
    return {
        providers: { kubernetes: provider },
        apiServer: kind?.apiServer ?? topology.apiServer ?? { cidrs: [], port: 6443 },
        registry: plan?.registry && kind?.registry,
        identity,
    };
}
