import { isDeepStrictEqual } from "node:util";
import type { DiffResult, PropertyDiffKind } from "../../engine/provider.ts";
import { Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { activeCluster } from "./kubeconfig.ts";
import { readOptions } from "./options.ts";

/** Properties that decide which cluster is talked to. */
const IDENTITY = ["kubeconfig", "context", "cluster"] as const;

/**
 * Whether a changed configuration means another cluster, so that everything in the old one is to be made anew. A changed
 * `clusterIdentifier` says so; an unchanged one says that it is the same cluster whatever else changed.
 */
export function diffConfiguration(olds: PropertyMap, news: PropertyMap): DiffResult {
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])]
        .filter((key) => !isDeepStrictEqual(olds[key] ?? null, news[key] ?? null))
        .toSorted();
    const replaces = replacing(olds, news, changed);
    return {
        changes: changed.length > 0,
        replaces,
        detailedDiff: Object.fromEntries(
            changed.map((key) => [key, kindOfChange(isGiven(olds[key]), isGiven(news[key]), replaces.includes(key))]),
        ),
    };
}

function isGiven(value: PropertyValue | undefined): boolean {
    return value !== undefined && value !== null;
}

function replacing(olds: PropertyMap, news: PropertyMap, changed: readonly string[]): string[] {
    const { clusterIdentifier: oldIdentifier } = olds;
    const { clusterIdentifier: newIdentifier } = news;
    if (isGiven(newIdentifier) && !(newIdentifier instanceof Unknown) && isGiven(oldIdentifier)) {
        if (oldIdentifier === newIdentifier) return [];
        return ["clusterIdentifier", ...identityChange(olds, news, changed)];
    }
    return identityChange(olds, news, changed);
}

function identityChange(olds: PropertyMap, news: PropertyMap, changed: readonly string[]): string[] {
    const unknown = IDENTITY.filter((key) => news[key] instanceof Unknown);
    if (unknown.length) return unknown;
    const candidates = IDENTITY.filter((key) => changed.includes(key));
    if (!candidates.length) return [];
    const before = activeCluster(readOptions(olds));
    const after = activeCluster(readOptions(news));
    return before && after && !isDeepStrictEqual(before, after) ? candidates : [];
}

function kindOfChange(had: boolean, has: boolean, replace: boolean): PropertyDiffKind {
    const kind = had ? (has ? "update" : "delete") : "add";
    return replace ? `${kind}-replace` : kind;
}
