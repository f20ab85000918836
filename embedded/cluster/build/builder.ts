/** Finds tools in the cache and builds those that are not there, one after the other. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "../../common/paths.ts";
import type { Progress } from "../../common/progress.ts";
import { compile } from "./compile.ts";
import { ensureEntry } from "./ensure.ts";
import { inspect, type EntryState, type Manifest } from "./entry.ts";
import { buildingGo, findGo, usableGo, type Go } from "./go.ts";
import { keyOf, platform, type ToolKey } from "./module.ts";
import { requirePackages, requireSpace } from "./requirements.ts";
import type { Tool } from "./tools.ts";

export interface LookupOptions {
    /** Where the cache is. Default: {@link cacheRoot}. */
    readonly cache?: string;
    /** Hash every file instead of only those whose times differ from the manifest's. Default: false. */
    readonly verify?: boolean;
}

export interface BuildOptions extends LookupOptions {
    readonly progress: Progress;
    readonly signal?: AbortSignal | undefined;
}

/** A tool in the cache. */
export interface Built {
    readonly folder: string;
    readonly manifest: Manifest;
}

/** The cache entry's folder for a key. */
export const entryFolder = (cache: string, tool: Tool, key: ToolKey): string =>
    join(cache, "tools", `${tool.name}-${key.key.slice(0, 12)}`);

/** Looks for a tool without building it; says why when what is there is no good. */
async function find(
    tool: Tool,
    go: Go | undefined,
    cache: string,
    verify: boolean,
): Promise<{ readonly built: Built | undefined; readonly state: EntryState["state"]; readonly reason?: string }> {
    const key = await keyOf(tool, go?.version ?? "");
    if (!go) {
        const built = await findByInputs(tool, key, cache, verify);
        return { built, state: built ? "good" : "absent" };
    }
    const folder = entryFolder(cache, tool, key);
    const entry = await inspect(folder, { verify });
    if (entry.state === "good" && entry.manifest.key === key.key) return { built: { folder, manifest: entry.manifest }, state: "good" };
    if (entry.state === "good") return { built: undefined, state: "damaged", reason: "its manifest names another build" };
    return { built: undefined, ...entry };
}

/** Without a usable Go on the machine a cache that was brought along serves, whichever compiler filled it. */
export async function findByInputs(tool: Tool, key: ToolKey, cache: string, verify: boolean): Promise<Built | undefined> {
    const names = await readdir(join(cache, "tools")).catch(() => []);
    for (const name of names.filter((n) => n.startsWith(`${tool.name}-`)).toSorted()) {
        const folder = join(cache, "tools", name);
        const entry = await inspect(folder, { verify });
        if (entry.state === "good" && entry.manifest.facts["inputs"] === key.inputs) return { folder, manifest: entry.manifest };
    }
    return undefined;
}

/** The tools' cache entries, or undefined when one of them is missing or damaged. */
export async function lookUp(tools: readonly Tool[], options: LookupOptions = {}): Promise<Built[] | undefined> {
    const go = await buildingGo();
    const found = await Promise.all(tools.map((tool) => find(tool, go, options.cache ?? cacheRoot(), options.verify ?? false)));
    const built = found.flatMap((f) => f.built ?? []);
    return built.length === tools.length ? built : undefined;
}

/** Those of `tools` that are not in the cache, or are damaged there. */
export async function missing(tools: readonly Tool[], options: LookupOptions = {}): Promise<Tool[]> {
    const go = await buildingGo();
    const found = await Promise.all(tools.map((tool) => find(tool, go, options.cache ?? cacheRoot(), options.verify ?? false)));
    return tools.filter((_, i) => !found[i]?.built);
}

/**
 * The tools' cache entries, after building what is missing or damaged.
 * @throws UserError when something the builds need is missing, a build fails or is interrupted
 */
export async function build(tools: readonly Tool[], options: BuildOptions): Promise<Built[]> {
    const { progress, signal } = options;
    const cache = options.cache ?? cacheRoot();
    const verify = options.verify ?? false;
    let go = await buildingGo();
    const found = await Promise.all(tools.map((tool) => find(tool, go, cache, verify)));
    const todo = tools.filter((_, i) => !found[i]?.built);
    if (todo.length) {
        go ??= usableGo(await findGo());
        await requirePackages(todo);
        const keys = await Promise.all(todo.map(async (tool) => [tool, await keyOf(tool, go?.version ?? "")] as const));
        await requireSpace(keys, go, cache);
    }
    const results: Built[] = [];
    for (const [i, tool] of tools.entries()) {
        const { built, state, reason } = found[i] ?? { built: undefined, state: "absent", reason: undefined };
        if (state === "damaged") progress.log(`The cached build of ${tool.title} is damaged (${reason ?? "unknown"}): it is built again.`);
        const position = todo.length > 1 ? ` (${todo.indexOf(tool) + 1} of ${todo.length})` : "";
        results.push(built ?? (await buildOne(tool, go as Go, cache, position, progress, signal)));
    }
    return results;
}

async function buildOne(tool: Tool, go: Go, cache: string, position: string, progress: Progress, signal?: AbortSignal): Promise<Built> {
    const key = await keyOf(tool, go.version);
    const folder = entryFolder(cache, tool, key);
    const log = join(cache, "logs", `${tool.name}.log`);
    const begun = Date.now();
    const step = progress.step(`building ${tool.title}${key.version && ` ${key.version}`}${position}`, tool.cost.seconds);
    const make = async (output: string, scratch: string): Promise<Record<string, string>> => {
        await compile(tool, key, go, output, scratch, log, step, signal);
        step.note("checking what was built");
        const seconds = String(Math.round((Date.now() - begun) / 1000));
        return {
            tool: tool.name,
            version: key.version,
            go: go.version,
            platform,
            inputs: key.inputs,
            built: new Date().toISOString(),
            seconds,
        };
    };
    const waiting = (pid: number): void => step.note(`process ${pid} is building it`);
    try {
        const { manifest, made } = await ensureEntry({ folder, key: key.key, title: `The build of ${tool.title}`, make, waiting, signal });
        step.done(made ? undefined : "built by another process");
        return { folder, manifest };
    } catch (error) {
        step.fail();
        throw error;
    }
}
