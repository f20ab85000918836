/**
 * Settings: what a stack's configuration may say, checked as a whole before anything is made. `Pulumi.yaml` lists every
 * key with its default; `docs/settings.md` explains them.
 */
import type { z } from "zod";
import { sentencesOf } from "./issues.ts";
import { CAUTIONS, RULES } from "./rules/index.ts";
import type { Rule, RuleContext } from "./rules/rule.ts";
import { settingsSchema, type Settings } from "./schema/settings.ts";
import { definitionOf } from "./schema/tree.ts";
import { isFound, isHidden, NOT_SHOWN, sentence } from "./sentences.ts";
import { SettingsError } from "./settings-error.ts";

export { settingsSchema, type Settings } from "./schema/settings.ts";
export { SettingsError } from "./settings-error.ts";

/** The project's name, and the namespace of its keys. */
export const PROJECT = "mcp-platform";

/** What is known of a configuration beside its values. */
export interface ConfigurationFacts {
    /** Keys that have an encrypted value in them, with the project's name or without: `PULUMI_CONFIG_SECRET_KEYS`. */
    readonly secretKeys?: readonly string[];
    /** Keys that have a value which could not be read. What goes with it cannot be judged. */
    readonly unreadKeys?: readonly string[];
}

type SettingName = keyof Settings;

const schemaOf = (key: string): z.ZodType | undefined => settingsSchema.shape[key as SettingName];

/** Whether a setting's value is text as it is; all others are written as JSON in a stack's configuration. */
function isText(key: string): boolean {
    const inner = (schema: z.ZodType | undefined): string | undefined => {
        const { innerType, type } = definitionOf(schema);
        return innerType ? inner(innerType) : type;
    };
    return ["string", "enum"].includes(inner(schemaOf(key)) ?? "");
}

function decode(key: string, value: string): unknown {
    if (isText(key)) return value;
    try {
        return JSON.parse(value) as unknown;
    } catch {
        return value;
    }
}

/** Whether a value says that a setting is not set: empty text, or an empty object where a setting has no default. */
const isAbsent = (key: string, value: string): boolean =>
    value === "" || (value === "{}" && definitionOf(schemaOf(key)).type === "optional");

/** A key without the project's name; undefined when it is another package's. */
function ownKey(full: string): string | undefined {
    const [namespace, key] = full.includes(":") ? (full.split(":", 2) as [string, string]) : [PROJECT, full];
    return namespace === PROJECT ? key : undefined;
}

const ownKeys = (keys: readonly string[] = []): string[] => keys.flatMap((key) => ownKey(key) ?? []);

/** The project's own settings among a configuration; keys may carry its name in front. */
function ownSettings(config: Readonly<Record<string, string>>): Record<string, unknown> {
    const own = Object.entries(config).flatMap(([full, value]) => {
        const key = ownKey(full);
        return key === undefined || isAbsent(key, value) ? [] : [[key, decode(key, value)] as const];
    });
    return Object.fromEntries(own);
}

/** Whether an issue is one of a server alone, of which no other depends. */
const isOfServer = ({ path }: z.core.$ZodIssue): boolean => path[0] === ("servers" satisfies SettingName) && path.length > 1;

const inside = (value: unknown, path: readonly PropertyKey[]): unknown =>
    path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value);

function remove(from: unknown, keys: readonly string[]): void {
    for (const key of keys) delete (from as Record<string, unknown> | undefined)?.[key];
}

/** What remains of settings without unknown keys, at any depth, without servers that are wrong in themselves, and without other such keys. */
function usable(own: Readonly<Record<string, unknown>>, issues: readonly z.core.$ZodIssue[], wrong: ReadonlySet<string>): unknown {
    const rest: Record<string, unknown> = structuredClone(own);
    for (const key of wrong) delete rest[key];
    for (const issue of issues) {
        if (issue.code === "unrecognized_keys") remove(inside(rest, issue.path), issue.keys);
        else if (isOfServer(issue)) remove(rest["servers"], [String(issue.path[1])]);
    }
    return rest;
}

/** The sentences of the rules that find something, of those that read none of the wrong settings. */
function ask(rules: readonly Rule[], settings: Settings, context: RuleContext, wrong: ReadonlySet<string>): string[] {
    return rules
        .filter(({ keys }) => !keys.some((key) => wrong.has(key)))
        .flatMap((rule) => rule.check(settings, context))
        .map(({ path, found, fix }) => {
            const value = inside(settings, path);
            return sentence(path, found ?? (value !== undefined && isHidden(path) ? NOT_SHOWN : isFound(value)), fix);
        });
}

/**
 * Reads a stack's configuration, values as Pulumi hands them to a program: text, or JSON for what is not text.
 * @throws SettingsError with everything that is wrong, one sentence each: the key, what was found, what to do
 */
export function parseSettings(config: Readonly<Record<string, string>>, facts: ConfigurationFacts = {}): Settings {
    const own = ownSettings(config);
    const secretKeys = new Set(ownKeys(facts.secretKeys));
    const parsed = settingsSchema.safeParse(own, { reportInput: true });
    const issues = parsed.error?.issues ?? [];
    const problems = issues.flatMap((issue) => sentencesOf(issue, { schema: settingsSchema, input: own, secretKeys }));
    const wrong = new Set([
        ...ownKeys(facts.unreadKeys),
        ...issues.filter((issue) => issue.code !== "unrecognized_keys" && !isOfServer(issue)).map(({ path }) => String(path[0])),
    ]);
    const rest = parsed.success ? parsed : settingsSchema.safeParse(usable(own, issues, wrong));
    if (rest.success) problems.push(...ask(RULES, rest.data, { secretKeys }, wrong));
    if (parsed.success && problems.length === 0) return parsed.data;
    throw new SettingsError(problems);
}

/** What works and yet deserves a word before it is made: sentences like those of errors. */
export function cautionsOf(settings: Settings): readonly string[] {
    return ask(CAUTIONS, settings, { secretKeys: new Set() }, new Set());
}
