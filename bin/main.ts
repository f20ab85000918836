/** The commands behind `npm run …`: each is a function of its arguments that answers with the exit code. */
import { messageOf, USER_ERROR_EXIT_CODE, UserError } from "../embedded/common/errors.ts";
import { useStateRoot } from "./environment.ts";

type Command = (args: string[]) => Promise<number>;

/** What is looked at before a command of the engine: all settings where the program runs, the cluster where only that is reached. */
type Check = "settings" | "cluster" | "nothing";

/** A command of the engine. What is wrong is said before anything is changed. */
const engine =
    (name: string, check: Check = "nothing"): Command =>
    async (args) => {
        const help = args.includes("--help") || args.includes("-h");
        if (check !== "nothing" && !help) {
            const [{ readArguments }, { COMMANDS }] = await Promise.all([
                import("../embedded/engine/commands/arguments.ts"),
                import("../embedded/engine/commands/index.ts"),
            ]);
            const options = readArguments(name, args, COMMANDS[name]?.options ?? {}).values;
            if (check === "settings") await (await import("./settings.ts")).checkSettings(options);
            else await (await import("./guard.ts")).guardStack(options);
        }
        await useStateRoot();
        return (await import("../embedded/engine/cli.ts")).main([name, ...args]);
    };

const commands: Readonly<Record<string, Command>> = {
    start: async (args) => (await import("./start.ts")).main(args),
    stop: async (args) => (await import("./stop.ts")).main(args),
    cluster: async (args) => (await import("../embedded/cluster/cli.ts")).main(args),
    images: async (args) => (await import("../embedded/images/cli.ts")).main(args),
    definitions: async (args) => (await import("./definitions.ts")).main(args),
    preview: engine("preview", "settings"),
    up: async (args) => (await import("./up.ts")).main(args),
    refresh: engine("refresh", "cluster"),
    destroy: engine("destroy", "cluster"),
    stack: engine("stack"),
    config: engine("config"),
    import: engine("import"),
    cancel: engine("cancel"),
    "kind-cluster": async (args) => (await import("./kind/index.ts")).main("cluster", args),
    "kind-registry": async (args) => (await import("./kind/index.ts")).main("registry", args),
    "kind-image": async (args) => (await import("./kind/image.ts")).main(args),
    pulumi: async (args) => (await import("./pulumi.ts")).main(args),
    "node-config": async (args) => (await import("./node-config.ts")).main(args),
    "settings-docs": async () => (await import("./settings-docs.ts")).main(),
    "network-docs": async () => (await import("./network-docs.ts")).main(),
    "stacks-docs": async () => (await import("./stacks-docs.ts")).main(),
    bench: async (args) => (await import("../tests/bench/index.ts")).main(args),
    check: async () => (await import("./check.ts")).main(),
    test: async (args) => (await import("./test.ts")).main(args),
};

const [name = "", ...args] = process.argv.slice(2);
const command = commands[name];
try {
    if (!command) throw new UserError(`There is no command "${name}". There are: ${Object.keys(commands).join(", ")}.`);
    process.exitCode = await command(args);
} catch (error) {
    if (error instanceof Error && error.name === "UserError") {
        console.error(`error: ${messageOf(error)}`);
        process.exitCode = USER_ERROR_EXIT_CODE;
    } else {
        console.error(error);
        process.exitCode = 1;
    }
}
