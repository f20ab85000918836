/** The settings' reference, made from the schema: what each field takes, what it is when it is left out, what it means. */
import { z } from "zod";
import { address, cidr, path } from "../../stacks/primitives.ts";
import { definitionOf, kindsOf, unwrapped } from "../schema/tree.ts";

/** One field of the reference. */
export interface Field {
    /** From the setting it is in: `nodes[].address`. */
    readonly path: string;
    /** What is written there, such as `1 to 65535`. */
    readonly value: string;
    /** What it is when it is left out; undefined where it must be given. */
    readonly fallback: string | undefined;
    readonly meaning: string;
}

/** The fields of a setting, or of one of its kinds. */
export interface FieldGroup {
    /** The word that chooses the kind; undefined where there is one kind only. */
    readonly kind: string | undefined;
    readonly meaning: string;
    readonly fields: readonly Field[];
}

/** What is written for schemas that bring no words of their own. */
const WORDS = z
    .registry<{ readonly value: string }>()
    .add(address, { value: "IP address" })
    .add(cidr, { value: "address range" })
    .add(path, { value: "path" });

/** Words that a schema, or one inside a default, was given. */
function metaOf(schema: z.ZodType): { readonly description?: string | undefined; readonly value?: string | undefined } {
    const { innerType } = definitionOf(schema);
    const inner = innerType ? metaOf(innerType) : {};
    const { value } = (schema.meta() ?? {}) as { readonly value?: string };
    return { description: schema.description ?? inner.description, value: value ?? WORDS.get(schema)?.value ?? inner.value };
}

/** What a value means, without what is said of its default. */
const meaningOf = (schema: z.ZodType): string => (metaOf(schema).description ?? "").replace(/; default: .*$/, "");

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function oneOf(values: readonly unknown[]): string {
    const words = values.map(code);
    const last = words.pop() ?? "";
    return words.length === 0 ? last : `${words.join(", ")} or ${last}`;
}

function numbers(schema: z.ZodType): string {
    const { minValue, maxValue } = schema as z.ZodNumber;
    return `${minValue} to ${maxValue}`;
}

/** What a schema takes, in words. */
export function valueOf(schema: z.ZodType): string {
    const inner = unwrapped(schema);
    const { value } = metaOf(schema);
    if (value !== undefined) return value;
    const { type, entries, values, options, element, discriminator } = definitionOf(inner);
    switch (type) {
        case "enum":
            return oneOf(Object.values(entries ?? {}));
        case "literal":
            return oneOf(values ?? []);
        case "union":
            return discriminator === undefined ? (options ?? []).map(valueOf).join(" or ") : "object";
        case "number":
            return numbers(inner);
        case "boolean":
            return "`true` or `false`";
        case "array":
            return `list, each: ${element ? valueOf(element) : "text"}`;
        case "record":
            return "map";
        case "object":
            return "object";
        default:
            return "text";
    }
}

/** A value as YAML on one line. */
export function inline(value: unknown): string {
    if (Array.isArray(value)) return value.length === 0 ? "[]" : `[${value.map(inline).join(", ")}]`;
    if (typeof value !== "object" || value === null) return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
    const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inline(inner)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** The default of a setting; undefined where it has none. */
export const defaultOf = (schema: z.ZodType): unknown => definitionOf(schema).defaultValue;

function fallbackOf(schema: z.ZodType): string | undefined {
    const value = defaultOf(schema);
    if (value !== undefined) return code(inline(value));
    if (definitionOf(schema).type !== "optional") return undefined;
    return /; default: (.*)$/.exec(metaOf(schema).description ?? "")?.[1] ?? "none";
}

/** A field, and those inside it. */
function fieldsOf(path: string, schema: z.ZodType): readonly Field[] {
    const field: Field = { path, value: valueOf(schema), fallback: fallbackOf(schema), meaning: meaningOf(schema) };
    return [field, ...inside(path, unwrapped(schema))];
}

function inside(path: string, schema: z.ZodType): readonly Field[] {
    const { shape, element, valueType, options = [], discriminator } = definitionOf(schema);
    if (shape) return Object.entries(shape).flatMap(([name, inner]) => fieldsOf(path === "" ? name : `${path}.${name}`, inner));
    if (element) return inside(`${path}[]`, unwrapped(element));
    if (valueType) return inside(path === "" ? "" : `${path}.<name>`, unwrapped(valueType));
    if (discriminator === undefined) return [];
    const kinds = options.flatMap((member) => kindsOf(member, discriminator));
    const chooser: Field = {
        path: `${path}.${discriminator}`,
        value: oneOf(kinds),
        fallback: undefined,
        meaning: "decides which other fields there are",
    };
    return [
        chooser,
        ...options.flatMap((member) =>
            Object.entries(definitionOf(member).shape ?? {})
                .filter(([name]) => name !== discriminator)
                .flatMap(([name, inner]) => fieldsOf(`${path}.${name}`, inner))
                .map((field) => ({ ...field, meaning: `${field.meaning} (${discriminator} ${oneOf(kindsOf(member, discriminator))})` })),
        ),
    ];
}

/** The field that chooses the kind of a setting; undefined where there is one kind only. */
export const chooserOf = (schema: z.ZodType): string | undefined => definitionOf(unwrapped(schema)).discriminator;

/** What a setting has inside; nothing where its value is a word, a number or a list of them. */
export function groupsOf(schema: z.ZodType): readonly FieldGroup[] {
    const inner = unwrapped(schema);
    const { options = [], discriminator } = definitionOf(inner);
    if (discriminator === undefined) {
        const fields = inside("", inner);
        return fields.length === 0 ? [] : [{ kind: undefined, meaning: "", fields }];
    }
    return options.map((member) => ({
        kind: String(kindsOf(member, discriminator)[0]),
        meaning: meaningOf(member),
        fields: inside("", member).filter((field) => field.path !== discriminator),
    }));
}
