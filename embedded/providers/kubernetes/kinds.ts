import { UserError } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";

/** What an object is: `{ group: "apps", version: "v1", kind: "Deployment" }`. The core group is the empty string. */
export interface GroupVersionKind {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
}

/** As written in manifests: `apps/v1`, `v1`. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
    return group ? `${group}/${version}` : version;
}

/** Parts of a manifest's `apiVersion`. The SDK's name `core` stands for the core group. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
    const slash = apiVersion.indexOf("/");
    const group = slash < 0 ? "" : apiVersion.slice(0, slash);
    return { group: group === "core" ? "" : group, version: apiVersion.slice(slash + 1) };
}

/** Types that are no objects of the API: what they would do is done by other code, which the embedded engine does not have. */
const NOT_OBJECTS: readonly (readonly [prefix: string, instead: string])[] = [
    ["kubernetes:helm.sh/", "render the chart to manifests and declare them as resources, or use the official engine"],
    ["kubernetes:yaml", "declare the objects as resources, or use the official engine"],
    ["kubernetes:kustomize", "declare the objects as resources, or use the official engine"],
];

/** The groups that Kubernetes itself serves: a name that ends in `List` has its SDK meaning only in these. */
function isBuiltinGroup(group: string): boolean {
    return !group.includes(".") || (group.endsWith(".k8s.io") && !group.endsWith(".x-k8s.io"));
}

/**
 * The kind that a type token such as `kubernetes:apps/v1:Deployment` or `kubernetes:core/v1:Namespace` names.
 * @throws UserError for types that are not objects or not supported, by name
 */
export function kindOfType(type: string): GroupVersionKind {
    for (const [prefix, instead] of NOT_OBJECTS) {
        if (type.startsWith(prefix)) throw new UserError(`${type} is not supported by the embedded kubernetes provider: ${instead}`);
    }
    const [, apiVersion, kind, rest] = type.split(":");
    if (!apiVersion || !kind || rest !== undefined)
        throw new UserError(`${type} is not a type of a Kubernetes object: expected kubernetes:<group>/<version>:<Kind>`);
    const { group, version } = parseApiVersion(apiVersion);
    if (isBuiltinGroup(group)) {
        if (kind.endsWith("List"))
            throw new UserError(
                `${type} cannot be created: lists only exist in answers of the API server. Declare the objects in it one by one`,
            );
    }
    return { group, version, kind };
}

/** What a resource is about. */
export interface Target {
    readonly kind: GroupVersionKind;
    /** Whether it owns only the fields that it declares, of an object that is somebody else's (`ConfigMapPatch`). */
    readonly patch: boolean;
}

/**
 * What the resource of a URN is about.
 * @param declared inputs or outputs, whose `kind` tells a patch from a custom kind of such a name
 */
export function targetOf(urn: string, declared: PropertyMap | undefined): Target {
    const kind = kindOfType(typeOfUrn(urn));
    const given = declared?.["kind"];
    const patch = typeof given === "string" ? kind.kind === `${given}Patch` : isBuiltinGroup(kind.group) && /.Patch$/.test(kind.kind);
    return { kind: patch ? { ...kind, kind: kind.kind.slice(0, -"Patch".length) } : kind, patch };
}

/** The type token within a URN. */
export function typeOfUrn(urn: string): string {
    const chain = urn.split("::")[2] ?? "";
    return chain.slice(chain.lastIndexOf("$") + 1);
}

export function nameOfUrn(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** Kinds of Kubernetes itself that live outside of namespaces, by group. All other built-in kinds are namespaced. */
const CLUSTER_SCOPED: Readonly<Record<string, readonly string[]>> = {
    "": ["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
    "admissionregistration.k8s.io": [
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    ],
    "apiextensions.k8s.io": ["CustomResourceDefinition"],
    "apiregistration.k8s.io": ["APIService"],
    "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
    "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
    "networking.k8s.io": ["IngressClass", "IPAddress", "ServiceCIDR"],
    "node.k8s.io": ["RuntimeClass"],
    "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
    "resource.k8s.io": ["DeviceClass", "DeviceTaintRule", "ResourceSlice"],
    "scheduling.k8s.io": ["PriorityClass"],
    "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
};

const NAMESPACED_GROUPS: ReadonlySet<string> = new Set([
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "policy",
]);

/** Whether objects of a kind live in namespaces; undefined for kinds that only the server knows. */
export function isNamespacedKind({ group, kind }: GroupVersionKind): boolean | undefined {
    const clusterScoped = CLUSTER_SCOPED[group];
    if (clusterScoped) return !clusterScoped.includes(kind);
    return NAMESPACED_GROUPS.has(group) ? true : undefined;
}

export function isKind(kind: GroupVersionKind, group: string, ...kinds: readonly string[]): boolean {
    return kind.group === group && kinds.includes(kind.kind);
}
