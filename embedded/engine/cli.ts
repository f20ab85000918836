/**
 * The command line of the embedded engine: Pulumi's commands and options. `commands` does the work, `config` reads the
 * project's files, `display` shows what happens, `state` keeps it.
 */
import { messageOf, UserError } from "../common/errors.ts";
import { nearest, readArguments, type OptionSpec } from "./commands/arguments.ts";
import { EXIT } from "./commands/exit-codes.ts";
import { ALIASES, COMMANDS, OFFICIAL_COMMANDS, type Command } from "./commands/index.ts";

/**
 * Runs a command.
 * @param argv the command and its options: `["preview", "--stack", "embedded"]`
 * @returns the exit code; mistakes of the user are printed as a sentence and answered with 255
 */
export async function main(argv: readonly string[]): Promise<number> {
    try {
        const found = findCommand(argv);
        if (!found) {
            process.stdout.write(overview());
            return EXIT.success;
        }
        const [name, command, rest] = found;
        if (rest.includes("--help") || rest.includes("-h")) {
            process.stdout.write(helpOf(name, command));
            return EXIT.success;
        }
        const { values, positionals } = readArguments(name, rest, command.options, command.positionals);
        return await command.run(values, positionals);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        process.stderr.write(`error: ${messageOf(error)}\n`);
        return EXIT.user;
    }
}

/** The command that the first words name: `stack` and `config` have verbs, and `config` is a command without one as well. */
function findCommand(argv: readonly string[]): [string, Command, readonly string[]] | undefined {
    const [first, second] = argv;
    if (first === undefined || first === "help" || first === "--help" || first === "-h") return undefined;
    const words = second === undefined || second.startsWith("-") ? [first] : [first, second];
    const named = [words.join(" "), first].map((text) => ALIASES[text] ?? text);
    for (const [i, name] of named.entries()) {
        // A group's word must not swallow a verb that it does not have.
        if (i === 1 && words.length === 2 && GROUPS.includes(first)) break;
        const command = COMMANDS[name];
        if (command) return [name, command, argv.slice(name === named[0] ? words.length : 1)];
    }
    if (first === "stack" && words.length === 1) return undefined;
    const name = GROUPS.includes(first) ? words.join(" ") : first;
    throw OFFICIAL_COMMANDS.includes(name) ? unsupported(name) : unknown(name);
}

const GROUPS = ["stack", "config"];

function unsupported(name: string): UserError {
    return new UserError(`"${name}" is not supported by the embedded engine: use the official Pulumi CLI for it.`);
}

function unknown(name: string): UserError {
    const near = nearest(name, Object.keys(COMMANDS));
    return new UserError(
        `There is no command "${name}".${near ? ` Did you mean "${near}"?` : ""} There are: ${Object.keys(COMMANDS).join(", ")}.`,
    );
}

function overview(): string {
    const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
    return `Commands:\n${Object.entries(COMMANDS)
        .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`)
        .join("")}\nOptions of a command: npm run <command> -- --help\n`;
}

function helpOf(name: string, { summary, options, positionals = [] }: Command): string {
    const entries = Object.entries(options);
    const width = Math.max(...entries.map((entry) => label(entry).length));
    const lines = entries.map((entry) => `  ${label(entry).padEnd(width)}  ${entry[1].help}\n`);
    return `${name}${positionals.map((p) => ` [${p}]`).join("")}: ${summary}\n\nOptions:\n${lines.join("")}`;
}

function label([long, { short, type }]: [string, OptionSpec]): string {
    return `${short ? `-${short}, ` : "    "}--${long}${type === "boolean" ? "" : " VALUE"}`;
}
