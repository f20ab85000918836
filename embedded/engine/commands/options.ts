/** The options of each command, one table per command: what is parsed, refused and explained comes from here. */
import { UserError } from "../../common/errors.ts";
import type { Scope } from "../run.ts";
import type { OptionTable, Values } from "./arguments.ts";

const flag = (help: string, short?: string) => ({ type: "boolean", help, ...(short !== undefined && { short }) }) as const;
const text = (help: string, short?: string) => ({ type: "string", help, ...(short !== undefined && { short }) }) as const;
const list = (help: string, short?: string) => ({ type: "list", help, ...(short !== undefined && { short }) }) as const;

/** Of every command. */
const COMMON = {
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
    "show-replacement-steps": flag("with --diff and --json, list the steps of a replacement one by one"),
    "suppress-outputs": flag("do not show the stack's outputs", "O"),
    "suppress-progress": flag("show only what is done, not what is running"),
    "suppress-permalink": flag("accepted and without meaning: there is none"),
    "continue-on-error": flag("go on with what does not depend on a failed resource"),
    "exec-kind": text("what runs the command, for the history"),
    "exec-agent": text("whose agent runs the command, for the history"),
} satisfies OptionTable;

const SCOPE = {
    target: list("a URN that the operation is about, with * and ** for parts of it; may be repeated", "t"),
    "target-dependents": flag("with --target, what depends on the targets as well"),
    exclude: list("a URN that the operation is not about, with * and ** for parts of it; may be repeated", "x"),
    "exclude-dependents": flag("with --exclude, not what depends on them either"),
} satisfies OptionTable;

const GOVERNED = {
    "policy-pack": list("a folder with a policy pack whose rules apply; may be repeated"),
    "policy-pack-config": list("a JSON file that sets the policies of a pack, one per pack in the same order"),
    "show-policy-remediations": flag("list what policies corrected one by one"),
} satisfies OptionTable;

const CONFIRM = { yes: flag("do not ask", "y"), "skip-preview": flag("do not show a preview first", "f") } satisfies OptionTable;

const SAVE_PLAN = { "save-plan": text("write what the preview decides to this file, for up --plan") } satisfies OptionTable;
const PLAN = {
    plan: text("hold the update to the plan in this file"),
    strict: flag("hold the update to what its preview decided"),
} satisfies OptionTable;

export const PREVIEW = {
    ...DISPLAY,
    ...SCOPE,
    ...GOVERNED,
    ...SAVE_PLAN,
    refresh: flag("look at the real objects first", "r"),
} satisfies OptionTable;
export const UP = {
    ...DISPLAY,
    ...SCOPE,
    ...GOVERNED,
    ...PLAN,
    ...CONFIRM,
    refresh: flag("look at the real objects first", "r"),
} satisfies OptionTable;
const PROGRAM = { "run-program": flag("run the program, for what its providers are set to now and for its hooks") } satisfies OptionTable;
export const REFRESH = {
    ...DISPLAY,
    ...SCOPE,
    ...CONFIRM,
    ...PROGRAM,
    "preview-only": flag("show what would be taken into the state, and end"),
} satisfies OptionTable;
export const DESTROY = {
    ...DISPLAY,
    ...SCOPE,
    ...CONFIRM,
    ...PROGRAM,
    refresh: flag("look at the real objects first", "r"),
    "preview-only": flag("show what would be deleted, and end"),
} satisfies OptionTable;
export const OUTPUT = { ...COMMON, json: flag("print JSON", "j"), "show-secrets": flag("show secrets in clear") } satisfies OptionTable;
export const EXPORT = {
    ...COMMON,
    file: text("write to this file"),
    version: text("the state that this update of the history left"),
    "show-secrets": flag("write secrets in clear"),
} satisfies OptionTable;
export const STACK_IMPORT = {
    ...COMMON,
    file: text("read this file instead of standard input"),
    force: flag("take the state in spite of what is wrong with it", "f"),
} satisfies OptionTable;
export const HISTORY = {
    ...CONFIG,
    json: flag("print JSON", "j"),
    "show-secrets": flag("show secret settings in clear"),
    "full-dates": flag("dates in full, not how long ago"),
    "page-size": text("how many updates a page has (10; 0 for all)"),
    page: text("which page, the first being that of the newest updates"),
} satisfies OptionTable;
export const REMOVE = {
    ...CONFIG,
    yes: flag("do not ask", "y"),
    force: flag("remove it also while it has resources, which are left behind", "f"),
    "preserve-config": flag("keep the settings file"),
    "remove-backups": flag("remove its backups as well"),
} satisfies OptionTable;
const PATH = { path: flag("the key is a path into a map or a list") } satisfies OptionTable;
export const CONFIG_LIST = {
    ...CONFIG,
    json: flag("print JSON", "j"),
    "show-secrets": flag("show secrets in clear"),
} satisfies OptionTable;
export const CONFIG_GET = { ...CONFIG, ...PATH, json: flag("print JSON", "j") } satisfies OptionTable;
export const CONFIG_SET = {
    ...CONFIG,
    ...PATH,
    secret: flag("encrypt the value"),
    plaintext: flag("do not encrypt the value, whatever it looks like"),
    type: text("string, bool, int or float"),
    raw: flag("keep the line break at the end of what is read from standard input"),
} satisfies OptionTable;
export const CONFIG_REMOVE = { ...CONFIG, ...PATH } satisfies OptionTable;
export const IMPORT = {
    ...DISPLAY,
    yes: CONFIRM.yes,
    "skip-preview": flag("do not show a preview first"),
    "preview-only": flag("show what would be imported, and end"),
    file: text("a JSON file that lists the objects", "f"),
    out: text("write the code for the program to this file", "o"),
    "generate-code": flag("print code for the program (default; --generate-code=false leaves it out)"),
    protect: flag("protect the objects from deletion (default; --protect=false leaves them unprotected)"),
    parent: text("the parent: its name in the code, an equals sign, its URN"),
    provider: text("the provider: its name in the code, an equals sign, its URN"),
} satisfies OptionTable;
export const LIST = { ...COMMON, json: flag("print JSON", "j") } satisfies OptionTable;
export const INIT = CONFIG;
export const SELECT = { ...COMMON, create: flag("make the stack when there is none", "c") } satisfies OptionTable;
export const CANCEL = { ...COMMON, yes: flag("do not ask", "y") } satisfies OptionTable;

/** Every option there is, for the code that does not care which command it serves. */
type EveryOption = typeof PREVIEW &
    typeof UP &
    typeof REFRESH &
    typeof DESTROY &
    typeof EXPORT &
    typeof STACK_IMPORT &
    typeof SELECT &
    typeof HISTORY &
    typeof REMOVE &
    typeof CONFIG_GET &
    typeof CONFIG_SET &
    typeof IMPORT;
export type Options = Values<EveryOption>;

/** Whether the user has agreed to what the command does before it asks. */
export function agreed(options: Options): boolean {
    return (
        options.yes === true || options["skip-preview"] === true || ["1", "true"].includes(process.env["PULUMI_SKIP_CONFIRMATIONS"] ?? "")
    );
}

/** @throws UserError when targets and exclusions are mixed, or nothing is named that could have dependents */
export function scopeOf(options: Options): Scope | undefined {
    const { target = [], exclude = [] } = options;
    if (target.length && exclude.length)
        throw new UserError("--target and --exclude cannot be used together: name what to do, or what to leave.");
    for (const [given, option] of [
        [target, "target"],
        [exclude, "exclude"],
    ] as const)
        if (options[`${option}-dependents`] && !given.length)
            throw new UserError(`--${option}-dependents says what to do with the dependents of a --${option}: name one.`);
    if (!target.length && !exclude.length) return undefined;
    return {
        targets: target,
        targetDependents: options["target-dependents"] === true,
        excludes: exclude,
        excludeDependents: options["exclude-dependents"] === true,
    };
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
