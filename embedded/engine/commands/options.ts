/** The options of each command, one table per command: what is parsed, refused and explained comes from here. */
import { UserError } from "../../common/errors.ts";
import type { OptionTable } from "./arguments.ts";

const flag = (help: string, short?: string) => ({ type: "boolean", help, ...(short !== undefined && { short }) }) as const;
const text = (help: string, short?: string) => ({ type: "string", help, ...(short !== undefined && { short }) }) as const;
const list = (help: string) => ({ type: "list", help }) as const;

/** Of every command. */
export const COMMON = {
    stack: text("the stack; default: $PULUMI_STACK, the selected one, or the only one", "s"),
    cwd: text("the folder to work in", "C"),
    color: text("always, never, raw or auto"),
    "non-interactive": flag("ask nothing"),
    help: flag("show this help", "h"),
} satisfies OptionTable;

const CONFIG = { ...COMMON, "config-file": text("the settings file, instead of Pulumi.<stack>.yaml") } satisfies OptionTable;

const DISPLAY = {
    ...CONFIG,
    diff: flag("show what differs in each resource"),
    json: flag("print a digest of the operation as JSON", "j"),
    parallel: text("how many steps may run at once", "p"),
    message: text("a message for the history", "m"),
    "expect-no-changes": flag("end with an error when there are changes"),
    "show-secrets": flag("show secrets in clear"),
    "show-sames": flag("show what does not change as well"),
    "suppress-outputs": flag("do not show the stack's outputs", "O"),
    "suppress-progress": flag("show only what is done, not what is running"),
    "suppress-permalink": flag("accepted and without meaning: there is none"),
    "continue-on-error": flag("go on with what does not depend on a failed resource"),
} satisfies OptionTable;

const GOVERNED = {
    "policy-pack": list("a folder with a policy pack whose rules apply; may be repeated"),
    "policy-pack-config": list("a JSON file that sets the policies of a pack, one per pack in the same order"),
} satisfies OptionTable;

const CONFIRM = { yes: flag("do not ask", "y"), "skip-preview": flag("do not show a preview first", "f") } satisfies OptionTable;

const SAVE_PLAN = { "save-plan": text("write what the preview decides to this file, for up --plan") } satisfies OptionTable;
const PLAN = { plan: text("hold the update to the plan in this file") } satisfies OptionTable;

export const PREVIEW = {
    ...DISPLAY,
    ...GOVERNED,
    ...SAVE_PLAN,
    refresh: flag("look at the real objects first", "r"),
} satisfies OptionTable;
export const UP = {
    ...DISPLAY,
    ...GOVERNED,
    ...PLAN,
    ...CONFIRM,
    refresh: flag("look at the real objects first", "r"),
} satisfies OptionTable;
export const REFRESH = {
    ...DISPLAY,
    ...CONFIRM,
    "preview-only": flag("show what would be taken into the state, and end"),
} satisfies OptionTable;
export const DESTROY = {
    ...DISPLAY,
    ...CONFIRM,
    refresh: flag("look at the real objects first", "r"),
    "preview-only": flag("show what would be deleted, and end"),
} satisfies OptionTable;
export const OUTPUT = { ...COMMON, json: flag("print JSON", "j"), "show-secrets": flag("show secrets in clear") } satisfies OptionTable;
export const EXPORT = { ...COMMON, file: text("write to this file"), "show-secrets": flag("write secrets in clear") } satisfies OptionTable;
export const LIST = { ...COMMON, json: flag("print JSON", "j") } satisfies OptionTable;
export const INIT = CONFIG;
export const SELECT = { ...COMMON, create: flag("make the stack when there is none", "c") } satisfies OptionTable;
export const CANCEL = { ...COMMON, yes: flag("do not ask", "y") } satisfies OptionTable;

/** Every option there is, for the code that does not care which command it serves. */
export interface Options {
    readonly stack?: string;
    readonly cwd?: string;
    readonly color?: string;
    readonly "non-interactive"?: boolean;
    readonly "config-file"?: string;
    readonly diff?: boolean;
    readonly json?: boolean;
    readonly parallel?: string;
    readonly message?: string;
    readonly "expect-no-changes"?: boolean;
    readonly "show-secrets"?: boolean;
    readonly "show-sames"?: boolean;
    readonly "suppress-outputs"?: boolean;
    readonly "suppress-progress"?: boolean;
    readonly "continue-on-error"?: boolean;
    readonly yes?: boolean;
    readonly "skip-preview"?: boolean;
    readonly "preview-only"?: boolean;
    readonly refresh?: boolean;
    readonly "policy-pack"?: readonly string[];
    readonly "policy-pack-config"?: readonly string[];
    readonly "save-plan"?: string;
    readonly plan?: string;
    readonly file?: string;
    readonly create?: boolean;
}

/** Pulumi's default: enough to keep a slow API busy, few enough not to drown it. */
const DEFAULT_PARALLEL = 16;

export function parallelOf(options: Options): number {
    const given = options.parallel ?? process.env["PULUMI_PARALLEL"];
    if (given === undefined) return DEFAULT_PARALLEL;
    const value = Number(given);
    if (!Number.isInteger(value) || value < 0) throw new UserError(`--parallel must be a whole number (0: no limit), found "${given}".`);
    return value;
}

const COLORS = ["always", "never", "raw", "auto"];

export function checkColor(options: Options): void {
    if (options.color !== undefined && !COLORS.includes(options.color))
        throw new UserError(`--color must be one of ${COLORS.join(", ")}, found "${options.color}".`);
}
