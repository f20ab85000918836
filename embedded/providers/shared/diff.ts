/** Differences between two sets of properties, by property path, for providers that compare inputs with inputs. */
import type { PropertyDiffKind } from "../../engine/provider.ts";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";

type Change = "add" | "delete" | "update";

const absent = (value: PropertyValue | undefined): value is null | undefined => value === undefined || value === null;

function memberPath(path: string, key: string): string {
    if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path ? `${path}.${key}` : key;
}

function collect(path: string, old: PropertyValue | undefined, fresh: PropertyValue | undefined, into: Map<string, Change>): void {
    if (absent(old) && absent(fresh)) return;
    if (absent(old)) into.set(path, "add");
    else if (absent(fresh)) into.set(path, "delete");
    else if (Array.isArray(old) && Array.isArray(fresh)) {
        for (let index = 0; index < Math.max(old.length, fresh.length); index++)
            collect(`${path}[${index}]`, old[index], fresh[index], into);
    } else if (isObject(old) && isObject(fresh)) {
        for (const key of new Set([...Object.keys(old), ...Object.keys(fresh)])) collect(memberPath(path, key), old[key], fresh[key], into);
    } else if (old !== fresh || old instanceof Unknown) into.set(path, "update");
}

/**
 * The property paths (`subject.commonName`, `triggers[1]`) at which two sets of properties differ. A value that is not
 * known yet counts as changed; null is the same as absent. Paths under one of `ignored` are left out.
 */
export function changedPaths(old: PropertyMap, fresh: PropertyMap, ignored: readonly string[] = []): Map<string, Change> {
    const changes = new Map<string, Change>();
    collect("", old, fresh, changes);
    for (const path of changes.keys()) {
        if (ignored.some((prefix) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`)))
            changes.delete(path);
    }
    return changes;
}

/** The name of the top-level property a path belongs to. */
export function rootOf(path: string): string {
    return /^[^.[]*/.exec(path)?.[0] ?? path;
}

/** The kinds of change as the engine shows them; properties for which `replaces` is true replace the resource. */
export function detailedDiff(
    changes: ReadonlyMap<string, Change>,
    replaces: (property: string) => boolean,
): Record<string, PropertyDiffKind> {
    return Object.fromEntries(
        [...changes].map(([path, change]) => [path, replaces(rootOf(path)) ? (`${change}-replace` as const) : change]),
    );
}
