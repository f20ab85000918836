/** Reading the options of a command: Pulumi's names, and a refusal by name of what the embedded engine does not have. */
import { parseArgs } from "node:util";
import { UserError } from "../../common/errors.ts";

export interface OptionSpec {
    /** A list may be given several times, one value each. */
    readonly type: "boolean" | "string" | "list";
    readonly short?: string;
    /** For the help: one line. */
    readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The values of a table's options; what was not given is absent. */
export type Values<T extends OptionTable> = {
    readonly [K in keyof T]?: T[K]["type"] extends "boolean" ? boolean : T[K]["type"] extends "list" ? readonly string[] : string;
};

export interface Parsed<T extends OptionTable> {
    readonly values: Values<T>;
    readonly positionals: readonly string[];
}

/** Options of the official CLI that this engine does not have, by long name; shorts beside them. */
const OFFICIAL: Readonly<Record<string, string | undefined>> = {
    ...Object.fromEntries(
        "attach-debugger client config-path copilot debug emoji event-log exclude exclude-dependents exclude-protected from ignore-protect import-file import-pending-creates clear-pending-creates neo neo-task-on-failure open open-docs output plan properties remove remote replace run-program save-plan secrets-provider shell show-config show-full-output show-reads show-replacement-steps show-policy-remediations show-urns skip-config-validation skip-pending-creates skip-plugin-pre-install strict suppress-permalink target target-dependents target-replace template version logflow logtostderr memprofilerate profiling tracing verbose disable-integrity-checking fully-qualify-stack-names copy-config-from no-select teams all project tag organization urns"
            .split(" ")
            .map((name) => [name, undefined]),
    ),
    config: "c",
    target: "t",
    verbose: "v",
    debug: "d",
    emoji: "e",
};

/**
 * Reads a command's arguments.
 * @param positionals names of what may follow the options, for the error text
 * @throws UserError naming what is not understood, and what was probably meant
 */
export function readArguments<T extends OptionTable>(
    command: string,
    args: readonly string[],
    table: T,
    positionals: readonly string[] = [],
): Parsed<T> {
    const options = Object.fromEntries(
        Object.entries(table).map(([name, { type, short }]) => [
            name,
            { type: type === "boolean" ? type : ("string" as const), multiple: type === "list", ...(short !== undefined && { short }) },
        ]),
    );
    const {
        tokens,
        values,
        positionals: found,
    } = parseArgs({ args: plain(args, table), options, strict: false, allowPositionals: true, tokens: true });
    for (const token of tokens) {
        if (token.kind !== "option") continue;
        const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
        if (!spec) throw unknown(command, token.rawName, table);
        if (spec.type === "boolean" && token.value !== undefined)
            throw new UserError(`${token.rawName} takes no value except true or false, found "${token.value}".`);
        if (
            spec.type !== "boolean" &&
            (token.value === undefined || (!token.inlineValue && token.value.startsWith("-") && token.value.length > 1))
        )
            throw new UserError(`${token.rawName} needs a value: ${spec.help}.`);
    }
    const extra = found[positionals.length];
    if (extra !== undefined) {
        throw new UserError(
            `"${command}" ${positionals.length ? `takes only ${positionals.map((name) => `[${name}]`).join(" ")}` : "takes no arguments"}, found "${extra}".`,
        );
    }
    return { values: { ...declined(args, table), ...values } as Values<T>, positionals: found };
}

/** `--flag=true` and `--flag=false`, as the official CLI allows them. */
function plain(args: readonly string[], table: OptionTable): string[] {
    return args.flatMap((arg) => {
        const [, name = "", value] = /^--([^=]+)=(true|false)$/.exec(arg) ?? [];
        if (!Object.hasOwn(table, name) || table[name]?.type !== "boolean") return [arg];
        return value === "true" ? [`--${name}`] : [];
    });
}

/** What was said not to be wanted: `--flag=false`. */
function declined(args: readonly string[], table: OptionTable): Record<string, false> {
    const names = args.flatMap((arg) => /^--([^=]+)=false$/.exec(arg)?.[1] ?? []);
    return Object.fromEntries(
        names.filter((name) => Object.hasOwn(table, name) && table[name]?.type === "boolean").map((name) => [name, false]),
    );
}

function unknown(command: string, raw: string, table: OptionTable): UserError {
    const name = raw.replace(/^-+/, "");
    const long = raw.startsWith("--") ? name : Object.keys(OFFICIAL).find((key) => OFFICIAL[key] === name);
    if (long !== undefined && Object.hasOwn(OFFICIAL, long)) {
        return new UserError(`--${long} is not supported by the embedded engine. Leave it out, or use the official Pulumi CLI.`);
    }
    const near = nearest(name, Object.keys(table));
    return new UserError(
        `"${command}" has no option ${raw}.${
            near
                ? ` Did you mean --${near}?`
                : ` It has: ${Object.keys(table)
                      .map((key) => `--${key}`)
                      .join(", ")}.`
        }`,
    );
}

/** The name that is closest to a mistyped one; undefined when none is close. */
export function nearest(name: string, names: readonly string[]): string | undefined {
    const ranked = names.map((candidate) => [candidate, distance(name, candidate)] as const).toSorted((a, b) => a[1] - b[1]);
    const [best] = ranked;
    return best && best[1] <= Math.max(1, Math.floor(name.length / 3)) ? best[0] : undefined;
}

/** How many characters to change, add, remove or swap with their neighbour. */
function distance(a: string, b: string): number {
    const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= a.length; i++) {
        const above = rows[i - 1] ?? [];
        const row = [i];
        for (let j = 1; j <= b.length; j++) {
            const swapped =
                i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (rows[i - 2]?.[j - 2] ?? Infinity) + 1 : Infinity;
            row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
        }
        rows.push(row);
    }
    return rows[a.length]?.[b.length] ?? 0;
}
