/** What the server would make of a changed object: a dry run, compared with the object as it is. */
import { isDeepStrictEqual } from "node:util";
import type { DiffResult, PropertyDiffKind } from "../../engine/provider.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { applyDryRun, isAdmissionRefusal, type ApplyOptions } from "./apply.ts";
import type { Cluster } from "./cluster.ts";
import { covers, keepsName, parsePath, type Path } from "./diff.ts";
import { ApiError, explain, isNotFound, NoKindError } from "./errors.ts";
import { at, toProperties, type Json, type Manifest } from "./manifest.ts";
import { withIgnored } from "./ignored.ts";
import { handedOver, isPredecessorName, ownersOf, type Succession } from "./ownership.ts";

export interface ChangedTrial {
    readonly live: Manifest;
    readonly result: Manifest;
    readonly succession: Succession;
    /** Why the change is going to be refused as long as nobody takes the fields over. */
    readonly conflict: Error | undefined;
}

/** What came of a dry run. */
export type Trial =
    | ({ readonly outcome: "changed" } & ChangedTrial)
    /** The server does not let these fields change in place. */
    | { readonly outcome: "immutable"; readonly causes: readonly StatusCause[] }
    /** Nothing can be said: the object is gone, its kind is not there yet, or dry runs are not allowed. */
    | { readonly outcome: "unknown"; readonly refusal?: Error };

type StatusCause = ApiError["causes"][number];

/** In these ways the API says that a field cannot be changed in place; rules of custom kinds mostly say so, too. */
const IMMUTABLE =
    /immutable|may not (?:be )?change|may not update fields other than|updates to .* are forbidden|cannot (?:be )?(?:change|update)/i;

export interface TrialOptions extends Omit<ApplyOptions, "dryRun">, Succession {
    readonly ignoreChanges: readonly string[];
    /** Whether the object is replaced by this change anyway: then a refusal is nothing to tell. */
    readonly replaces: boolean;
}

/**
 * Has the server try a change.
 * @throws Error in a sentence for what it refuses, {@link UnreachableError} when it cannot be asked
 */
export async function tryUpdate(cluster: Cluster, declared: Manifest, options: TrialOptions): Promise<Trial> {
    let object = declared;
    try {
        const live = await cluster.get(await cluster.pathOf(object, options.signal), options.signal);
        object = withIgnored(declared, options.ignoreChanges, live, options.manager);
        try {
            return {
                outcome: "changed",
                live,
                succession: options,
                result: await applyDryRun(cluster, object, options),
                conflict: undefined,
            };
        } catch (error) {
            if (!isConflict(error)) throw error;
            const result = await applyDryRun(cluster, object, { ...options, force: true });
            const resolved = error.causes.every(({ message = "" }) =>
                isPredecessorName(/with "([^"]*)"/.exec(message)?.[1] ?? "", options),
            );
            return {
                outcome: "changed",
                live,
                succession: options,
                result,
                conflict: resolved ? undefined : explain("update", object, error),
            };
        }
    } catch (error) {
        if (isNotFound(error) || error instanceof NoKindError) return { outcome: "unknown" };
        if (!(error instanceof ApiError)) throw error;
        if (isAdmissionRefusal(error)) return { outcome: "unknown", refusal: explain("update", object, error) };
        if (error.code === 403 || /does not support dry run/.test(error.message)) return { outcome: "unknown" };
        const isImmutable = ({ message = "" }: StatusCause): boolean => IMMUTABLE.test(message);
        // Where it refuses something else, too, another object would be refused as well.
        if (error.code === 422 && error.causes.length && error.causes.every(isImmutable))
            return { outcome: "immutable", causes: error.causes };
        if (options.replaces) return { outcome: "unknown" };
        throw explain("update", object, error);
    }
}

function isConflict(error: unknown): error is ApiError {
    return error instanceof ApiError && error.reason === "Conflict" && error.causes.length > 0;
}

/** A difference of inputs as the server sees it: without what is the same to it, and replacing where it says so. */
export function judged(diff: DiffResult, trial: Trial, before: PropertyMap, after: PropertyMap): DiffResult {
    if (trial.outcome === "unknown") return diff;
    if (trial.outcome === "immutable") return replacing(diff, trial.causes, before, after);
    const { manager } = trial.succession;
    // A dry run says nothing about fields whose ownership is only taken over by the update.
    if (handedOver(trial.live, trial.succession)) return diff;
    const [live, result] = [toProperties(trial.live), toProperties(trial.result)] as [Json, Json];
    const entries = Object.entries(diff.detailedDiff ?? {});
    // With an owner beside this one, a field is shared or given up, though its value stays.
    const isShared = (path: string, kind: PropertyDiffKind): boolean =>
        ownersOf(kind.startsWith("delete") ? trial.live : trial.result, stored(parsePath(path))).some((owner) => owner !== manager);
    const isSame = isDeepStrictEqual(comparable(trial.live), comparable(trial.result));
    const real = entries.filter(([path, kind]) => {
        const place = stored(parsePath(path));
        return path === "apiVersion" || !isDeepStrictEqual(at(live, ...place), at(result, ...place)) || isShared(path, kind);
    });
    // Lists that are merged by key may have their items elsewhere: then what is declared tells more.
    if (!real.length) return isSame ? { changes: false, replaces: [], detailedDiff: {} } : diff;
    const replaces = (diff.replaces ?? []).filter((path) => real.some(([name]) => name === path));
    return {
        ...diff,
        replaces,
        detailedDiff: Object.fromEntries(real),
        deleteBeforeReplace: replaces.length > 0 && diff.deleteBeforeReplace === true,
    };
}

function replacing(diff: DiffResult, causes: readonly StatusCause[], before: PropertyMap, after: PropertyMap): DiffResult {
    const detailedDiff: Record<string, PropertyDiffKind> = { ...diff.detailedDiff };
    const paths = Object.keys(detailedDiff);
    const refused = causes.flatMap((cause) => concerned(paths, cause));
    const replaces = new Set([...(diff.replaces ?? []), ...(refused.length ? refused : paths)]);
    for (const path of replaces) {
        const kind = detailedDiff[path] ?? "update";
        detailedDiff[path] = kind.endsWith("-replace") ? kind : (`${kind}-replace` as PropertyDiffKind);
    }
    return { changes: true, replaces: [...replaces], detailedDiff, deleteBeforeReplace: keepsName(before, after) };
}

const isNear = (place: Path, path: Path): boolean => covers(place, path) || covers(path, place);

/** The changed paths that a refusal is about. The server may name a field above them, or one that manifests do not have. */
function concerned(paths: readonly string[], { field = "", message = "" }: StatusCause): readonly string[] {
    const named = parsePath(field);
    for (let place = named; place.length; place = place.slice(0, -1)) {
        const near = paths.filter((path) => [place, ["spec", ...place]].some((there) => isNear(there, parsePath(path))));
        if (!near.length) continue;
        // `updates to statefulset spec for fields other than 'replicas', 'template' are forbidden`
        const allowed = [...message.matchAll(/['`]([^'`]+)['`]/g)].map(([, name = ""]) => parsePath(name));
        const refused = near.filter((path) => {
            const full = parsePath(path);
            return !allowed.some((name) => covers(name, full) || covers([...place, ...name], full));
        });
        return refused.length ? refused : near;
    }
    return [];
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
