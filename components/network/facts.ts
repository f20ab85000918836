/** What of a platform decides who talks to whom. All of it is plain data, known in a preview. */

/** Parts that a platform may have or lack. */
export type Feature =
    /** An image registry in the cluster. */
    | "registry"
    /** It is reached through the edge too, not by NodePort alone. */
    | "registryRoute"
    /** The ingress controller is a part of the platform; without it, it is somebody else's. */
    | "edge"
    /** cert-manager is a part of the platform. */
    | "certManager"
    /** Certificates by ACME, whoever's cert-manager it is: pods answer challenges in the Certificates' namespaces. */
    | "challenges"
    /** The registry of mesh agents with its database, and agents. */
    | "mesh";

/** TCP ports of a range of addresses outside the cluster. */
export interface AllowedRange {
    /** CIDR, or a single address. Never one that meets a guarded range: see `GUARDED_RANGES`. */
    readonly cidr: string;
    readonly ports: readonly number[];
}

/** Pods of others. */
export interface PodsOfOthers {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkFacts {
    readonly features: readonly Feature[];
    /** The pods that requests come from: the ingress controller's, whoever's it is. */
    readonly ingress: PodsOfOthers;
    /**
     * The ranges that reach the edge, where something stands in front of it and the edge sees the addresses that connect
     * to it. Default: anybody reaches it.
     */
    readonly trustedRanges?: readonly string[] | undefined;
    /** Pods of a load balancer that holds those ranges itself and passes connections on with its own address. */
    readonly balancer?: PodsOfOthers | undefined;
    /**
     * The ranges that connections of nodes arrive from at pods, to pull images through the NodePort: their addresses, and
     * on an overlay network theirs in the network of pods. Default: any, since the registry knows its users itself.
     */
    readonly nodes?: readonly string[] | undefined;
    /** URL of the ACME directory, if it is not Let's Encrypt's: it may be in a network of one's own. */
    readonly acmeDirectory?: string | undefined;
    /** URL of the npm registry that servers install from. Default: they install nothing. */
    readonly npmRegistry?: string | undefined;
    /** MCP servers by name, with what they may reach beside DNS. */
    readonly servers: Readonly<Record<string, { readonly egress?: readonly AllowedRange[] | undefined }>>;
}

/** Where policies see the API server. It is on the host network, where no selector of pods matches. */
export interface ApiServer {
    /** Its own addresses as ranges (CIDR, or single addresses), not its Service's. With none nothing reaches it. */
    readonly cidrs: readonly string[];
    /** Its own port, not its Service's. */
    readonly port: number;
    /**
     * Further ranges that its calls to webhooks come from. On an overlay network a node that calls a pod of another node
     * does it with an address of its own in the network of pods.
     */
    readonly callsFrom?: readonly string[] | undefined;
}

export const has = ({ features }: NetworkFacts, feature: Feature): boolean => features.includes(feature);
