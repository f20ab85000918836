/**
 * Providers of logical resources: those that live in the state alone, such as keys and passwords. A resource type is a
 * table of properties and a function that generates the computed ones; checks, differences and secrets follow from it.
 */
import type { CheckFailure, InvokeResult, ReadResult } from "@pulumi/pulumi/provider/index.js";
import { UserError } from "../../common/errors.ts";
import type { DiffResult, ResourceProvider } from "../../engine/provider.ts";
import { isObject, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { changedPaths, detailedDiff, rootOf } from "./diff.ts";
import { typeOf } from "./urn.ts";

export interface Property {
    readonly type: "string" | "number" | "boolean" | "list" | "map";
    readonly required?: true;
    /** Filled into the outputs; the inputs stay as the program wrote them. */
    readonly default?: PropertyValue;
    /** A change of it updates the resource; a change of any other property replaces it. */
    readonly inPlace?: true;
}

export interface LogicalType {
    readonly properties: Readonly<Record<string, Property>>;
    /** Inputs of the official provider that this one does not take, and why. */
    readonly refused?: Readonly<Record<string, string>>;
    readonly computed: readonly string[];
    /** Computed values that are always secret. */
    readonly secrets?: readonly string[];
    /** Defaults that depend on other inputs. */
    complete?(inputs: PropertyMap): PropertyMap;
    validate?(inputs: PropertyMap): CheckFailure[];
    /** The id and the computed values. All inputs are known, with defaults filled. */
    generate(inputs: PropertyMap): Promise<{ readonly id: string; readonly values: PropertyMap }>;
    /** What an id says about a value made elsewhere: its own id, and inputs and computed values. Throws for an id that is none. */
    adopt?(id: string): Promise<Adopted> | Adopted;
    /** Outputs that change with time or with an update in place. */
    refresh?(outputs: PropertyMap): PropertyMap;
    /** The output whose state asks for a replacement although no input changed. */
    renewal?(outputs: PropertyMap): string | undefined;
}

/** A value made elsewhere. */
export interface Adopted {
    readonly id: string;
    readonly inputs: PropertyMap;
    readonly values: PropertyMap;
}

/** A function of the package: its outputs, or what is wrong with its arguments. */
export type LogicalFunction = (args: PropertyMap) => Promise<InvokeResult>;

/** What a function answers when an argument is wrong. */
export function failure(property: string, reason: string): InvokeResult {
    return { failures: [{ property, reason }] };
}

function typeFailure(name: string, property: Property, value: PropertyValue): CheckFailure[] {
    if (value instanceof Unknown || value === null) return [];
    const found = Array.isArray(value) ? "list" : isObject(value) ? "map" : typeof value;
    return found === property.type ? [] : [{ property: name, reason: `expected a ${property.type}, found a ${found}` }];
}

/** What is wrong with the inputs of a resource, all at once. */
function failuresOf(type: LogicalType, inputs: PropertyMap): CheckFailure[] {
    const failures: CheckFailure[] = [];
    for (const [name, value] of Object.entries(inputs)) {
        const property = type.properties[name];
        const refused = type.refused?.[name];
        if (refused !== undefined) failures.push({ property: name, reason: `not supported by the embedded engine: ${refused}` });
        else if (property) failures.push(...typeFailure(name, property, value));
        else failures.push({ property: name, reason: `unknown property; known are ${Object.keys(type.properties).join(", ")}` });
    }
    for (const [name, property] of Object.entries(type.properties)) {
        if (property.required && (inputs[name] ?? null) === null) failures.push({ property: name, reason: "required, but missing" });
    }
    return failures.length ? failures : (type.validate?.(complete(type, inputs)) ?? []);
}

function complete(type: LogicalType, inputs: PropertyMap): PropertyMap {
    const given = Object.fromEntries(Object.entries(inputs).filter(([name, value]) => value !== null && !isEmptyMap(type, name, value)));
    const defaults = Object.entries(type.properties).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]]));
    const filled: PropertyMap = { ...Object.fromEntries(defaults), ...given };
    return type.complete ? { ...filled, ...type.complete(given) } : filled;
}

/** A map without values says as much as none. */
function isEmptyMap(type: LogicalType, name: string, value: PropertyValue): boolean {
    return type.properties[name]?.type === "map" && isObject(value) && Object.values(value).every((item) => item === null);
}

function sealed(type: LogicalType, outputs: PropertyMap): PropertyMap {
    const seal = (name: string, value: PropertyValue) => (type.secrets?.includes(name) ? new Secret(value) : value);
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, seal(name, value)]));
}

function difference(type: LogicalType, olds: { inputs: PropertyMap; outputs: PropertyMap }, news: PropertyMap, ignored: readonly string[]) {
    const replaces = (property: string) => !type.properties[property]?.inPlace;
    const changes = changedPaths(complete(type, olds.inputs), complete(type, news), ignored);
    const renewal = type.renewal?.({ ...olds.outputs, ...complete(type, news) });
    if (renewal !== undefined) changes.set(renewal, "update");
    const detailed = detailedDiff(changes, replaces);
    const replaced = [...new Set([...changes.keys()].map(rootOf).filter(replaces))];
    return { changes: changes.size > 0, replaces: replaced, detailedDiff: detailed } satisfies DiffResult;
}

async function adopted(type: LogicalType, token: string, id: string): Promise<ReadResult> {
    if (!type.adopt) throw new UserError(`${token} cannot be imported: it exists nowhere but in the state that made it`);
    const { id: own, inputs, values } = await type.adopt(id);
    return { id: own, inputs, props: sealed(type, { ...complete(type, inputs), ...values }) };
}

/**
 * A provider of logical resources. `types` is keyed by type token. A type that is not in the table is refused with a
 * `UserError` that names it.
 */
export function logicalProvider(
    name: string,
    version: string,
    types: Readonly<Record<string, LogicalType>>,
    functions: Readonly<Record<string, LogicalFunction>> = {},
): ResourceProvider {
    const lookUp = (urn: string): LogicalType => {
        const token = typeOf(urn);
        const type = types[token];
        if (type) return type;
        throw new UserError(`${token} is not supported by the embedded engine; the ${name} provider has ${Object.keys(types).join(", ")}`);
    };
    return {
        name,
        version,
        checkConfig: async (_urn, _olds, news) => ({ inputs: news }),
        diffConfig: async () => ({ changes: false, replaces: [] }),
        configure: async () => {},
        check: async (urn, _olds, news) => {
            const inputs = Object.fromEntries(Object.entries(news).filter(([key]) => !key.startsWith("__")));
            return { inputs, failures: failuresOf(lookUp(urn), inputs) };
        },
        diff: async (_id, urn, olds, news, ignored) => difference(lookUp(urn), olds, news, ignored),
        create: async (urn, inputs, context) => {
            const type = lookUp(urn);
            const filled = complete(type, inputs);
            if (context.preview) {
                const unknown = Object.fromEntries(type.computed.map((key) => [key, Unknown.instance]));
                return { id: "", outs: sealed(type, { ...unknown, ...filled }) };
            }
            const { id, values } = await type.generate(filled);
            return { id, outs: sealed(type, { ...filled, ...values }) };
        },
        update: async (_id, urn, olds, news) => {
            const type = lookUp(urn);
            const outputs: PropertyMap = { ...olds.outputs, ...complete(type, news) };
            return { outs: sealed(type, { ...outputs, ...type.refresh?.(outputs) }) };
        },
        read: async (id, urn, olds) => {
            const type = lookUp(urn);
            if (!olds) return await adopted(type, typeOf(urn), id);
            return { id, inputs: olds.inputs, props: sealed(type, { ...olds.outputs, ...type.refresh?.(olds.outputs) }) };
        },
        delete: async () => {},
        invoke: async (token, args) => {
            const call = Object.hasOwn(functions, token) ? functions[token] : undefined;
            if (!call) throw new UserError(`the function ${token} is not supported by the embedded engine`);
            return await call(Object.fromEntries(Object.entries(args as PropertyMap).filter(([key]) => !key.startsWith("__"))));
        },
        close: async () => {},
    };
}
