/** The commands, by the words that call them: what each takes, and the code that runs it (loaded when it is called). */
import {
    CANCEL,
    CONFIG_GET,
    CONFIG_LIST,
    CONFIG_REMOVE,
    CONFIG_SET,
    DESTROY,
    EXPORT,
    HISTORY,
    IMPORT,
    INIT,
    LIST,
    OUTPUT,
    PREVIEW,
    REFRESH,
    REMOVE,
    SELECT,
    STACK_IMPORT,
    UP,
    type Options,
} from "./options.ts";
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
    import: {
        summary: "take objects that exist into the stack",
        options: IMPORT,
        positionals: ["type", "name", "id"],
        run: async (options, positionals) => (await import("./import.ts")).importCommand(options, positionals),
    },
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
    "stack import": {
        summary: "make an exported state the stack's; read from standard input",
        options: STACK_IMPORT,
        run: async (options) => (await import("./stack-import.ts")).stackImport(options),
    },
    "stack history": {
        summary: "list what was done to the stack",
        options: HISTORY,
        run: async (options) => (await import("./stack-history.ts")).stackHistory(options),
    },
    "stack rm": {
        summary: "remove a stack that has no resources, and its settings file",
        options: REMOVE,
        positionals: ["name"],
        run: async (options, [name]) => (await import("./stack-remove.ts")).stackRemove(options, name),
    },
    config: {
        summary: "list the stack's settings",
        options: CONFIG_LIST,
        run: async (options) => (await import("./config.ts")).configList(options),
    },
    "config get": {
        summary: "print a setting",
        options: CONFIG_GET,
        positionals: ["key"],
        run: async (options, [key]) => (await import("./config.ts")).configGet(options, key),
    },
    "config set": {
        summary: "write a setting into the stack's settings file; the value is asked for, or read from standard input",
        options: CONFIG_SET,
        positionals: ["key", "value"],
        run: async (options, [key, value]) => (await import("./config-set.ts")).configSet(options, key, value),
    },
    "config rm": {
        summary: "remove a setting from the stack's settings file",
        options: CONFIG_REMOVE,
        positionals: ["key"],
        run: async (options, [key]) => (await import("./config-set.ts")).configRemove(options, key),
    },
    cancel: {
        summary: "remove the lock that a command left on the stack",
        options: CANCEL,
        positionals: ["stack"],
        run: async (options, [stack]) => (await import("./stack-manage.ts")).cancel(options, stack),
    },
};

/** Other names that the official CLI has for the commands above. */
export const ALIASES: Readonly<Record<string, string>> = {
    update: "up",
    pre: "preview",
    down: "destroy",
    "stack list": "stack ls",
    "stack create": "stack init",
    "stack remove": "stack rm",
    "stack delete": "stack rm",
    "stack hist": "stack history",
    "config remove": "config rm",
    "config delete": "config rm",
};

/** The official CLI's commands that are not here, so that they can be refused by name. */
export const OFFICIAL_COMMANDS: readonly string[] = [
    ..."about ai api console convert deployment do env install login logout logs neo new org package plugin policy query schema state template version watch whoami".split(
        " ",
    ),
    ..."change-secrets-provider drift get graph migrate new rename schedule tag unselect webhook".split(" ").map((verb) => `stack ${verb}`),
    ..."copy cp env refresh remove-all rm-all set-all".split(" ").map((verb) => `config ${verb}`),
];
