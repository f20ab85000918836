/** `ignoreChanges` at the server: what it names stays as it is in the cluster, whatever the state or the program says. */
import { parsePath, type Path } from "./diff.ts";
import { at, isJsonObject, type Json, type JsonObject, type Manifest } from "./manifest.ts";
import { ownersOf } from "./ownership.ts";

/**
 * The object to apply with the ignored fields as they are, and without those that only others own: they decide about
 * them, and an apply would be in their way. Paths into lists are left as declared.
 */
export function withIgnored(object: Manifest, ignoreChanges: readonly string[], live: Manifest, manager: string): Manifest {
    return ignoreChanges.reduce<Manifest>((result, text) => {
        const path = parsePath(text);
        const value = at(live, ...path);
        if (!path.length || value === undefined || path.some((key) => typeof key === "number" || key === "*")) return result;
        const owners = ownersOf(live, path);
        return replaced(result, path, owners.length && !owners.includes(manager) ? undefined : value) as Manifest;
    }, object);
}

function replaced(object: JsonObject, [key, ...rest]: Path, value: Json | undefined): JsonObject {
    const name = String(key);
    const below = object[name];
    if (!rest.length) return { ...object, [name]: value };
    if (below !== undefined && !isJsonObject(below)) return object;
    return below === undefined && value === undefined ? object : { ...object, [name]: replaced(below ?? {}, rest, value) };
}
