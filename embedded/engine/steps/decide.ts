/** What has to happen to a resource: a pure decision from its old state, what the program asks, and the provider's diff. */
import { difference, equal } from "../compare.ts";
import type { StepOp } from "../events.ts";
import { parsePath, pathContains, type PathSegment } from "../paths.ts";
import type { DiffResult, PropertyDiffKind } from "../provider.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { PropertyMap } from "../values.ts";

export interface Facts {
    /** The resource in the state; undefined when there is none that this program manages. */
    readonly old: ResourceState | undefined;
    /** The new inputs as the provider completed them. */
    readonly inputs: PropertyMap;
    readonly custom: boolean;
    /** The provider's answer; undefined for components and while the provider's configuration is not known. */
    readonly diff: DiffResult | undefined;
    /** What replaces the resource whatever its provider says: an option, or `provider` when another one owns it. */
    readonly forced: string | undefined;
    readonly replaceOnChanges: readonly string[];
    /** The program's wish; undefined leaves it to the provider. */
    readonly deleteBeforeReplace: boolean | undefined;
}

export interface Change {
    /** Names of the top-level properties that differ. */
    readonly diffs: readonly string[];
    /** Names of the properties that force a replacement. */
    readonly keys: readonly string[];
    readonly detailedDiff: Readonly<Record<string, PropertyDiffKind>>;
}

export type Decision =
    | { readonly op: "create" }
    /** The old object is gone already, deleted so that this one can take its place. */
    | { readonly op: "recreate" }
    | { readonly op: "same" }
    | ({ readonly op: "update" } & Change)
    | ({ readonly op: "replace"; readonly deleteBeforeReplace: boolean } & Change);

/** What Pulumi calls an object's not being ready, among the paths of `replaceOnChanges`. */
const INIT_ERROR = "#initerror";

export function decide(facts: Facts): Decision {
    const { old, diff } = facts;
    if (!old) return { op: "create" };
    // What was only read is not ours to change: an object of our own takes its place.
    if (old.external) return { op: "replace", deleteBeforeReplace: false, diffs: [], keys: [], detailedDiff: {} };
    if (old.pendingReplacement) return { op: "recreate" };

    const changed = changesOf(facts, old);
    const detailedDiff = { ...(diff?.detailedDiff ?? (changed ? difference(old.inputs, facts.inputs) : {})) };
    const keys = new Set(diff?.replaces ?? []);
    if (facts.forced) keys.add(facts.forced);
    if (old.initErrors.length && forcedReplacements(facts.replaceOnChanges, { [INIT_ERROR]: "update" }).length) keys.add(INIT_ERROR);
    if (changed) for (const key of forcedReplacements(facts.replaceOnChanges, detailedDiff)) keys.add(key);
    for (const [path, kind] of Object.entries(detailedDiff)) {
        if (kind.endsWith("-replace")) keys.add(path);
        else if (keys.has(path)) detailedDiff[path] = `${kind as "add" | "delete" | "update"}-replace`;
    }
    const diffs = [...new Set(Object.keys(detailedDiff).map((path) => String(segmentsOf(path)[0])))];
    const change: Change = { diffs, keys: [...keys], detailedDiff };

    if (keys.size)
        return { op: "replace", deleteBeforeReplace: facts.deleteBeforeReplace ?? diff?.deleteBeforeReplace ?? false, ...change };
    // An object that is not what was asked for is brought there, also when nothing was asked anew.
    if (changed || old.initErrors.length) return { op: "update", ...change };
    return { op: "same" };
}

/** The steps of a decision in the order in which they are done. */
export function opsOf(decision: Decision): readonly StepOp[] {
    switch (decision.op) {
        case "replace":
            return decision.deleteBeforeReplace
                ? ["delete-replaced", "replace", "create-replacement"]
                : ["create-replacement", "replace", "delete-replaced"];
        case "recreate":
            return ["replace", "create-replacement"];
        default:
            return [decision.op];
    }
}

function changesOf({ custom, diff, inputs, forced }: Facts, old: ResourceState): boolean {
    if (forced) return true;
    if (!custom || diff?.changes === undefined) return diff?.replaces?.length ? true : !equal(old.inputs, inputs);
    return diff.changes || Boolean(diff.replaces?.length);
}

/** The changed paths that `replaceOnChanges` names; `*` names all. */
function forcedReplacements(patterns: readonly string[], detailedDiff: Readonly<Record<string, PropertyDiffKind>>): string[] {
    if (!patterns.length) return [];
    const parsed = patterns.map(parsePath);
    return Object.keys(detailedDiff).filter((path) => {
        const segments = segmentsOf(path);
        return parsed.some((pattern) => pathContains(pattern, segments));
    });
}

/** The segments of a path that a provider wrote, which may not be as strict about it as we are. */
function segmentsOf(path: string): PathSegment[] {
    try {
        return parsePath(path);
    } catch {
        return path.split(/[.[\]]+/).filter(Boolean);
    }
}
