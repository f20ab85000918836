/** Stacks: topologies as plain data. A topology says what differs between the places the platform can live in. */
import type { Exposure } from "../components/edge/edge.ts";
import type { ImageOverrides, PlatformImages } from "./images.ts";

/** What a topology is told beside its own settings. */
export interface TopologyContext {
    /** The host MCP servers are reached under. */
    readonly mcpHost: string;
    /** Images to use instead of the topology's own. */
    readonly images: ImageOverrides;
}

/** Everything the program asks of the place it runs in. All of it is known in a preview. */
export interface Topology {
    readonly kind: string;
    readonly cluster: {
        /** Path of the kubeconfig: a path, so that no credential enters the state. */
        readonly kubeconfig: string;
        readonly context: string;
        /** Names the cluster itself. Changes only when another cluster is meant: everything is then made anew. */
        readonly identifier: string;
    };
    readonly images: PlatformImages;
    /** The command that puts the operator's image on the nodes; absent where they pull it from a registry. */
    readonly loadOperator?: string | undefined;
    readonly registry: {
        /** Host in image references. */
        readonly host: string;
        readonly nodePort: number;
        /** Where images are pushed from this machine, host and port. */
        readonly address: string;
    };
    readonly edge: Exposure;
    readonly storageClass: string;
    readonly gateway: {
        /** What clients on this machine begin the URLs of servers with. */
        readonly publicUrl: string;
        readonly secureUrl: string;
        /** Names and addresses beside the platform's own host under which it is reached. */
        readonly otherHosts: readonly string[];
    };
}
