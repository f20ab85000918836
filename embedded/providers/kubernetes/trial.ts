/** What the server would make of a changed object: a dry run, compared with the object as it is. */
import { isDeepStrictEqual } from "node:util";
import type { DiffResult, PropertyDiffKind } from "../../engine/provider.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { applyDryRun, type ApplyOptions } from "./apply.ts";
import type { Cluster } from "./cluster.ts";
import { covers, keepsName, parsePath, type Path } from "./diff.ts";
import { ApiError, explain, isNotFound, NoKindError } from "./errors.ts";
import { at, toProperties, type Json, type Manifest } from "./manifest.ts";
import { handedOver, isPredecessorName } from "./ownership.ts";

/** What came of a dry run. */
export type Trial =
    | {
          readonly outcome: "changed";
          readonly live: Manifest;
          readonly result: Manifest;
          /** Why the change is going to be refused as long as nobody takes the fields over. */
          readonly conflict: Error | undefined;
      }
    /** The server does not let these fields change in place. */
    | { readonly outcome: "immutable"; readonly fields: readonly string[] }
    /** Nothing can be said: the object is gone, its kind is not there yet, or dry runs are not allowed. */
    | { readonly outcome: "unknown" };

const IMMUTABLE = /immutable|may not change once set|updates to .* are forbidden|may not (?:change|update) fields other than/;

/**
 * Has the server try a change.
 * @throws Error in a sentence for what it refuses, {@link UnreachableError} when it cannot be asked
 */
export async function tryUpdate(cluster: Cluster, object: Manifest, options: Omit<ApplyOptions, "dryRun">): Promise<Trial> {
    try {
        const live = await cluster.get(await cluster.pathOf(object, options.signal), options.signal);
        try {
            return { outcome: "changed", live, result: await applyDryRun(cluster, object, options), conflict: undefined };
        } catch (error) {
            if (!isConflict(error)) throw error;
            const result = await applyDryRun(cluster, object, { ...options, force: true });
            const resolved = error.causes.every(({ message = "" }) => isPredecessorName(/with "([^"]*)"/.exec(message)?.[1] ?? ""));
            return { outcome: "changed", live, result, conflict: resolved ? undefined : explain("update", object, error) };
        }
    } catch (error) {
        if (isNotFound(error) || error instanceof NoKindError) return { outcome: "unknown" };
        if (!(error instanceof ApiError)) throw error;
        if (error.code === 403 || /does not support dry run/.test(error.message)) return { outcome: "unknown" };
        const fields = error.causes.flatMap(({ field, message }) => (field && IMMUTABLE.test(message ?? "") ? [field] : []));
        if (error.code === 422 && fields.length) return { outcome: "immutable", fields };
        throw explain("update", object, error);
    }
}

function isConflict(error: unknown): error is ApiError {
    return error instanceof ApiError && error.reason === "Conflict" && error.causes.length > 0;
}

/** A difference of inputs as the server sees it: without what is the same to it, and replacing where it says so. */
export function judged(diff: DiffResult, trial: Trial, before: PropertyMap, after: PropertyMap, manager: string): DiffResult {
    if (trial.outcome === "unknown") return diff;
    if (trial.outcome === "immutable") return replacing(diff, trial.fields, before, after);
    // A dry run says nothing about fields whose ownership is only taken over by the update.
    if (handedOver(trial.live.metadata.managedFields ?? [], manager)) return diff;
    if (isDeepStrictEqual(comparable(trial.live), comparable(trial.result))) return { changes: false, replaces: [], detailedDiff: {} };
    const [live, result] = [toProperties(trial.live), toProperties(trial.result)] as [Json, Json];
    const entries = Object.entries(diff.detailedDiff ?? {});
    const real = entries.filter(([path]) => {
        const place = stored(parsePath(path));
        return !isDeepStrictEqual(at(live, ...place), at(result, ...place));
    });
    // Lists that are merged by key may have their items elsewhere: then what is declared tells more.
    return real.length ? { ...diff, detailedDiff: Object.fromEntries(real) } : diff;
}

function replacing(diff: DiffResult, fields: readonly string[], before: PropertyMap, after: PropertyMap): DiffResult {
    const detailedDiff: Record<string, PropertyDiffKind> = { ...diff.detailedDiff };
    const replaces: string[] = [];
    for (const field of fields) {
        const place = parsePath(field);
        const touched = Object.keys(detailedDiff).filter((path) => covers(place, parsePath(path)) || covers(parsePath(path), place));
        for (const path of touched.length ? touched : [field]) {
            const kind = detailedDiff[path] ?? "update";
            detailedDiff[path] = kind.endsWith("-replace") ? kind : (`${kind}-replace` as PropertyDiffKind);
            if (!replaces.includes(path)) replaces.push(path);
        }
    }
    return { changes: true, replaces, detailedDiff, deleteBeforeReplace: keepsName(before, after) };
}

/** Where the server keeps what is declared at a path: `stringData` is only ever written. */
function stored(path: Path): Path {
    return path[0] === "stringData" ? ["data", ...path.slice(1)] : path;
}

/** An object without what every write changes, and what only the server decides. */
function comparable({ metadata, status, ...rest }: Manifest): unknown {
    void status;
    const { managedFields, resourceVersion, generation, ...declared } = metadata;
    void [managedFields, resourceVersion, generation];
    return { ...rest, metadata: declared };
}
