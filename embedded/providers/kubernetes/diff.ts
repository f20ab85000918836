import { isDeepStrictEqual } from "node:util";
import type { DiffResult, PropertyDiffKind } from "../../engine/provider.ts";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { parseApiVersion } from "./kinds.ts";
import { isAutonamed } from "./metadata.ts";
import type { JsonObject } from "./manifest.ts";

export type Path = readonly (string | number)[];

export interface Change {
    readonly path: Path;
    readonly kind: "add" | "delete" | "update";
}

/** As Pulumi writes paths of properties: `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function formatPath(path: Path): string {
    return path.reduce<string>((text, key) => {
        if (typeof key === "number") return `${text}[${key}]`;
        if (/[."[\]]/.test(key)) return `${text}["${key.replaceAll('"', '\\"')}"]`;
        return text ? `${text}.${key}` : key;
    }, "");
}

/** The reverse of {@link formatPath}, for `ignoreChanges`; `[*]` becomes the key `*`. */
export function parsePath(text: string): Path {
    const path: (string | number)[] = [];
    for (const match of text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[(\*)\]|([^.[\]"]+)/g)) {
        const [, quoted, index, any, plain] = match;
        path.push(quoted !== undefined ? quoted.replaceAll('\\"', '"') : index !== undefined ? Number(index) : (any ?? plain ?? ""));
    }
    return path;
}

/** What differs between two inputs, leaf by leaf. Null and absent are the same; an unknown value differs from everything known. */
export function changesBetween(before: PropertyValue | undefined, after: PropertyValue | undefined, path: Path = []): Change[] {
    const from = before ?? undefined;
    const to = after ?? undefined;
    if (from === undefined && to === undefined) return [];
    if (from === undefined) return [{ path, kind: "add" }];
    if (to === undefined) return [{ path, kind: "delete" }];
    if (isObject(from) && isObject(to)) {
        return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) =>
            changesBetween(from[key], to[key], [...path, key]),
        );
    }
    if (Array.isArray(from) && Array.isArray(to)) {
        const lists = [from as readonly PropertyValue[], to as readonly PropertyValue[]] as const;
        return Array.from({ length: Math.max(from.length, to.length) }, (_, i) =>
            changesBetween(lists[0][i], lists[1][i], [...path, i]),
        ).flat();
    }
    if (to instanceof Unknown || from instanceof Unknown) return [{ path, kind: "update" }];
    return isDeepStrictEqual(from, to) ? [] : [{ path, kind: "update" }];
}

/** Whether a pattern such as `spec.containers[*].image` covers a path: is the same or above it. */
export function covers(pattern: Path, path: Path): boolean {
    return pattern.length <= path.length && pattern.every((key, i) => key === "*" || String(key) === String(path[i]));
}

/** Whether the change touches something at or below a path of the table: a change above it does, when what it adds or takes away has that path. */
function touches(change: Change, forceNew: Path, before: PropertyMap, after: PropertyMap): boolean {
    if (covers(forceNew, change.path)) return true;
    if (!covers(change.path, forceNew)) return false;
    const holds = (value: PropertyMap): boolean => valueAt(value, forceNew) !== undefined;
    return change.kind === "add" ? holds(after) : change.kind === "delete" ? holds(before) : holds(before) || holds(after);
}

function valueAt(value: PropertyValue | undefined, path: Path): PropertyValue | undefined {
    let found: PropertyValue | undefined = value;
    for (const key of path) found = isObject(found) ? found[key] : undefined;
    return found ?? undefined;
}

/** A different version of the same group is served from the same object: no reason to make it anew. */
function isSameIdentity({ path }: Change, before: PropertyMap, after: PropertyMap): boolean {
    const [from, to] = [before["apiVersion"], after["apiVersion"]];
    return (
        path[0] === "apiVersion" &&
        typeof from === "string" &&
        typeof to === "string" &&
        parseApiVersion(from).group === parseApiVersion(to).group
    );
}

/** No namespace and the namespace `default` are the same: the official provider keeps inputs as the program has them. */
function namesDefaultNamespace({ path }: Change, before: PropertyMap, after: PropertyMap): boolean {
    if (path.length !== 2 || path[0] !== "metadata" || path[1] !== "namespace") return false;
    const [from, to] = [valueAt(before, path), valueAt(after, path)];
    return (from ?? "default") === (to ?? "default");
}

export interface DiffOptions {
    readonly ignoreChanges: readonly string[];
    readonly forceNew: readonly string[];
}

/** What an update from one set of checked inputs to another means. */
export function diffInputs(before: PropertyMap, after: PropertyMap, options: DiffOptions): DiffResult {
    const ignored = options.ignoreChanges.map(parsePath);
    const changes = changesBetween(before, after).filter(
        (change) => !ignored.some((pattern) => covers(pattern, change.path)) && !namesDefaultNamespace(change, before, after),
    );
    if (!changes.length) return { changes: false, replaces: [], detailedDiff: {} };
    const forceNew = options.forceNew.map(parsePath);
    const replaces: string[] = [];
    const detailedDiff: Record<string, PropertyDiffKind> = {};
    for (const change of changes) {
        const path = formatPath(change.path);
        const replace = forceNew.some((field) => touches(change, field, before, after)) && !isSameIdentity(change, before, after);
        if (replace) replaces.push(path);
        detailedDiff[path] = replace ? `${change.kind}-replace` : change.kind;
    }
    return { changes: true, replaces, detailedDiff, deleteBeforeReplace: replaces.length > 0 && keepsName(before, after) };
}

/** The new object would have the name of the old one, so the old one must be gone first. */
export function keepsName(before: PropertyMap, after: PropertyMap): boolean {
    if (isAutonamed(after as JsonObject)) return false;
    const name = fullName(after);
    return name !== undefined && name === fullName(before);
}

/** Kind, namespace and name as one text; undefined while they are not known. */
function fullName({ kind, metadata }: PropertyMap): string | undefined {
    if (!isObject(metadata)) return undefined;
    const parts = [kind, metadata["namespace"] ?? "", metadata["name"]];
    return parts.every((part) => typeof part === "string") ? parts.join("/") : undefined;
}
