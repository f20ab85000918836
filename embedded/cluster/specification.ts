/** What node-init is told about a tree; `init/spec.go` is the other side. */

export interface MountStep {
    readonly kind: "propagation" | "bind" | "tmpfs" | "proc" | "sysfs" | "cgroup" | "cgroup2" | "symlink";
    readonly source?: string;
    readonly target: string;
    readonly data?: string;
    readonly readOnly?: boolean;
}

/** A condition for a start: one of a file that exists, a unix socket that accepts, an HTTPS address that answers 200. */
export type Probe =
    { readonly file: string } | { readonly unix: string } | { readonly https: string; readonly path: string; readonly ca: string };

export interface ProcessSpec {
    readonly name: string;
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly log: string;
    readonly waitFor: readonly Probe[];
}

export type NamespaceKind = "net" | "mount" | "uts" | "ipc" | "pid" | "cgroup";

export interface TreeSpec {
    readonly name: string;
    readonly revision: string;
    readonly namespaces: readonly NamespaceKind[];
    readonly cgroups: readonly string[];
    readonly keeperCgroups: readonly string[];
    readonly initCgroup?: string;
    readonly hostname?: string;
    readonly mounts: readonly MountStep[];
    readonly sysctls: readonly { readonly path: string; readonly value: string }[];
    readonly treeFile: string;
    readonly statusFile: string;
    readonly keeperStatusFile: string;
    readonly log: string;
    readonly processes: readonly ProcessSpec[];
    readonly forwards: readonly { readonly listen: string; readonly to: string }[];
}

/** Marks the processes of a tree in their environment: `<cluster>/<tree>`. */
export const TREE_MARK = "MCP_PLATFORM_TREE";

/** Marks the supervisor, and what it runs beside the trees, in their environment: the cluster's identity. */
export const SUPERVISOR_MARK = "MCP_PLATFORM_SUPERVISOR";
