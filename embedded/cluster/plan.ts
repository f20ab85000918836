/** Everything about a cluster that follows from its folder, its mode and its size: names, addresses, routes. Pure. */
import { createHash } from "node:crypto";
import type { ClusterMode, ClusterOptions } from "./options.ts";

/** Addresses live in network namespaces of the cluster's own, so that clusters do not meet each other or the machine. */
export const ADDRESSES = {
    hub: "10.200.0.1",
    hubPrefix: 24,
    podNetwork: "10.244.0.0/16",
    serviceNetwork: "10.96.0.0/16",
    apiService: "10.96.0.1",
    dnsService: "10.96.0.10",
} as const;

export const BRIDGE = "br0";
export const CLUSTER_DOMAIN = "cluster.local";
/** The user and the role of what enforces NetworkPolicies. */
export const POLICY_ENFORCER = "mcp-platform:policy-enforcer";
/** The API server's port inside the hub; on the machine it is the caller's choice. */
export const HUB_API_PORT = 6443;
export const MAX_NODES = 9;
/** Folders for persistent volumes that each node offers, and the capacity each claims to have (nothing enforces it). */
export const VOLUMES_PER_NODE = 8;
export const VOLUME_CAPACITY = "10Gi";

export interface NodePlan {
    readonly index: number;
    readonly name: string;
    /** In the hub's network. */
    readonly address: string;
    readonly podCidr: string;
    /** The hub's end of the cable; the node's end is eth0. */
    readonly hubInterface: string;
    readonly group: string;
    /** Pod networks of the other nodes: destination and the node it is reached through. */
    readonly routes: readonly { readonly to: string; readonly via: string }[];
}

export interface ForwardPlan {
    /** Port on 127.0.0.1 of this machine. */
    readonly host: number;
    /** `address:port` inside the hub's network. */
    readonly to: string;
    readonly option: string;
}

export interface ClusterPlan {
    /** Eight hexadecimal digits that stand for the state folder. */
    readonly id: string;
    readonly mode: ClusterMode;
    readonly hubGroup: string;
    readonly supervisorGroup: string;
    readonly enforcerGroup: string;
    /** Where the API server listens, as its clients inside the cluster reach it. */
    readonly apiAddress: string;
    readonly apiPort: number;
    readonly nodes: readonly NodePlan[];
    readonly forwards: readonly ForwardPlan[];
}

/** The identity of a cluster: it names the cgroups and marks the processes, so that two clusters live side by side. */
export function clusterId(stateDir: string): string {
    return createHash("sha256").update(stateDir).digest("hex").slice(0, 8);
}

export function rootGroup(id: string): string {
    return `mcp-platform-${id}`;
}

export function nodeName(index: number): string {
    return `node-${index}`;
}

function nodeAddress(index: number): string {
    return `10.200.0.${10 + index}`;
}

function podCidr(index: number): string {
    return `10.244.${index}.0/24`;
}

export function planCluster(
    options: Pick<ClusterOptions, "stateDir" | "nodes" | "apiPort" | "apiPortOption" | "publish">,
    mode: ClusterMode,
): ClusterPlan {
    const id = clusterId(options.stateDir);
    const count = mode === "nodes" ? options.nodes : 0;
    const indexes = Array.from({ length: count }, (_, i) => i + 1);
    const nodes = indexes.map((index): NodePlan => ({
        index,
        name: nodeName(index),
        address: nodeAddress(index),
        podCidr: podCidr(index),
        hubInterface: `ve-${index}`,
        group: `${rootGroup(id)}/${nodeName(index)}`,
        routes: indexes.filter((other) => other !== index).map((other) => ({ to: podCidr(other), via: nodeAddress(other) })),
    }));
    const api: ForwardPlan = {
        host: options.apiPort,
        to: `${ADDRESSES.hub}:${HUB_API_PORT}`,
        option: options.apiPortOption ?? "--api-port",
    };
    const published = options.publish.map((port): ForwardPlan => ({
        host: port.host,
        to: `${nodeAddress(1)}:${port.node}`,
        option: port.option ?? "the published ports",
    }));
    return {
        id,
        mode,
        hubGroup: `${rootGroup(id)}/hub`,
        supervisorGroup: `${rootGroup(id)}/supervisor`,
        enforcerGroup: `${rootGroup(id)}/enforcer`,
        apiAddress: mode === "nodes" ? ADDRESSES.hub : "127.0.0.1",
        apiPort: mode === "nodes" ? HUB_API_PORT : options.apiPort,
        nodes,
        forwards: mode === "nodes" ? [api, ...published] : [],
    };
}
