/** Who owns the fields of an object: what a resource takes over from tools that wrote before it, and giving fields back. */
import { isDeepStrictEqual } from "node:util";
import type { Cluster } from "./cluster.ts";
import type { Path } from "./diff.ts";
import { ApiError, explain, isNotFound, NoKindError } from "./errors.ts";
import { at, describeObject, isJsonObject, type Json, type JsonObject, type ManagedFields, type Manifest } from "./manifest.ts";

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

/** Whose fields become a resource's own with its next update. */
export interface Succession {
    readonly manager: string;
    /** The field manager of the update before; undefined when it was the same. */
    readonly predecessor: string | undefined;
    /** Whether {@link PREDECESSORS} are among them; not so for a Patch, which is not the owner of its object. */
    readonly takesOver: boolean;
}

function isPredecessor({ manager = "", operation, subresource }: ManagedFields, { predecessor, takesOver }: Succession): boolean {
    if (subresource) return false;
    if (manager === predecessor && operation === "Apply") return true;
    return takesOver && PREDECESSORS.some(([prefix, as]) => operation === as && manager.startsWith(prefix));
}

/** Whether a manager of this name may be one whose fields are taken over. */
export function isPredecessorName(name: string, { predecessor, takesOver }: Succession): boolean {
    return name === predecessor || (takesOver && PREDECESSORS.some(([prefix]) => name.startsWith(prefix)));
}

/**
 * The ownership of an object with the fields of predecessors given to a manager, so that those which are no longer
 * declared are removed by its next apply; undefined when there is nothing to take over.
 */
export function handedOver(live: Manifest, succession: Succession): ManagedFields[] | undefined {
    const entries = live.metadata.managedFields ?? [];
    const { manager } = succession;
    const mine = entries.filter((entry) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource);
    const theirs = entries.filter((entry) => !mine.includes(entry) && isPredecessor(entry, succession));
    const [first] = theirs;
    if (!first) return undefined;
    const fieldsV1 = [...mine, ...theirs].map((entry) => entry.fieldsV1 ?? {}).reduce<Json>(union, {});
    const owned: ManagedFields = { ...(mine[0] ?? first), manager, operation: "Apply", fieldsV1 };
    return [...entries.filter((entry) => !mine.includes(entry) && !theirs.includes(entry)), owned];
}

/** The managers that own the field at a path, or something below it. */
export function ownersOf(object: Manifest, path: Path): readonly string[] {
    return (object.metadata.managedFields ?? [])
        .filter(({ fieldsV1 }) => isJsonObject(fieldsV1) && owns(fieldsV1, object, path))
        .map(({ manager = "" }) => manager);
}

/** Whether a set of fields has the one at a path. Items of lists are known by their keys or values, not by their places. */
function owns(fields: JsonObject, value: Json | undefined, [key, ...rest]: Path): boolean {
    if (key === undefined || !Object.keys(fields).length) return true;
    const item = at(value, key);
    const name = typeof key === "number" ? Object.keys(fields).find((text) => identifies(text, item)) : `f:${key}`;
    const below = name === undefined ? undefined : fields[name];
    return isJsonObject(below) && owns(below, item, rest);
}

/** Whether the name of a list's item in a set of fields, `k:{"name":"a"}` or `v:"a"`, is that of this item. */
function identifies(name: string, item: Json | undefined): boolean {
    if (name.startsWith("v:")) return isDeepStrictEqual(JSON.parse(name.slice(2)), item);
    if (!name.startsWith("k:")) return false;
    return Object.entries(JSON.parse(name.slice(2)) as JsonObject).every(([key, value]) => isDeepStrictEqual(at(item, key), value));
}

/** What of an object was applied on the server, by whomever, as it is now; undefined when nothing was. */
export function appliedPart(live: Manifest): JsonObject | undefined {
    const applied = (live.metadata.managedFields ?? []).filter(({ operation, subresource }) => operation === "Apply" && !subresource);
    const fields = applied.map(({ fieldsV1 }) => fieldsV1 ?? {}).reduce<Json>(union, {});
    return applied.length && isJsonObject(fields) ? (part(fields, live) as JsonObject) : undefined;
}

function part(fields: JsonObject, value: Json): Json {
    const names = Object.keys(fields).filter((name) => name !== ".");
    if (!names.length) return value;
    if (Array.isArray(value)) {
        return (value as readonly Json[]).flatMap((item) => {
            const name = names.find((text) => identifies(text, item));
            return name === undefined ? [] : [part(fields[name] as JsonObject, item)];
        });
    }
    if (!isJsonObject(value)) return value;
    const kept = names.map((name) => name.slice(2)).filter((key) => value[key] !== undefined);
    return Object.fromEntries(kept.map((key) => [key, part(fields[`f:${key}`] as JsonObject, value[key] as Json)]));
}

/** Trees of owned fields: each key is a field, a leaf is an empty object. */
function union(a: Json, b: Json): Json {
    if (!isJsonObject(a) || !isJsonObject(b)) return b;
    const result: Record<string, Json> = { ...(a as Record<string, Json>) };
    for (const [key, value] of Object.entries(b)) if (value !== undefined) result[key] = union(result[key] ?? {}, value);
    return result;
}

/** Writes what {@link handedOver} says; refused by the server when the object has changed since it was read. */
export async function handOver(cluster: Cluster, path: string, live: Manifest, succession: Succession, signal: AbortSignal): Promise<void> {
    const managedFields = handedOver(live, succession);
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
 * Gives up all fields of a manager: those that nobody else owns are removed, or get their defaults. An object that is
 * gone already is as good.
 * @throws Error naming the fields without which the object cannot be
 */
export async function relinquish(cluster: Cluster, object: Manifest, manager: string, signal: AbortSignal): Promise<void> {
    try {
        const path = await cluster.pathOf(object, signal);
        // An apply would make the object anew.
        await cluster.get(path, signal);
        await cluster.client.request("PATCH", path, {
            query: { fieldManager: manager },
            body: identityOf(object),
            contentType: "application/apply-patch+yaml",
            signal,
        });
    } catch (error) {
        if (isNotFound(error) || error instanceof NoKindError) return;
        const required = error instanceof ApiError ? error.causes.filter(({ reason }) => reason === "FieldValueRequired") : [];
        if (!required.length) throw explain("give up fields of", object, error);
        const fields = required.map(({ field }) => field).join(", ");
        throw new Error(
            `${describeObject(object)} cannot be without ${fields}, which only this resource declares. Have somebody else declare it first, or set the resource option retainOnDelete`,
            { cause: error },
        );
    }
}

/** The object with nothing declared but which one it is. */
export function identityOf({ apiVersion, kind, metadata }: Manifest): Manifest {
    return { apiVersion, kind, metadata: { name: metadata.name ?? "", ...(metadata.namespace && { namespace: metadata.namespace }) } };
}
