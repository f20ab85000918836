/** Who owns the fields of an object: what a resource takes over from tools that wrote before it, and giving fields back. */
import type { Cluster } from "./cluster.ts";
import { isJsonObject, type Json, type JsonObject, type ManagedFields, type Manifest } from "./manifest.ts";

/**
 * Managers that stand for the same owner as the resource, by the beginning of their names, as the official provider has
 * them: kubectl, objects from before ownership was recorded, and the provider itself where it does not apply (a create).
 */
const PREDECESSORS: readonly (readonly [prefix: string, operation: "Apply" | "Update"])[] = [
    ["kubectl", "Apply"],
    ["kubectl", "Update"],
    ["before-first-apply", "Update"],
    ["pulumi-kubernetes", "Update"],
    ["pulumi-resource-kubernetes", "Update"],
];

function isPredecessor({ manager = "", operation, subresource }: ManagedFields): boolean {
    return !subresource && PREDECESSORS.some(([prefix, as]) => operation === as && manager.startsWith(prefix));
}

/** Whether a manager of this name may be one whose fields are taken over. */
export function isPredecessorName(name: string): boolean {
    return PREDECESSORS.some(([prefix]) => name.startsWith(prefix));
}

/**
 * The ownership of an object with the fields of predecessors given to a manager, so that those which are no longer
 * declared are removed by its next apply; undefined when there is nothing to take over.
 */
export function handedOver(entries: readonly ManagedFields[], manager: string): ManagedFields[] | undefined {
    const mine = entries.filter((entry) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource);
    const theirs = entries.filter((entry) => !mine.includes(entry) && isPredecessor(entry));
    const [first] = theirs;
    if (!first) return undefined;
    const fields = [...mine, ...theirs].map((entry) => entry["fieldsV1"] ?? {}).reduce<Json>(union, {});
    const { apiVersion, fieldsType } = (mine[0] ?? first) as JsonObject;
    const owned: ManagedFields = {
        manager,
        operation: "Apply",
        ...(apiVersion !== undefined && { apiVersion }),
        ...(fieldsType !== undefined && { fieldsType }),
        fieldsV1: fields,
    };
    return [...entries.filter((entry) => !mine.includes(entry) && !theirs.includes(entry)), owned];
}

/** Trees of owned fields: each key is a field, a leaf is an empty object. */
function union(a: Json, b: Json): Json {
    if (!isJsonObject(a) || !isJsonObject(b)) return b;
    const result: Record<string, Json> = { ...(a as Record<string, Json>) };
    for (const [key, value] of Object.entries(b)) if (value !== undefined) result[key] = union(result[key] ?? {}, value);
    return result;
}

/** Writes what {@link handedOver} says; refused by the server when the object has changed since it was read. */
export async function handOver(cluster: Cluster, path: string, live: Manifest, manager: string, signal: AbortSignal): Promise<void> {
    const managedFields = handedOver(live.metadata.managedFields ?? [], manager);
    if (!managedFields) return;
    await cluster.client.request("PATCH", path, {
        body: [
            { op: "replace", path: "/metadata/managedFields", value: managedFields },
            { op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion ?? "" },
        ],
        contentType: "application/json-patch+json",
        signal,
    });
}

/**
 * Gives up all fields of a manager: those that nobody else owns are removed, or get their defaults. Fails where the
 * object cannot be without them.
 */
export async function relinquish(cluster: Cluster, object: Manifest, manager: string, signal: AbortSignal): Promise<void> {
    await cluster.client.request("PATCH", await cluster.pathOf(object, signal), {
        query: { fieldManager: manager },
        body: identityOf(object),
        contentType: "application/apply-patch+yaml",
        signal,
    });
}

/** The object with nothing declared but which one it is. */
export function identityOf({ apiVersion, kind, metadata }: Manifest): Manifest {
    return { apiVersion, kind, metadata: { name: metadata.name ?? "", ...(metadata.namespace && { namespace: metadata.namespace }) } };
}
