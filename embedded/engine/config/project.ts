/** The project's file, `Pulumi.yaml`: what the program is, where its state is kept, and which settings it takes. */
import { access, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../common/errors.ts";
import type { PluginSetting } from "../plugins/locate.ts";
import { readSchema, type Schema } from "./schema.ts";
import { count, isMap, parseYaml } from "./yaml.ts";

export interface Project {
    readonly name: string;
    /** The folder of `Pulumi.yaml`. */
    readonly root: string;
    readonly description?: string | undefined;
    readonly main?: string | undefined;
    readonly runtimeOptions: Readonly<Record<string, unknown>>;
    /** `plugins.providers`: where the plugins of packages are. */
    readonly plugins: readonly PluginSetting[];
    readonly backendUrl?: string | undefined;
    /** The folder of the stacks' settings files. */
    readonly settingsFolder: string;
    /** `options.refresh: always`: every preview and update begins with a refresh. */
    readonly alwaysRefresh: boolean;
    readonly schema: Schema;
}

const FILES = ["Pulumi.yaml", "Pulumi.yml"];
/** Keys that change what a run does and that this engine does not act on. The others it does not know are descriptions. */
const UNSUPPORTED = ["packages", "requiredPulumiVersion"];
const NAME = /^(?!\.+$)[A-Za-z0-9_.-]{1,100}$/;

/**
 * Reads the project of a folder or of one above it.
 * @throws UserError with everything that is wrong with the file
 */
export async function readProject(folder: string): Promise<Project> {
    const file = await findProject(folder);
    const root = dirname(file);
    const value = parseYaml(await readFile(file, "utf8"), file);
    const problems: string[] = [];
    const need = (ok: boolean, problem: string): void => {
        if (!ok) problems.push(problem);
    };

    const { name, runtime, main, backend, stackConfigDir, config, options, description } = value;
    need(isText(name) && NAME.test(name), `name: must be letters, digits, "-", "_" and ".", found ${JSON.stringify(name ?? null)}`);
    const runtimeName = isText(runtime) ? runtime : isMap(runtime) ? runtime["name"] : undefined;
    need(runtimeName === "nodejs", `runtime: the embedded engine runs nodejs programs, found ${JSON.stringify(runtimeName ?? null)}`);
    const runtimeOptions = isMap(runtime) && isMap(runtime["options"]) ? runtime["options"] : {};
    need(main === undefined || isText(main), `main: must be a path, found ${JSON.stringify(main)}`);
    need(stackConfigDir === undefined || isText(stackConfigDir), `stackConfigDir: must be a path, found ${JSON.stringify(stackConfigDir)}`);
    const url = isMap(backend) ? backend["url"] : undefined;
    need(
        backend === undefined || isText(url),
        `backend.url: must be a URL such as file://./.state, found ${JSON.stringify(url ?? backend)}`,
    );
    for (const key of UNSUPPORTED)
        need(value[key] === undefined, `${key}: not supported by the embedded engine; remove it or use the official Pulumi CLI`);
    const plugins = readPlugins(value["plugins"], problems);
    const schema = readSchema(config, isText(name) ? name : "", problems);
    if (problems.length)
        throw new UserError(`${file} has ${count(problems.length, "mistake")}:\n${problems.map((p) => `  - ${p}`).join("\n")}`);

    return {
        name: name as string,
        root,
        description: isText(description) ? description : undefined,
        main: isText(main) ? main : undefined,
        runtimeOptions,
        plugins,
        backendUrl: isText(url) ? url : undefined,
        settingsFolder: join(root, isText(stackConfigDir) ? stackConfigDir : "."),
        alwaysRefresh: isMap(options) && options["refresh"] === "always",
        schema,
    };
}

/** The entries of `plugins`, of which only those of providers are known. */
function readPlugins(plugins: unknown, problems: string[]): PluginSetting[] {
    if (plugins === undefined) return [];
    if (!isMap(plugins)) problems.push(`plugins: must be a map with the key providers, found ${JSON.stringify(plugins)}`);
    const { providers = [], ...others } = isMap(plugins) ? plugins : {};
    for (const key of Object.keys(others))
        problems.push(`plugins.${key}: not supported by the embedded engine; remove it or use the official Pulumi CLI`);
    const entries = Array.isArray(providers) ? providers : [providers];
    return entries.flatMap((entry: unknown): PluginSetting[] => {
        const { name, path, version } = isMap(entry) ? entry : {};
        if (isText(name) && isText(path) && (version === undefined || isText(version)))
            return [{ name, path, ...(version && { version }) }];
        problems.push(
            `plugins.providers: each needs a name and the path of its folder, and may have a version, all of them texts; found ${JSON.stringify(entry)}`,
        );
        return [];
    });
}

function isText(value: unknown): value is string {
    return typeof value === "string" && value !== "";
}

async function findProject(folder: string): Promise<string> {
    for (let at = resolve(folder); ; at = dirname(at)) {
        for (const name of FILES) {
            const file = join(at, name);
            const found = await access(file).then(
                () => true,
                () => false,
            );
            if (found) return file;
        }
        if (at === dirname(at)) break;
    }
    throw new UserError(
        `There is no Pulumi.yaml in ${resolve(folder)} or in a folder above it. Run the command in the project's folder, or name it with --cwd.`,
    );
}
