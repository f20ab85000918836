/** `docs/settings.md`, made from the schema and the rules. */
import { CAUTIONS, RULES } from "../rules/index.ts";
import type { Rule } from "../rules/rule.ts";
import { settingsSchema, type Settings } from "../schema/settings.ts";
import { chooserOf, defaultOf, groupsOf, inline, valueOf, type Field, type FieldGroup } from "./fields.ts";
import { NOTES } from "./notes.ts";

const INTRODUCTION = `# Settings

A stack's settings are in \`Pulumi.<stack>.yaml\`; the defaults are in \`Pulumi.yaml\`. Keys belong to the project: \`domain\` is written
\`mcp-platform:domain\`. Everything that is wrong with a stack's settings is reported at once, before anything is made, each with its key,
what was found and what to write instead.

This page is made from the schema in \`infra/schema/\` and the rules in \`infra/rules/\` by \`npm run settings-docs\`.`;

const cell = (text: string): string => text.replaceAll("|", "\\|");

const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
    return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

type SettingName = keyof Settings;

const names = Object.keys(settingsSchema.shape) as SettingName[];

function overview(): string {
    const rows = names.map((name) => {
        const schema = settingsSchema.shape[name];
        const { description = "" } = schema;
        const fallback = defaultOf(schema);
        const groups = groupsOf(schema);
        const key = groups.length > 0 || NOTES[name] ? `[\`${name}\`](#${name.toLowerCase()})` : `\`${name}\``;
        return [
            key,
            groups.length > 0 ? "object" : valueOf(schema),
            fallback === undefined ? "none" : `\`${inline(fallback)}\``,
            description,
        ];
    });
    return table(["key", "value", "default", "meaning"], rows);
}

function fieldTable(fields: readonly Field[]): string {
    const rows = fields.map(({ path, value, fallback, meaning }) => [`\`${path}\``, value, fallback ?? "required", meaning]);
    return table(["field", "value", "default", "meaning"], rows);
}

/** The kinds of a setting: what each means, then the fields of those that have some. */
function kinds(chooser: string, groups: readonly FieldGroup[], fallback: unknown): string {
    const usual = (fallback as Readonly<Record<string, unknown>> | undefined)?.[chooser];
    const rows = groups.map(({ kind = "", meaning }) => [`\`${kind}\`${kind === usual ? " (default)" : ""}`, meaning]);
    const fields = groups
        .filter((group) => group.fields.length > 0)
        .map((group) => `With \`${chooser}: ${group.kind}\`:\n\n${fieldTable(group.fields)}`);
    return [table([`\`${chooser}\``, "meaning"], rows), ...fields].join("\n\n");
}

function section(name: SettingName): string[] {
    const schema = settingsSchema.shape[name];
    const groups = groupsOf(schema);
    const note = NOTES[name];
    if (groups.length === 0 && note === undefined) return [];
    const chooser = chooserOf(schema);
    const [first] = groups;
    const fields = chooser !== undefined ? kinds(chooser, groups, defaultOf(schema)) : first ? fieldTable(first.fields) : undefined;
    return [[`## \`${name}\``, fields, note].filter((part) => part !== undefined).join("\n\n")];
}

const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const isStrict = (rule: Rule): boolean => rule.keys.includes("strictProd");

const settingsOf = ({ keys }: Rule): string =>
    keys
        .filter((key) => key !== "strictProd")
        .map((key) => `\`${key}\``)
        .join(", ") || "all";

const ruleTable = (rules: readonly Rule[]): string =>
    table(
        ["rule", "settings"],
        rules.map((rule) => [upper(rule.says), settingsOf(rule)]),
    );

function rules(): string {
    const parts = [
        ["What two settings may not say together:", RULES.filter((rule) => !isStrict(rule))],
        ["With `strictProd: true`:", RULES.filter(isStrict)],
        ["What is allowed, with a warning:", CAUTIONS],
    ] as const;
    return ["## Rules", ...parts.map(([title, list]) => `${title}\n\n${ruleTable(list)}`)].join("\n\n");
}

/** The whole page. */
export function settingsPage(): string {
    return `${[INTRODUCTION, overview(), ...names.flatMap(section), rules()].join("\n\n")}\n`;
}
