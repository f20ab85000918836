/** What a caller asks of the embedded cluster, and what it learns. */

/** The folders that hold the built programs, by tool. */
export type ToolPaths = Readonly<Record<ClusterTool, string>>;

/** The tools a cluster runs; `cni` holds the plugins, `kubernetes` the five components, `containerd` also the shim and `ctr`. */
export type ClusterTool = "kubernetes" | "etcd" | "containerd" | "runc" | "cni" | "node-init";

export const CLUSTER_TOOLS: readonly ClusterTool[] = ["kubernetes", "etcd", "containerd", "runc", "cni", "node-init"];

/** A port of the first node that answers on this machine's loopback address. */
export interface PublishedPort {
    /** The port on 127.0.0.1. */
    readonly host: number;
    /** The port on the first node, usually a NodePort. */
    readonly node: number;
    /** The option or setting a user changes when `host` is occupied, for the error text. */
    readonly option?: string;
}

export interface ClusterOptions {
    /** The cluster's folder (`<stateRoot>/cluster`); everything it keeps is in there. */
    readonly stateDir: string;
    /** How many nodes, 1 to 9. Ignored without root: then there is only a control plane. */
    readonly nodes: number;
    /** The API server's port on 127.0.0.1. */
    readonly apiPort: number;
    /** The option or setting a user changes when `apiPort` is occupied. Default `--api-port`. */
    readonly apiPortOption?: string;
    readonly publish: readonly PublishedPort[];
    /** Image host → the endpoint containerd asks instead, as seen from a node (`registry.local` → `http://127.0.0.1:32000`). */
    readonly mirrors: Readonly<Record<string, string>>;
    /** OCI archives (tar) that are on every node before its kubelet starts; imported once per content. */
    readonly images: readonly string[];
    readonly tools: ToolPaths;
}

/** `nodes`: a cluster that runs pods. `control-plane`: only the API, because this process is not root. */
export type ClusterMode = "nodes" | "control-plane";

export interface ClusterInfo {
    readonly mode: ClusterMode;
    /** The administrator's kubeconfig (mode 0600), context `embedded`. */
    readonly kubeconfig: string;
    /** `https://127.0.0.1:<apiPort>`. */
    readonly server: string;
    readonly nodes: readonly string[];
    /** The API server's audit log: one JSON line for each write, at Metadata level. */
    readonly auditLog: string;
}

export interface ProcessReport {
    readonly name: string;
    readonly state: "running" | "waiting" | "restarting";
    /** The process id as this machine sees it. */
    readonly pid: number | undefined;
    readonly restarts: number;
    readonly lastExit: string | undefined;
    readonly rssBytes: number;
}

export interface TreeReport {
    /** `hub` or the node's name. */
    readonly name: string;
    readonly running: boolean;
    readonly pid: number | undefined;
    readonly processes: readonly ProcessReport[];
    /** Resident memory of everything in the tree, pods included. */
    readonly rssBytes: number;
    readonly error: string | undefined;
}

export interface ClusterStatus {
    /** `degraded`: something of it runs, but not all that should. */
    readonly state: "stopped" | "starting" | "running" | "degraded";
    readonly mode: ClusterMode | undefined;
    readonly supervisor: { readonly pid: number; readonly rssBytes: number } | undefined;
    readonly trees: readonly TreeReport[];
    readonly nodes: readonly { readonly name: string; readonly ready: boolean }[];
    readonly ports: readonly { readonly host: number; readonly to: string }[];
    readonly kubeconfig: string;
    readonly rssBytes: number;
    /** What the supervisor could not do, as it said last. */
    readonly problem: string | undefined;
}
