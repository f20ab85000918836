/** The cluster's programs, built from pinned Go modules into the cache. */
import type { Progress } from "../common/progress.ts";
import { build, lookUp, missing, type Built } from "./build/builder.ts";
import { buildingGo } from "./build/go.ts";
import { keyOf } from "./build/module.ts";
import { missingPackages } from "./build/requirements.ts";
import { tools, type Tool, type ToolName } from "./build/tools.ts";

export type { ToolName } from "./build/tools.ts";

/** The names of all tools, in the order in which a cold build makes them. */
export const toolNames: readonly ToolName[] = [...tools.keys()];

const inOrder = <N extends ToolName>(names: readonly N[]): (readonly [N, Tool])[] =>
    [...tools].filter(([name]) => (names as readonly ToolName[]).includes(name)).map(([name, tool]) => [name as N, tool]);

const folders = <N extends ToolName>(wanted: readonly (readonly [N, Tool])[], built: readonly Built[]): Record<N, string> =>
    Object.fromEntries(wanted.map(([name], i) => [name, built[i]?.folder ?? ""])) as Record<N, string>;

/**
 * Makes sure that the named tools are in the cache, building one after the other what is not.
 * @returns for each tool the folder that holds its binaries
 * @throws UserError when something is missing that the builds need (Go, Debian packages, space), when a build fails or is interrupted
 */
export async function buildTools<N extends ToolName>(
    names: readonly N[],
    progress: Progress,
    signal?: AbortSignal,
): Promise<Record<N, string>> {
    const wanted = inOrder(names);
    const all = wanted.map(([, tool]) => tool);
    return folders(wanted, await build(all, { progress, signal }));
}

/**
 * The same without building.
 * @param options `verify` hashes every binary instead of trusting unchanged sizes and times
 * @returns undefined when one of the tools is not in the cache, or is damaged there
 */
export async function builtTools<N extends ToolName>(
    names: readonly N[],
    options: { readonly verify?: boolean } = {},
): Promise<Record<N, string> | undefined> {
    const wanted = inOrder(names);
    const all = wanted.map(([, tool]) => tool);
    const built = await lookUp(all, options);
    return built && folders(wanted, built);
}

/** How long the builds that are still to be made usually take, in seconds; 0 when everything is in the cache. */
export async function secondsToBuild(names: readonly ToolName[]): Promise<number> {
    const all = inOrder(names).map(([, tool]) => tool);
    return (await missing(all)).reduce((sum, tool) => sum + tool.cost.seconds, 0);
}

/** The Debian packages that are not installed and that the builds which are still to be made need. */
export async function requiredPackages(names: readonly ToolName[] = toolNames): Promise<string[]> {
    const all = inOrder(names).map(([, tool]) => tool);
    return missingPackages(await missing(all));
}

/** SHA-256 over what goes into a tool, known without building it: with the compiler's version where there is one. */
export async function toolKey(name: ToolName): Promise<string> {
    return (await keyOf(toolOf(name), (await buildingGo())?.version ?? "")).key;
}

/** The same without the compiler's version, for what depends on how a tool works rather than on its binary. */
export async function toolInputs(name: ToolName): Promise<string> {
    return (await keyOf(toolOf(name), "")).inputs;
}

function toolOf(name: ToolName): Tool {
    const tool = tools.get(name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    return tool;
}
