/** How a resource differs from its plan, told so that somebody can act on it. Values that are not known match any. */
import { inline } from "../display/values.ts";
import { formatPath, type PathSegment } from "../paths.ts";
import { parseProviderReference } from "../urn.ts";
import { isObject, OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "../values.ts";
import { flattenOutput, isUnknownString } from "../wire.ts";
import type { PlanDiff, PlannedGoal } from "./plan.ts";

/**
 * What differs in the values.
 * @param noun what a value is called: `property`
 * @param planned what was to change in `olds`
 */
export function valueDifferences(noun: string, planned: PlanDiff, olds: PropertyMap, news: PropertyMap): string[] {
    const expected: Record<string, PropertyValue> = { ...olds, ...planned.adds, ...planned.updates };
    for (const key of planned.deletes) delete expected[key];
    return within(noun, [], expected, news);
}

/** What differs between two objects, by path. */
function within(noun: string, path: readonly PathSegment[], planned: PropertyMap, found: PropertyMap): string[] {
    return [...new Set([...Object.keys(planned), ...Object.keys(found)])].toSorted().flatMap((key) => {
        const [before, after] = [planned[key], found[key]];
        if (matches(before, after)) return [];
        if (isObject(before) && isObject(after)) return within(noun, [...path, key], before, after);
        const [a, b] = [shown(before), shown(after)];
        return [`${noun} ${formatPath([...path, key])}: planned ${a}, found ${a === b ? "another value" : b}`];
    });
}

function matches(planned: PropertyValue | undefined, found: PropertyValue | undefined): boolean {
    const [a, b] = [bare(planned), bare(found)];
    // What was not known may turn out to be nothing.
    if (a instanceof Unknown || b instanceof Unknown) return true;
    if (Array.isArray(a) && Array.isArray(b))
        return a.length === b.length && a.every((item: PropertyValue, i) => matches(item, b[i] as PropertyValue));
    if (isObject(a) && isObject(b)) return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => matches(a[key], b[key]));
    return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

function bare(value: PropertyValue | undefined): PropertyValue | undefined {
    if (value instanceof Secret) return bare(value.value);
    if (value instanceof OutputValue) return bare(flattenOutput(value));
    return value instanceof ResourceReference ? (value.id ?? value.urn) : value;
}

/** A value in a message; secrets are not shown. */
function shown(value: PropertyValue | undefined): string {
    if (value === undefined) return "nothing";
    const text = inline(value, { showSecrets: false }) ?? JSON.stringify(masked(value));
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function masked(value: PropertyValue): unknown {
    if (Array.isArray(value)) return value.map(masked);
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item)]));
    return typeof value === "object" && value !== null ? inline(value, { showSecrets: false }) : value;
}

/** What differs in the options. */
export function optionDifferences(planned: PlannedGoal, found: PlannedGoal): string[] {
    const differences: string[] = [];
    const check = (name: string, before: unknown, after: unknown, same = write(before) === write(after)): void => {
        if (!same) differences.push(`option ${name}: planned ${write(before)}, found ${write(after)}`);
    };
    check("custom", planned.custom, found.custom);
    check("provider", planned.provider, found.provider, sameProvider(planned.provider, found.provider));
    check("parent", planned.parent, found.parent);
    check("protect", planned.protect, found.protect);
    check("deleteBeforeReplace", planned.deleteBeforeReplace, found.deleteBeforeReplace);
    check("import", planned.importId, found.importId);
    for (const key of ["create", "update", "delete"] as const)
        check(`customTimeouts.${key}`, planned.customTimeouts[key] || undefined, found.customTimeouts[key] || undefined);
    for (const key of ["ignoreChanges", "additionalSecretOutputs", "dependencies"] as const)
        check(key, sorted(planned[key]), sorted(found[key]));
    check("aliases", sorted(planned.aliases.map((alias) => write(alias))), sorted(found.aliases.map((alias) => write(alias))));
    for (const [key, urns] of Object.entries(planned.propertyDependencies)) {
        // A property that was not known may turn out to be nothing, and then depends on nothing.
        const now = found.propertyDependencies[key];
        if (now) check(`dependencies of ${JSON.stringify(key)}`, sorted(urns), sorted(now));
    }
    return differences;
}

function sorted(list: readonly string[]): string[] {
    return list.toSorted();
}

function write(value: unknown): string {
    return value === undefined ? "nothing" : JSON.stringify(value);
}

/** The id of a provider that the update makes was not known to the plan. */
function sameProvider(planned: string | undefined, found: string | undefined): boolean {
    if (planned === found || !planned || !found) return planned === found;
    const [a, b] = [parseProviderReference(planned), parseProviderReference(found)];
    return a.urn === b.urn && (isUnknownString(a.id) || isUnknownString(b.id));
}
