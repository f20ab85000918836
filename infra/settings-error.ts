import type { z } from "zod";
import { nearest } from "./nearest.ts";

/** Settings that cannot be used. Its message lists all that is wrong with them. */
export class SettingsError extends Error {
    // What the commands show as a sentence, without a stack.
    override readonly name = "UserError";
    /** One sentence for each problem, each beginning with the setting's key. */
    readonly problems: readonly string[];

    constructor(problems: readonly string[]) {
        const count = problems.length === 1 ? "a setting is wrong" : `${problems.length} settings are wrong`;
        super(`${count}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
        this.problems = problems;
    }
}

function keyOf(path: readonly PropertyKey[]): string {
    const parts = path.map((part) =>
        typeof part === "number" ? `[${part}]` : /^[\w-]+$/.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(String(part))}]`,
    );
    return `mcp-platform:${parts.join("").replace(/^\./, "")}`;
}

function found(input: unknown): string {
    if (input === undefined) return "is missing";
    const text = JSON.stringify(input) ?? String(input);
    return `is ${text.length > 80 ? `${text.slice(0, 77)}…` : text}`;
}

/** The schema at a path, without what a default or an optional wraps around it. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): Definition {
    let here: unknown = schema;
    for (const part of [...path, undefined]) {
        while (unwrap(here)) here = unwrap(here);
        if (part === undefined) break;
        const { shape, valueType } = definition(here);
        here = shape?.[String(part)] ?? valueType;
    }
    return definition(here);
}

interface Definition {
    readonly shape?: Readonly<Record<string, unknown>>;
    readonly valueType?: unknown;
    readonly innerType?: unknown;
    readonly options?: readonly unknown[];
    readonly values?: readonly unknown[];
}

const definition = (schema: unknown): Definition => (schema as { readonly def?: Definition } | undefined)?.def ?? {};

/** What is inside a default or an optional; of a union with one member, the member. */
function unwrap(schema: unknown): unknown {
    const { innerType, options } = definition(schema);
    return innerType ?? (options?.length === 1 ? options[0] : undefined);
}

/** Sentences for one issue: the key, what was found, what to do. */
export function sentenceOf(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
    if (issue.code === "unrecognized_keys") {
        const known = Object.keys(schemaAt(schema, issue.path).shape ?? {});
        return issue.keys.map((key) => {
            const close = nearest(key, known);
            return `${keyOf([...issue.path, key])} is not a setting: ${close ? `did you mean ${close}?` : `there are ${known.join(", ")}`}`;
        });
    }
    if (issue.code === "invalid_key") return issue.issues.map((inner) => `${keyOf(issue.path)} is not a name for it: ${inner.message}`);
    if (issue.code === "invalid_union" && issue.discriminator !== undefined) return [kindOf(issue, issue.discriminator, schema)];
    return [`${keyOf(issue.path)} ${found(issue.input)}: ${fixOf(issue)}`];
}

/** A sentence about the field that tells the members of a union apart. */
function kindOf({ path, input }: z.core.$ZodIssueInvalidUnion, field: string, schema: z.ZodType): string {
    const { options, shape } = schemaAt(schema, path.slice(0, -1));
    const members = options ? options.map(definition) : [{ shape: shape ?? {} }];
    const kinds = members.flatMap((member) => definition(member.shape?.[field]).values ?? []);
    return `${keyOf(path)} ${found((input as Readonly<Record<string, unknown>>)[field])}: use ${listOf(kinds)}`;
}

const listOf = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).join(" or ");

const numbers: readonly unknown[] = ["int", "number"];

function fixOf(issue: z.core.$ZodIssue): string {
    switch (issue.code) {
        case "invalid_value":
            return `use ${listOf(issue.values)}`;
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
    object: "an object",
    record: "an object",
    array: "a list",
};
