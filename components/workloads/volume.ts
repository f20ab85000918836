import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "./labels.ts";

/** Where volumes come from. */
export type VolumePlace =
    /** A StorageClass makes them; absent: the cluster's default. */
    | { readonly mode: "class"; readonly class?: string | undefined }
    /**
     * Folders below `path` on one node, each with the name of its workload. They have to be there: the kubelet makes none.
     * What is in them stays when the volume goes.
     */
    | { readonly mode: "hostPath"; readonly path: string; readonly node: string };

export interface VolumeArgs {
    /** Name of the workload and of the claim. */
    readonly workload: string;
    readonly namespace: pulumi.Input<string>;
    /** Kubernetes quantity. */
    readonly size: string;
    readonly place: VolumePlace;
    /** Whether the engine refuses to delete it until it is unprotected. */
    readonly protect: boolean;
}

type Spec = Pick<kubernetes.types.input.core.v1.PersistentVolumeClaimSpec, "storageClassName" | "volumeName">;

const accessModes = ["ReadWriteOnce"];

/** The folder of a workload on the node. */
const folder = (path: string, workload: string) => `${path.replace(/\/+$/, "")}/${workload}`;

/** A local PersistentVolume that nobody but the claim may have: https://kubernetes.io/docs/concepts/storage/volumes/#local */
function nodeVolume(
    { workload, namespace, size }: VolumeArgs,
    { path, node }: Extract<VolumePlace, { mode: "hostPath" }>,
): kubernetes.core.v1.PersistentVolumeArgs {
    const onNode = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }];
    return {
        // Volumes are in no namespace: the name is shared with the whole cluster.
        metadata: { name: `mcp-platform-${workload}`, labels: labelsOf(workload) },
        spec: {
            accessModes,
            capacity: { storage: size },
            storageClassName: "",
            persistentVolumeReclaimPolicy: "Retain",
            claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: workload, namespace },
            local: { path: folder(path, workload) },
            nodeAffinity: { required: { nodeSelectorTerms: onNode } },
        },
    };
}

/** Makes a workload's volume, held by one pod at a time, as children of `parent`, and returns the claim to it. */
export function createVolume(name: string, args: VolumeArgs, parent: pulumi.Resource): kubernetes.core.v1.PersistentVolumeClaim {
    const { workload, namespace, size, place, protect } = args;
    const options = { parent, protect };
    const claim = (spec: Spec, dependsOn: pulumi.Resource[] = []) =>
        new kubernetes.core.v1.PersistentVolumeClaim(
            `${name}-storage`,
            {
                metadata: { name: workload, namespace, labels: labelsOf(workload) },
                spec: { accessModes, ...spec, resources: { requests: { storage: size } } },
            },
            { ...options, dependsOn },
        );
    if (place.mode === "class") return claim(place.class === undefined ? {} : { storageClassName: place.class });
    const volume = new kubernetes.core.v1.PersistentVolume(`${name}-volume`, nodeVolume(args, place), options);
    // An empty class keeps the default class from making another volume.
    return claim({ storageClassName: "", volumeName: volume.metadata.name }, [volume]);
}
