/** From what the schema finds to sentences. */
import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { alternatives, isFound, isHidden, keyOf, NOT_SHOWN, sentence } from "./sentences.ts";
import { definitionOf, kindsOf, schemasAlong, unwrapped } from "./schema/tree.ts";

/** What was read, and which of it is encrypted. */
export interface Read {
    readonly schema: z.ZodType;
    readonly input: unknown;
    readonly secretKeys: ReadonlySet<string>;
}

/** Sentences for one issue: the key, what was found, what to do. */
export function sentencesOf(issue: z.core.$ZodIssue, read: Read): string[] {
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(issue.path, key, read));
    if (issue.code === "invalid_key") return issue.issues.map((inner) => `${keyOf(issue.path)} is not a name for it: ${inner.message}`);
    if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
        const found = (issue.input as Readonly<Record<string, unknown>>)[issue.discriminator];
        return [sentence(issue.path, isFound(found), `use ${alternatives(kindsAt(issue.path, read))}`)];
    }
    return [sentence(issue.path, foundAt(issue, read), fixOf(issue))];
}

/** A value beside an encrypted one is shown only where it can be nothing but a word of the schema's own, a number or a flag. */
function foundAt({ path, input }: z.core.$ZodIssue, { secretKeys, schema, input: whole }: Read): string {
    if (input === undefined) return isFound(input);
    const { type } = definitionOf(schemasAlong(schema, path, whole).at(-1));
    const harmless = ["enum", "literal", "number", "boolean"].includes(type ?? "");
    return isHidden(path) || (secretKeys.has(String(path[0])) && !harmless) ? NOT_SHOWN : isFound(input);
}

/** The values that the discriminator at the end of a path can have. */
function kindsAt(path: readonly PropertyKey[], { schema, input }: Read): readonly unknown[] {
    const union = definitionOf(schemasAlong(schema, path.slice(0, -1), input).at(-1));
    return (union.options ?? []).flatMap((member) => kindsOf(member, String(path.at(-1))));
}

/** A key that is not there, with the nearest that is, or with the kind of setting that it belongs to. */
function unknownKey(path: readonly PropertyKey[], key: string, { schema, input }: Read): string {
    const along = schemasAlong(schema, path, input);
    const known = Object.keys(definitionOf(along.at(-1)).shape ?? {});
    const named = keyOf([...path, key]);
    const owners = ownersOf(key, path, { schema, input });
    if (owners) return `${named} is not a setting here: it belongs to ${owners}; remove it or choose that`;
    const close = nearest(key, known);
    return `${named} is not a setting: ${close ? `did you mean ${close}?` : `there are ${known.join(", ")}`}`;
}

/** `mode "acme"`, when another member of the union at a path has the key. */
function ownersOf(key: string, path: readonly PropertyKey[], { schema, input }: Pick<Read, "schema" | "input">): string | undefined {
    const before = path.slice(0, -1);
    const container = schemasAlong(schema, before, input).at(-1);
    const { shape, valueType, element } = definitionOf(container);
    const field = path.length === 0 ? undefined : (shape?.[String(path.at(-1))] ?? valueType ?? element);
    if (!field) return undefined;
    const { options = [], discriminator } = definitionOf(unwrapped(field));
    if (discriminator === undefined) return undefined;
    const members = options.filter((member) => Object.hasOwn(definitionOf(member).shape ?? {}, key));
    const kinds = members.flatMap((member) => kindsOf(member, discriminator));
    return kinds.length === 0 ? undefined : `${discriminator} ${alternatives(kinds)}`;
}

const numbers: readonly unknown[] = ["int", "number"];

function fixOf(issue: z.core.$ZodIssue): string {
    switch (issue.code) {
        case "invalid_value":
            return `use ${alternatives(issue.values)}`;
        case "too_small":
            return numbers.includes(issue.origin) && isDefault(issue) ? `use ${issue.minimum} or more` : issue.message;
        case "too_big":
            return numbers.includes(issue.origin) && isDefault(issue) ? `use ${issue.maximum} or less` : issue.message;
        case "invalid_type":
            return isDefault(issue) ? `give ${EXPECTED[issue.expected] ?? issue.expected}` : issue.message;
        default:
            return issue.message;
    }
}

/** Whether the schema brought no words of its own. */
const isDefault = ({ message }: z.core.$ZodIssue) => /^(Invalid input|Too (big|small)): /.test(message);

const EXPECTED: Readonly<Record<string, string>> = {
    int: "a whole number",
    number: "a whole number",
    string: "text",
    boolean: "true or false",
    object: "an object",
    record: "an object",
    array: "a list",
};
