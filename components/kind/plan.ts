/**
 * kind: a Kubernetes in containers of Docker or podman, with a registry in a container beside the nodes. Everything that
 * decides how they are made is plain data, known in a preview.
 */

/** A port of the control plane that is published on 127.0.0.1. */
export interface PublishedPort {
    readonly host: number;
    readonly node: number;
    /** The setting that chooses `host`, for messages. */
    readonly setting: string;
}

/** A file on every node. */
export interface KindNodeFile {
    /** Absolute. */
    readonly path: string;
    /** Permissions, octal. */
    readonly mode: string;
    readonly text: string;
}

/** A registry in a container on the nodes' network, without users: only this machine and the cluster reach it. */
export interface KindRegistryPlan {
    /** Name of the container, and its host in the nodes' network. */
    readonly name: string;
    /** Port on 127.0.0.1. */
    readonly port: number;
    /** The setting that chooses `port`, for messages. */
    readonly setting: string;
    /** Name of the volume that its images are kept in. */
    readonly volume: string;
    readonly image: string;
    /** Whether the image is made from this checkout; else the engine pulls it. */
    readonly madeHere: boolean;
}

/** A kind cluster and what belongs to it. */
export interface KindPlan {
    readonly name: string;
    readonly provider: "docker" | "podman";
    /** Nodes beside the control plane. */
    readonly workers: number;
    /** Absent: the one made here if the engine has it, else kind's own for its release. */
    readonly nodeImage?: string | undefined;
    readonly ports: readonly PublishedPort[];
    /** Patches of containerd's configuration on every node, TOML. */
    readonly containerdPatches: readonly string[];
    readonly files: readonly KindNodeFile[];
    /** Path of the kubeconfig that is made, in a folder of its own. */
    readonly kubeconfig: string;
    readonly registry?: KindRegistryPlan | undefined;
}

/** The port of the API server on every node's address. */
export const API_SERVER_PORT = 6443;
