/** The shapes all Kubernetes objects share, and the resources a controller may name. */

export interface OwnerReference {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
}

export interface ObjectMeta {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
}

export interface KubernetesObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: ObjectMeta;
}

/** A kind of object and where it is served. */
export interface Resource {
    readonly apiVersion: string;
    readonly kind: string;
    readonly plural: string;
}

export const DEPLOYMENTS: Resource = { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" };
export const SERVICES: Resource = { apiVersion: "v1", kind: "Service", plural: "services" };
export const PODS: Resource = { apiVersion: "v1", kind: "Pod", plural: "pods" };
export const EVENTS: Resource = { apiVersion: "v1", kind: "Event", plural: "events" };

/** Path of a collection in a namespace, or of one object in it. */
export function pathOf(resource: Resource, namespace: string, name?: string, subresource?: string): string {
    const root = resource.apiVersion.includes("/") ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
    const parts = [
        root,
        "namespaces",
        encodeURIComponent(namespace),
        resource.plural,
        ...(name ? [encodeURIComponent(name)] : []),
        ...(subresource ? [subresource] : []),
    ];
    return parts.join("/");
}

/** `namespace/name`: how caches and queues name an object. */
export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string | undefined } }): string {
    return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/**
 * Compares resource versions of one resource as Kubernetes defines it: as whole numbers of any length.
 * @returns negative, zero or positive; a missing version, or one that is no number, is the oldest
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
    const [left, right] = [a, b].map((v) => BigInt(v && /^[0-9]+$/.test(v) ? v : 0)) as [bigint, bigint];
    return left < right ? -1 : left > right ? 1 : 0;
}
