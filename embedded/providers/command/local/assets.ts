import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { withHashes } from "../../../engine/assets.ts";
import type { PropertyMap } from "../../../engine/values.ts";
import { SIGNATURE_KEY, signatures } from "../../../engine/wire.ts";
import { compileGlobs, matched } from "./globs.ts";

/** The files below a folder, as paths relative to it; links are not followed into folders. */
async function filesBelow(folder: string): Promise<string[]> {
    const found: string[] = [];
    const look = async (below: string): Promise<void> => {
        for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
            const path = below ? `${below}/${entry.name}` : entry.name;
            if (entry.isDirectory()) await look(path);
            else found.push(path);
        }
    };
    await look("");
    return found.toSorted();
}

/**
 * The outputs `assets` (an asset for each file) and `archive` (one archive of all): files of the command's folder that
 * the globs let in. Each is there only when its globs are given.
 */
export async function foundFiles(
    folder: string,
    assetPaths: readonly string[] | undefined,
    archivePaths: readonly string[] | undefined,
): Promise<PropertyMap> {
    if (!assetPaths && !archivePaths) return {};
    const files = await filesBelow(folder);
    const assetsOf = (patterns: readonly string[]): PropertyMap => {
        const globs = compileGlobs(patterns);
        const inside = files.filter((path) => matched(globs, path));
        return Object.fromEntries(inside.map((path) => [path, { [SIGNATURE_KEY]: signatures.asset, path: join(folder, path) }]));
    };
    return await withHashes(
        {
            ...(assetPaths ? { assets: assetsOf(assetPaths) } : {}),
            ...(archivePaths ? { archive: { [SIGNATURE_KEY]: signatures.archive, assets: assetsOf(archivePaths) } } : {}),
        },
        () => folder,
    );
}
