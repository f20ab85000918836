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

/** Keys that the schema has at a path, as far as they are the same for every value. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
    let here: unknown = schema;
    for (const part of [...path, undefined]) {
        while (unwrap(here)) here = unwrap(here);
        if (part === undefined) break;
        const { shape, valueType } = definition(here);
        here = shape?.[String(part)] ?? valueType;
    }
    return Object.keys(definition(here).shape ?? {});
}

interface Definition {
    readonly shape?: Readonly<Record<string, unknown>>;
    readonly valueType?: unknown;
    readonly innerType?: unknown;
    readonly options?: readonly unknown[];
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
        const known = knownKeys(schema, issue.path);
        return issue.keys.map((key) => {
            const close = nearest(key, known);
            return `${keyOf([...issue.path, key])} is not a setting: ${close ? `did you mean ${close}?` : `there are ${known.join(", ")}`}`;
        });
    }
    if (issue.code === "invalid_key") return issue.issues.map((inner) => `${keyOf(issue.path)} is not a name for it: ${inner.message}`);
    return [`${keyOf(issue.path)} ${found(issue.input)}: ${fixOf(issue)}`];
}

function fixOf(issue: z.core.$ZodIssue): string {
    if (issue.code === "invalid_value") return `use ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    if (issue.code === "invalid_union") return "use one of the topologies that docs/topologies.md describes";
    if (issue.code === "too_small" && issue.origin === "int") return `use ${issue.minimum} or more`;
    if (issue.code === "too_big" && issue.origin === "int") return `use ${issue.maximum} or less`;
    if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
        return `give ${issue.expected === "int" ? "a whole number" : `${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`}`;
    return issue.message;
}
