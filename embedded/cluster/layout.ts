/** Where the cluster keeps what, below its folder. */
import { join } from "node:path";

/** The files and folders of a cluster. */
export interface Layout {
    readonly root: string;
    readonly desired: string;
    readonly observed: string;
    /** Exists while a stop waits for a start that is under way, which then gives up. */
    readonly stop: string;
    readonly supervisor: string;
    readonly supervisorLog: string;
    readonly kubeconfig: string;
    readonly pki: string;
    readonly ports: string;
    readonly hub: TreeLayout;
    /** What enforces NetworkPolicies. */
    readonly enforcer: TreeLayout;
    /** Which life of each node has its rules, as the enforcer that runs now knows. */
    readonly policiesInForce: string;
    node(name: string): TreeLayout;
}

/** The files and folders of one tree. */
export interface TreeLayout {
    readonly root: string;
    readonly spec: string;
    /** The running tree, as its keeper recorded it. */
    readonly tree: string;
    /** What runs in it, as its PID 1 sees it. */
    readonly status: string;
    readonly logs: string;
    /** Rendered configuration. */
    readonly etc: string;
    /** Marks that let the tree's programs go on; emptied before the tree starts. */
    readonly gates: string;
    /** Where the node's network plugin and the enforcer talk about pods' addresses; emptied before the tree starts. */
    readonly addresses: string;
    /** What outlives a stop: etcd's data, or a node's /var. */
    readonly data: string;
}

export const GATES = { network: "network", images: "images", registered: "registered" } as const;

export function treeLayout(root: string): TreeLayout {
    return {
        root,
        spec: join(root, "spec.json"),
        tree: join(root, "tree.json"),
        status: join(root, "status.json"),
        logs: join(root, "log"),
        etc: join(root, "etc"),
        gates: join(root, "gates"),
        addresses: join(root, "addresses"),
        data: join(root, "data"),
    };
}

export function layoutOf(stateDir: string): Layout {
    return {
        root: stateDir,
        desired: join(stateDir, "desired.json"),
        observed: join(stateDir, "observed.json"),
        stop: join(stateDir, "stop"),
        supervisor: join(stateDir, "supervisor.json"),
        supervisorLog: join(stateDir, "supervisor.log"),
        kubeconfig: join(stateDir, "kubeconfig"),
        pki: join(stateDir, "pki"),
        ports: join(stateDir, "ports.json"),
        hub: treeLayout(join(stateDir, "hub")),
        enforcer: treeLayout(join(stateDir, "enforcer")),
        policiesInForce: join(stateDir, "policies.json"),
        node: (name) => treeLayout(join(stateDir, "nodes", name)),
    };
}
