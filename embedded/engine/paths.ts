/** Property paths as Pulumi writes them: `spec.template.spec.containers[0].image`, `metadata.labels["a.b/c"]`, `spec.ports[*].nodePort`. */
import { UserError } from "../common/errors.ts";
import { isObject, Secret, type PropertyMap, type PropertyValue } from "./values.ts";

/** A key, an index, or `*` for all of them. */
export type PathSegment = string | number;
const WILDCARD = "*";

/** Parses a path; throws {@link UserError} for one that is malformed. */
export function parsePath(text: string): PathSegment[] {
    const segments: PathSegment[] = [];
    const malformed = (): never => {
        throw new UserError(
            `"${text}" is not a property path. Write keys with dots, indexes and unusual keys in brackets: spec.containers[0].image, metadata.labels["a.b/c"].`,
        );
    };
    let rest = text;
    while (rest) {
        const quoted = /^\[("(?:[^"\\]|\\.)*")\]/.exec(rest);
        const index = /^\[(\d+|\*)\]/.exec(rest);
        const key = /^\.?([^.[\]"]+)/.exec(rest);
        const match = quoted ?? index ?? key ?? malformed();
        if (quoted) segments.push(JSON.parse(match[1] ?? "") as string);
        else if (index) segments.push(match[1] === WILDCARD ? WILDCARD : Number(match[1]));
        else segments.push(match[1] ?? "");
        rest = rest.slice(match[0].length);
        if (rest === ".") malformed();
    }
    return segments.length ? segments : malformed();
}

/** Writes a path in its shortest form. */
export function formatPath(segments: readonly PathSegment[]): string {
    let text = "";
    for (const segment of segments) {
        if (typeof segment === "number") text += `[${segment}]`;
        else if (/^[A-Za-z_$][\w$-]*$/.test(segment)) text += text ? `.${segment}` : segment;
        else text += `[${JSON.stringify(segment)}]`;
    }
    return text;
}

/** Whether `path` is what `pattern` names, or lies below it. */
export function pathContains(pattern: readonly PathSegment[], path: readonly PathSegment[]): boolean {
    return (
        pattern.length <= path.length &&
        pattern.every((segment, i) => segment === WILDCARD || segment === path[i] || String(segment) === String(path[i]))
    );
}

function unwrap(value: PropertyValue | undefined): PropertyValue | undefined {
    return value instanceof Secret ? value.value : value;
}

/**
 * `news` with everything the path names as it is in `olds`: kept where it was, removed where it was absent. Secrets are
 * looked into and stay marked.
 */
export function resetPath(olds: PropertyMap, news: PropertyMap, path: readonly PathSegment[]): PropertyMap {
    const result = reset(olds, news, path);
    return isObject(result) ? result : news;
}

function reset(
    oldValue: PropertyValue | undefined,
    newValue: PropertyValue | undefined,
    path: readonly PathSegment[],
): PropertyValue | undefined {
    const [head, ...tail] = path;
    if (head === undefined) return oldValue;
    if (newValue instanceof Secret) {
        const inner = reset(unwrap(oldValue), newValue.value, path);
        return inner === undefined ? undefined : new Secret(inner);
    }
    const before = unwrap(oldValue);
    if (Array.isArray(newValue)) {
        const items: readonly PropertyValue[] = newValue;
        const old: readonly PropertyValue[] = Array.isArray(before) ? before : [];
        // Items that were not there before are new, whatever is ignored in the others.
        return items.map((item, i) =>
            i < old.length && (head === WILDCARD || Number(head) === i) ? (reset(old[i], item, tail) ?? item) : item,
        );
    }
    if (!isObject(newValue)) {
        // What surrounds the ignored property is not in the new inputs: put it back only when the old inputs had it all.
        return newValue === undefined && tail.length === 0 && isObject(before) ? before : newValue;
    }
    const old = isObject(before) ? before : {};
    const keys = head === WILDCARD ? [...new Set([...Object.keys(old), ...Object.keys(newValue)])] : [String(head)];
    const result: Record<string, PropertyValue> = { ...newValue };
    for (const key of keys) {
        const value = tail.length && newValue[key] === undefined ? undefined : reset(old[key], newValue[key], tail);
        if (value === undefined) delete result[key];
        else result[key] = value;
    }
    return result;
}
