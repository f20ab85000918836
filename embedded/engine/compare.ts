/** Comparing property values: deep equality, and what differs by path. */
import { formatPath, type PathSegment } from "./paths.ts";
import type { PropertyDiffKind } from "./provider.ts";
import type { ResourceState } from "./state/snapshot.ts";
import { isObject, OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "./values.ts";

/** Whether two values are the same, their secret and unknown marks included. */
export function equal(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Number.isNaN(a) && Number.isNaN(b);
    if (Array.isArray(a) || Array.isArray(b)) {
        return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item: PropertyValue, i) => equal(item, b[i]));
    }
    if (a instanceof Unknown || b instanceof Unknown) return a instanceof Unknown && b instanceof Unknown;
    if (a instanceof Secret || b instanceof Secret) return a instanceof Secret && b instanceof Secret && equal(a.value, b.value);
    if (a instanceof OutputValue || b instanceof OutputValue) {
        return (
            a instanceof OutputValue &&
            b instanceof OutputValue &&
            a.secret === b.secret &&
            equal(a.value, b.value) &&
            equal(a.dependencies, b.dependencies)
        );
    }
    if (a instanceof ResourceReference || b instanceof ResourceReference) {
        return a instanceof ResourceReference && b instanceof ResourceReference && a.urn === b.urn && equal(a.id, b.id);
    }
    const left = a as PropertyMap;
    const right = b as PropertyMap;
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}

/** Whether two states of a resource are the same in every field. */
export function sameState(a: ResourceState, b: ResourceState): boolean {
    // All fields of a resource state are property values in shape.
    return equal(a as unknown as PropertyMap, b as unknown as PropertyMap);
}

function bare(value: PropertyValue | undefined): PropertyValue | undefined {
    return value instanceof Secret ? value.value : value;
}

/** What differs between two maps, by path. Secret marks count as no difference; an unknown differs from everything. */
export function difference(olds: PropertyMap, news: PropertyMap): Record<string, PropertyDiffKind> {
    const result: Record<string, PropertyDiffKind> = {};
    const walk = (path: readonly PathSegment[], markedOld: PropertyValue | undefined, markedNew: PropertyValue | undefined): void => {
        const before = bare(markedOld);
        const after = bare(markedNew);
        if (before === undefined && after === undefined) return;
        if (before === undefined) result[formatPath(path)] = "add";
        else if (after === undefined) result[formatPath(path)] = "delete";
        else if (Array.isArray(before) && Array.isArray(after)) {
            for (let i = 0; i < Math.max(before.length, after.length); i++)
                walk([...path, i], before[i] as PropertyValue | undefined, after[i] as PropertyValue | undefined);
        } else if (isObject(before) && isObject(after)) {
            for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) walk([...path, key], before[key], after[key]);
        } else if (after instanceof Unknown || !equal(before, after)) result[formatPath(path)] = "update";
    };
    for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) walk([key], olds[key], news[key]);
    return result;
}
