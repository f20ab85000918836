/**
 * The command line of the embedded engine: Pulumi's commands and options. `commands` does the work, `config` reads the
 * project's files, `display` shows what happens, `state` keeps it.
 */
import { messageOf, UserError } from "../common/errors.ts";
import { nearest, readArguments, type OptionSpec } from "./commands/arguments.ts";
import { EXIT } from "./commands/exit-codes.ts";
import { COMMANDS, OFFICIAL_COMMANDS, OFFICIAL_STACK_COMMANDS, type Command } from "./commands/index.ts";

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

function findCommand(argv: readonly string[]): [string, Command, readonly string[]] | undefined {
    const [first, second] = argv;
    if (first === undefined || first === "help" || first === "--help" || first === "-h") return undefined;
    const single = COMMANDS[first];
    if (single) return [first, single, argv.slice(1)];
    if (first === "stack") {
        // Options may stand between `stack` and its verb only behind it: the verb comes first, as in the official CLI's help.
        if (second === undefined || second === "--help" || second === "-h") return undefined;
        const command = COMMANDS[`stack ${second}`];
        if (command) return [`stack ${second}`, command, argv.slice(2)];
        if (OFFICIAL_STACK_COMMANDS.includes(second)) throw unsupported(`stack ${second}`);
        throw unknown(`stack ${second}`);
    }
    throw OFFICIAL_COMMANDS.includes(first) ? unsupported(first) : unknown(first);
}

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
