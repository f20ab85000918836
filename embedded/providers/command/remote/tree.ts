import { readdir, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { UserError } from "../../../common/errors.ts";

/** The local folders and files of a folder, as paths relative to it, folders before what is in them. */
export interface Tree {
    readonly folders: readonly string[];
    readonly files: readonly string[];
}

/** Links to files count as files; what cannot be copied is refused by name. */
export async function treeOf(root: string): Promise<Tree> {
    const folders: string[] = [];
    const files: string[] = [];
    const look = async (below: string): Promise<void> => {
        for (const entry of (await readdir(join(root, below), { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
            const path = posix.join(below, entry.name);
            if (entry.isDirectory()) {
                folders.push(path);
                await look(path);
                continue;
            }
            const found = await stat(join(root, path));
            if (!found.isFile())
                throw new UserError(
                    `source: "${join(root, path)}" is neither a file nor a folder, or a link to a folder, and cannot be copied`,
                );
            files.push(path);
        }
    };
    await look("");
    return { folders, files };
}
