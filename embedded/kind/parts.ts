/** Everything that is built before a node image can be put together: programs from Go modules, and kind's own files. */
import { join } from "node:path";
import { buildTools as buildShared, toolKey } from "../cluster/build.ts";
import { build, lookUp, missing } from "../cluster/build/builder.ts";
import { buildingGo, goVariables } from "../cluster/build/go.ts";
import { environmentOf, keyOf } from "../cluster/build/module.ts";
import { UserError } from "../common/errors.ts";
import { check } from "../common/process.ts";
import type { Progress } from "../common/progress.ts";
import { kindTools, pinnedVersion, sharedTools, type KindToolName, type PartFolders } from "./tools.ts";

const own = Object.keys(kindTools) as KindToolName[];

const record = <N extends string>(names: readonly N[], folders: readonly string[]): Record<N, string> =>
    Object.fromEntries(names.map((name, i) => [name, folders[i] ?? ""])) as Record<N, string>;

/**
 * Builds kind and what its nodes consist of, as far as that is not in the cache.
 * @param names which of them. Default: all
 * @returns for each the folder of its binaries; `kubeadm` holds kubectl as well
 * @throws UserError for everything a build can lack
 */
export async function buildKindTools<N extends KindToolName = KindToolName>(
    progress: Progress,
    signal?: AbortSignal,
    names: readonly N[] = own as N[],
): Promise<Record<N, string>> {
    const built = await build(
        names.map((name) => kindTools[name]),
        { progress, signal },
    );
    return record(
        names,
        built.map(({ folder }) => folder),
    );
}

/** The same without building; undefined when one of them is not in the cache. */
export async function builtKindTools<N extends KindToolName>(names: readonly N[]): Promise<Record<N, string> | undefined> {
    const built = await lookUp(names.map((name) => kindTools[name]));
    return (
        built &&
        record(
            names,
            built.map(({ folder }) => folder),
        )
    );
}

/** How long the builds of kind's parts that are still to be made usually take, in seconds. */
export async function secondsToBuildKind(): Promise<number> {
    return (await missing(Object.values(kindTools))).reduce((sum, tool) => sum + tool.cost.seconds, 0);
}

/** Builds everything that goes into a node image. */
export async function buildParts(progress: Progress, signal?: AbortSignal): Promise<PartFolders> {
    const shared = await buildShared(sharedTools, progress, signal);
    return { ...shared, ...(await buildKindTools(progress, signal)) };
}

/** Changes when any program of a node does; known without building. */
export async function partsKey(): Promise<string> {
    const go = (await buildingGo())?.version ?? "";
    const keys = await Promise.all([...sharedTools.map(toolKey), ...own.map(async (name) => (await keyOf(kindTools[name], go)).key)]);
    return keys.join(" ");
}

/**
 * The folder of kind's module that holds the files of its node images, in Go's module cache.
 * @throws UserError without Go, or when the module cannot be downloaded
 */
export async function kindFiles(signal?: AbortSignal): Promise<string> {
    const go = await buildingGo();
    const version = await pinnedVersion("kind");
    if (!go) throw new UserError(`A node image needs the source of kind ${version}, which Go downloads: install Go.`);
    const { module } = kindTools.kind;
    await check(go.path, ["mod", "download", "sigs.k8s.io/kind"], {
        cwd: module,
        env: environmentOf(kindTools.kind),
        ...(signal ? { signal } : {}),
    }).catch((error: Error) => {
        throw new UserError(`The source of kind ${version}, which its node image is made of, could not be downloaded: ${error.message}`);
    });
    const { GOMODCACHE = "" } = await goVariables(go, ["GOMODCACHE"]);
    return join(GOMODCACHE, `sigs.k8s.io/kind@${version}`, "images/base/files");
}
