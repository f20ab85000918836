/**
 * Fields that cannot be changed in place, so that a change makes the object anew. What the official provider documents,
 * and what the API documents as immutable beside it (marked), where an update in place could only fail.
 */
import { isKind, type GroupVersionKind } from "./kinds.ts";
import { at, type JsonObject } from "./manifest.ts";
import type { Options } from "./options.ts";

const VOLUME_SOURCES = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

const POD_FIELDS = [
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "volumes",
    "containers",
    "initContainers",
];

/** By group, kinds and the paths below which any change replaces. */
const TABLE: readonly (readonly [group: string, kinds: readonly string[], paths: readonly string[]])[] = [
    ["", ["PersistentVolume"], VOLUME_SOURCES.map((source) => `spec.${source}`)],
    ["", ["PersistentVolumeClaim"], ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"]],
    ["", ["Pod"], POD_FIELDS.map((field) => `spec.${field}`)],
    ["", ["ResourceQuota"], ["spec.scopes"]],
    ["", ["Secret"], ["type"]],
    ["", ["Service"], ["spec.clusterIP"]],
    ["apps", ["DaemonSet", "Deployment"], ["spec.selector"]],
    ["apps", ["ReplicaSet"], ["spec.selector"]], // API
    [
        "apps",
        ["StatefulSet"],
        ["spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"],
    ],
    ["batch", ["Job"], ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"]],
    ["batch", ["Job"], ["spec.completionMode"]], // API
    ["rbac.authorization.k8s.io", ["ClusterRoleBinding", "RoleBinding"], ["roleRef"]],
    ["storage.k8s.io", ["StorageClass"], ["parameters", "provisioner"]],
    ["storage.k8s.io", ["StorageClass"], ["reclaimPolicy", "volumeBindingMode"]], // API
    ["networking.k8s.io", ["IngressClass"], ["spec.controller"]], // API
    ["node.k8s.io", ["RuntimeClass"], ["handler"]], // API
    ["scheduling.k8s.io", ["PriorityClass"], ["value", "preemptionPolicy"]], // API
];

/** What makes a Patch resource one of another object. */
export const PATCH_IDENTITY: readonly string[] = ["metadata.name", "metadata.namespace"];
const IDENTITY = ["apiVersion", "kind", ...PATCH_IDENTITY];

/** Whether a change of this path makes it another object, whatever the server says of it. */
export function isIdentity(path: string): boolean {
    return IDENTITY.includes(path);
}

/** The paths below which a change of these inputs replaces the object. */
export function forceNewPaths(
    kind: GroupVersionKind,
    inputs: JsonObject,
    options: Pick<Options, "enableConfigMapMutable" | "enableSecretMutable">,
): string[] {
    const paths = TABLE.filter(([group, kinds]) => isKind(kind, group, ...kinds)).flatMap(([, , fields]) => fields);
    const immutable = at(inputs, "immutable") === true;
    if (isKind(kind, "", "Secret") && (!options.enableSecretMutable || immutable)) paths.push("data", "stringData");
    if (isKind(kind, "", "ConfigMap") && (!options.enableConfigMapMutable || immutable)) paths.push("data", "binaryData");
    return [...IDENTITY, ...paths];
}
