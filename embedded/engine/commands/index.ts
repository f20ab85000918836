/** The commands, by the words that call them: what each takes, and the code that runs it (loaded when it is called). */
import { COMMON, CANCEL, DESTROY, EXPORT, INIT, LIST, OUTPUT, PREVIEW, REFRESH, SELECT, UP, type Options } from "./options.ts";
import type { OptionTable } from "./arguments.ts";

export interface Command {
    readonly summary: string;
    readonly options: OptionTable;
    /** Names of the arguments beside the options; all may be left out. */
    readonly positionals?: readonly string[];
    run(options: Options, positionals: readonly string[]): Promise<number>;
}

const operate = async (kind: "preview" | "update" | "refresh" | "destroy", options: Options): Promise<number> =>
    (await import("./operate.ts")).operate(kind, options);

export const COMMANDS: Readonly<Record<string, Command>> = {
    preview: { summary: "show what an update would do", options: PREVIEW, run: (options) => operate("preview", options) },
    up: { summary: "make the stack what the program asks for", options: UP, run: (options) => operate("update", options) },
    refresh: {
        summary: "take what the real objects look like into the state",
        options: REFRESH,
        run: (options) => operate("refresh", options),
    },
    destroy: { summary: "delete everything the stack has made", options: DESTROY, run: (options) => operate("destroy", options) },
    "stack output": {
        summary: "print the stack's outputs",
        options: OUTPUT,
        positionals: ["name"],
        run: async (options, [name]) => (await import("./stack-output.ts")).stackOutput(options, name),
    },
    "stack export": {
        summary: "print the stack's state",
        options: EXPORT,
        run: async (options) => (await import("./stack-export.ts")).stackExport(options),
    },
    "stack ls": {
        summary: "list the project's stacks",
        options: LIST,
        run: async (options) => (await import("./stack-manage.ts")).stackList(options),
    },
    "stack init": {
        summary: "make an empty stack",
        options: INIT,
        positionals: ["name"],
        run: async (options, [name]) => (await import("./stack-manage.ts")).stackInit(options, name),
    },
    "stack select": {
        summary: "make a stack the one that commands are about",
        options: SELECT,
        positionals: ["name"],
        run: async (options, [name]) => (await import("./stack-manage.ts")).stackSelect(options, name),
    },
    cancel: {
        summary: "remove the lock that a command left on the stack",
        options: CANCEL,
        positionals: ["stack"],
        run: async (options, [stack]) => (await import("./stack-manage.ts")).cancel(options, stack),
    },
};

/** The official CLI's commands that are not here, so that they can be refused by name. */
export const OFFICIAL_COMMANDS =
    "about ai api cancel config console convert deployment env import install login logout logs new org package plugin policy schema state stack template version watch whoami".split(
        " ",
    );
export const OFFICIAL_STACK_COMMANDS = "change-secrets-provider graph history import migrate rename rm tag unselect webhook".split(" ");

export { COMMON };
