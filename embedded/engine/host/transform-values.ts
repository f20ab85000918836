/** Inputs as functions of the program see them, and which resources they come from. */
import { containsUnknown } from "../secretness.ts";
import { isObject, OutputValue, Secret, Unknown, type PropertyMap, type PropertyValue } from "../values.ts";

/** Which resources each input comes from, by URN. */
export type PropertyDependencies = Readonly<Record<string, readonly string[]>>;

/** The inputs with everything that is secret, unknown or taken from a resource as an output, which the SDK makes one of again. */
export function asOutputs(inputs: PropertyMap, dependencies: PropertyDependencies): PropertyMap {
    return Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, withDependencies(asOutput(value), dependencies[key] ?? [])]),
    );
}

function asOutput(value: PropertyValue): PropertyValue {
    if (value instanceof Unknown) return new OutputValue(undefined, false, []);
    if (value instanceof Secret) return new OutputValue(containsUnknown({ value: value.value }) ? undefined : value.value, true, []);
    if (Array.isArray(value)) return value.map(asOutput);
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asOutput(item)])) : value;
}

function withDependencies(value: PropertyValue, urns: readonly string[]): PropertyValue {
    const known = new Set(dependenciesOf(value));
    if (urns.every((urn) => known.has(urn))) return value;
    if (value instanceof OutputValue) return new OutputValue(value.value, value.secret, [...new Set([...value.dependencies, ...urns])]);
    return new OutputValue(value, false, urns);
}

/** URNs of the resources that outputs within a value come from. */
export function dependenciesOf(value: PropertyValue | undefined): string[] {
    if (value instanceof OutputValue) return [...value.dependencies, ...dependenciesOf(value.value)];
    if (value instanceof Secret) return dependenciesOf(value.value);
    if (Array.isArray(value)) return value.flatMap((item: PropertyValue) => dependenciesOf(item));
    return isObject(value) ? Object.values(value).flatMap(dependenciesOf) : [];
}
