/** Stacks: topologies as plain data. A topology says what differs between the places the platform can live in. */
import type { Exposure } from "../components/edge/exposure.ts";
import type { Hosts } from "../components/edge/names.ts";
import type { ApiServer } from "../components/network/facts.ts";
import type { KindPlan } from "../components/kind/plan.ts";
import type { ImageOverrides, PlatformImages } from "./images.ts";
import type { RegistryFacts } from "./node-registry/index.ts";
import type { Versions } from "./releases.ts";

/** What a topology is told beside its own settings. */
export interface TopologyContext {
    readonly hosts: Hosts;
    /** Versions of the components, and images to use instead of the topology's own. */
    readonly versions: Versions;
    readonly images: ImageOverrides;
    /** Where images of MCP servers are kept: in the cluster, in a registry of others, or in a container beside a kind cluster. */
    readonly registry: RegistryChoice;
    /** What stands between clients and the edge; beside `direct` it listens on the ports of HTTP itself. Default: `direct`. */
    readonly frontDoor?: { readonly mode: "direct" | "proxy" | "internal-lb" } | undefined;
}

export type RegistryChoice =
    | { readonly mode: "bundled-https" | "bundled-http" }
    | { readonly mode: "external"; readonly url: string }
    | { readonly mode: "kind-container"; readonly port: number };

/** How the program reaches the cluster. */
export interface ClusterAccess {
    /** Path of the kubeconfig: a path, so that no credential enters the state. */
    readonly kubeconfig: string;
    readonly context: string;
    /** Names the cluster itself. Changes only when another cluster is meant: everything is then made anew. */
    readonly identifier: string;
    /** URL of the API server that the context must lead to; `local` for one on this machine. */
    readonly server: string | "local";
    /** Where a `local` API server may be beside loopback: addresses of the container or virtual machine it runs in. */
    readonly addresses?: readonly string[] | undefined;
    /** What to do when the kubeconfig is not there, a sentence; absent where the program itself makes it. */
    readonly obtain?: string | undefined;
}

/** A command that brings an image made from this checkout to where the nodes find it. */
export interface ImageCommand {
    readonly name: keyof PlatformImages;
    readonly image: string;
    readonly command: string;
}

/** Everything the program asks of the place it runs in. All of it is known in a preview. */
export interface Topology {
    readonly kind: string;
    readonly cluster: ClusterAccess;
    /** The cluster that the program makes itself, where it does. */
    readonly kindCluster?: KindPlan | undefined;
    readonly images: PlatformImages;
    /** What brings images made from this checkout to the nodes before anything runs from them. */
    readonly imageCommands?: readonly ImageCommand[] | undefined;
    /** Images made from this checkout that nodes pull from the platform's registry, so that they have to be pushed there first. */
    readonly pushes?: readonly (keyof PlatformImages)[] | undefined;
    readonly registry: {
        /** Host in image references. */
        readonly host: string;
        readonly nodePort: number;
        /** Where images are pushed from this machine, host and port. */
        readonly address: string;
    };
    /** How nodes are told about the registry; absent where they are told by what makes the cluster. */
    readonly nodeRegistry?: RegistryFacts | undefined;
    readonly edge: Exposure;
    /** Absent: the cluster's default. */
    readonly storageClass?: string | undefined;
    /** Absent: known only once the cluster is there. */
    readonly apiServer?: ApiServer | undefined;
    /** Names of the nodes that the edge and k3s's ServiceLB are pinned to; empty where the edge may be anywhere. */
    readonly ingressNodes: readonly string[];
    readonly gateway: {
        /** What clients begin the URLs of servers with. */
        readonly publicUrl: string;
        readonly secureUrl: string;
        /** Names and addresses beside the platform's own host under which it is reached. */
        readonly otherHosts: readonly string[];
    };
}
