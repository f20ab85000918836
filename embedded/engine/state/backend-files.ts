/** Files that are either the old or the new one, whatever happens in between. */
import { randomBytes } from "node:crypto";
import { copyFile, link, mkdir, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../common/errors.ts";

/** Between the target's name and the random part of a file being written. Never the end of a name that is read. */
const TEMPORARY = ".writing-";

/**
 * Replaces a file's content: written to a file beside it, brought to the disk, renamed over it.
 * @param mode of a new file; state is nobody else's business
 * @throws UserError when the disk is full or the folder cannot be written: the old content is still there
 */
export async function writeWhole(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
    const temporary = await writeTemporary(file, content, mode);
    try {
        await rename(temporary, file);
        await syncFolder(dirname(file));
    } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw explain(error, file);
    }
}

/** Writes a new file beside another one, which it is to become, and brings it to the disk. Answers its path. */
export async function writeTemporary(file: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
    const temporary = `${file}${TEMPORARY}${randomBytes(6).toString("hex")}`;
    try {
        await makeFolder(dirname(file));
        const handle = await open(temporary, "wx", mode);
        try {
            await handle.writeFile(content);
            await handle.sync();
        } finally {
            await handle.close();
        }
        return temporary;
    } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw explain(error, file);
    }
}

/** Makes a folder and those above it. */
async function makeFolder(folder: string): Promise<void> {
    try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
        // On a file system that cannot be written the first folder that is missing says so; making all of them at once does not.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(folder) === folder) throw error;
        await makeFolder(dirname(folder));
        await mkdir(folder, { mode: 0o700 });
    }
}

/** Keeps the present content of a file under another name, without a moment in which either is half there. */
export async function keepAs(file: string, copy: string): Promise<void> {
    const temporary = `${copy}${TEMPORARY}${randomBytes(6).toString("hex")}`;
    try {
        await link(file, temporary).catch((error: NodeJS.ErrnoException) => {
            if (error.code === "ENOENT") throw error;
            return copyFile(file, temporary); // a file system without links
        });
        await rename(temporary, copy);
        await unlink(temporary).catch(() => {}); // both were already the same file: the rename did nothing
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explain(error, copy);
    }
}

/** Removes what writers that died left in a folder. Only while nobody else may write there. */
export async function removeLeftovers(folder: string): Promise<void> {
    for (const name of await list(folder)) if (name.includes(TEMPORARY)) await rm(join(folder, name), { force: true });
}

/** The names in a folder; none when it does not exist. */
export async function list(folder: string): Promise<string[]> {
    try {
        return (await readdir(folder)).toSorted();
    } catch (error) {
        if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw explain(error, folder, "read");
    }
}

/** Brings the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
    const handle = await open(folder, "r");
    try {
        await handle.sync();
    } finally {
        await handle.close();
    }
}

/** What a user can do about an error of the file system; the error itself when there is nothing to say. */
export function explain(error: unknown, file: string, what: "written" | "read" = "written"): unknown {
    const { code } = error as NodeJS.ErrnoException;
    const reason = {
        ENOSPC: "the disk is full",
        EDQUOT: "the disk quota is used up",
        EACCES: "permission is denied",
        EPERM: "permission is denied",
        EROFS: "the file system is read-only",
        EISDIR: "it is a folder",
        EIO: "the disk reports an error",
    }[code ?? ""];
    if (!reason) return error;
    const fix = what === "read" ? "" : " What was stored before is unchanged; make room or choose another backend with PULUMI_BACKEND_URL.";
    return new UserError(`${basename(file)} cannot be ${what} in ${dirname(file)}: ${reason}.${fix}`, { cause: error });
}
