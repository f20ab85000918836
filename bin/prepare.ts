/** What has to be there before anything can run: Debian packages and the programs built from Go modules. */
import { requiredPackages as clusterPackages } from "../embedded/cluster/index.ts";
import { buildTools, requiredPackages as buildPackages, toolNames, type ToolName } from "../embedded/cluster/build.ts";
import type { Progress } from "../embedded/common/progress.ts";
import { installPackages } from "./packages.ts";

export interface PrepareOptions {
    /** Whether missing Debian packages may be installed. Default true. */
    readonly install?: boolean;
    readonly signal?: AbortSignal;
}

/**
 * Makes sure that the programs of the embedded cluster and its images are built.
 * @returns for each tool the folder of its binaries
 * @throws UserError when packages are missing and may not be installed, and for everything a build can lack
 */
export async function prepare(progress: Progress, { install = true, signal }: PrepareOptions = {}): Promise<Record<ToolName, string>> {
    const root = process.getuid?.() === 0;
    const missing = [...new Set([...(root ? await clusterPackages() : []), ...(await buildPackages())])];
    await installPackages(missing, install, progress);
    return buildTools(toolNames, progress, signal);
}
