/** Property values as text: secrets and unknowns by their marks, objects and lists over several lines. */
import { OutputValue, ResourceReference, Secret, Unknown, isObject, type PropertyMap, type PropertyValue } from "../values.ts";

export interface ValueOptions {
    readonly showSecrets: boolean;
}

/** Properties of the provider's and SDK's own that say nothing to a reader. */
export function isInternal(key: string): boolean {
    return key.startsWith("__");
}

/** A value on one line, or `undefined` when it takes several. */
export function inline(value: PropertyValue, options: ValueOptions): string | undefined {
    if (value instanceof Unknown) return "[unknown]";
    if (value instanceof Secret) return options.showSecrets ? inline(value.value, options) : "[secret]";
    if (value instanceof OutputValue)
        return value.secret && !options.showSecrets ? "[secret]" : inline(value.value ?? Unknown.instance, options);
    if (value instanceof ResourceReference)
        return JSON.stringify(`${value.urn}${value.id === undefined ? "" : `::${value.id instanceof Unknown ? "[unknown]" : value.id}`}`);
    if (Array.isArray(value)) return value.length ? undefined : "[]";
    if (isObject(value)) return visibleKeys(value).length ? undefined : "{}";
    return JSON.stringify(value);
}

/** The keys of an object in order, the internal ones left out. */
export function visibleKeys(value: PropertyMap): string[] {
    return Object.keys(value)
        .filter((key) => !isInternal(key) && value[key] !== undefined)
        .toSorted();
}

/** What is inside secrets and outputs when they may be shown. */
export function bare(value: PropertyValue, options: ValueOptions): PropertyValue {
    if (value instanceof Secret && options.showSecrets) return bare(value.value, options);
    if (value instanceof OutputValue && (!value.secret || options.showSecrets)) return bare(value.value ?? Unknown.instance, options);
    return value;
}

/** Lines of a property: `key: value`, its inner lines further in. */
export function propertyLines(key: string, value: PropertyValue, indent: string, options: ValueOptions): string[] {
    const text = inline(value, options);
    if (text !== undefined) return [`${indent}${key}: ${text}`];
    const inner = bare(value, options);
    if (Array.isArray(inner)) {
        const items = inner.flatMap((item: PropertyValue, i) => propertyLines(`[${i}]`, item, `${indent}    `, options));
        return [`${indent}${key}: [`, ...items, `${indent}]`];
    }
    return [`${indent}${key}: {`, ...mapLines(inner as PropertyMap, `${indent}    `, options), `${indent}}`];
}

/** Lines of an object's properties, the colons below each other. */
export function mapLines(map: PropertyMap, indent: string, options: ValueOptions): string[] {
    const keys = visibleKeys(map);
    const width = Math.max(0, ...keys.map((key) => key.length));
    return keys.flatMap((key) => propertyLines(key.padEnd(width), map[key] ?? null, indent, options));
}
