/** Where secrets are in property values, taking the marks off, and carrying them from inputs to outputs. */
import { flattenOutput } from "./wire.ts";
import { isObject, OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "./values.ts";

function some(value: PropertyValue, is: (value: PropertyValue) => boolean): boolean {
    if (is(value)) return true;
    if (value instanceof Secret) return some(value.value, is);
    if (value instanceof OutputValue) return value.value !== undefined && some(value.value, is);
    if (value instanceof ResourceReference) return value.id instanceof Unknown && is(value.id);
    if (Array.isArray(value)) return value.some((item: PropertyValue) => some(item, is));
    return isObject(value) && Object.values(value).some((item) => some(item, is));
}

export function containsSecret(value: PropertyValue): boolean {
    return some(value, (item) => item instanceof Secret || (item instanceof OutputValue && item.secret));
}

export function containsUnknown(value: PropertyValue): boolean {
    return some(value, (item) => item instanceof Unknown || (item instanceof OutputValue && item.value === undefined));
}

function mapValue(value: PropertyValue, change: (value: PropertyValue) => PropertyValue): PropertyValue {
    const changed = change(value);
    if (Array.isArray(changed)) return changed.map((item: PropertyValue) => mapValue(item, change));
    if (isObject(changed)) return Object.fromEntries(Object.entries(changed).map(([key, item]) => [key, mapValue(item, change)]));
    return changed instanceof Secret ? new Secret(mapValue(changed.value, change)) : changed;
}

/** The values as providers see them: no secret marks, outputs as what they hold, resources as their id. */
export function plain(map: PropertyMap): PropertyMap {
    const bare = (value: PropertyValue): PropertyValue => {
        if (value instanceof Secret) return bare(value.value);
        if (value instanceof OutputValue) return bare(flattenOutput(value));
        return value instanceof ResourceReference ? (value.id ?? value.urn) : value;
    };
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, mapValue(value, bare)]));
}

function flattened(value: PropertyValue): PropertyValue {
    return value instanceof OutputValue ? flattenOutput(value) : value;
}

/** The values with outputs as what they hold; secrets, unknowns and references stay. */
export function withoutOutputValues(map: PropertyMap): PropertyMap {
    return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, mapValue(value, flattened)]));
}

/**
 * Marks what a provider returned as secret where the inputs of the same name were: objects are looked into, of anything
 * else the whole value is marked when the input holds a secret, since lists may come back in another order.
 */
export function carrySecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
    const result: Record<string, PropertyValue> = { ...outputs };
    for (const [key, input] of Object.entries(inputs)) {
        const output = result[key];
        if (output === undefined || output instanceof Secret) continue;
        if (isObject(output) && isObject(input)) result[key] = carrySecrets(output, input);
        else if (containsSecret(input)) result[key] = new Secret(output);
    }
    return result;
}

/** Marks the outputs of these names as secret. */
export function markSecret(outputs: PropertyMap, names: readonly string[]): PropertyMap {
    const result: Record<string, PropertyValue> = { ...outputs };
    for (const name of names) {
        const output = result[name];
        if (output !== undefined && !(output instanceof Secret)) result[name] = new Secret(output);
    }
    return result;
}

/**
 * What says which host is meant in the connection of a remote command. Its SDK makes all of a connection secret, and so
 * the state has it; but a message that cannot name the host helps nobody, and an output is not secret for saying "root".
 */
const ADDRESS: ReadonlySet<string> = new Set(["host", "port", "user", "hostKey", "agentSocketPath"]);

/** A host with what proves one to it, or it to one. */
function isConnection(value: PropertyMap): boolean {
    return typeof value["host"] === "string" && ["hostKey", "privateKey", "password"].some((name) => typeof value[name] === "string");
}

/** Every string inside a secret: what must not appear in text. */
export function secretStrings(value: PropertyValue, inside = false): string[] {
    if (value instanceof Secret) return secretStrings(value.value, true);
    if (typeof value === "string") return inside ? [value] : [];
    if (value instanceof OutputValue) return value.value === undefined ? [] : secretStrings(value.value, inside || value.secret);
    if (Array.isArray(value)) return value.flatMap((item: PropertyValue) => secretStrings(item, inside));
    if (!isObject(value)) return [];
    const address = isConnection(value) ? ADDRESS : undefined;
    return Object.entries(value).flatMap(([name, item]) =>
        address?.has(name) && !(item instanceof Secret) ? [] : secretStrings(item, inside),
    );
}
