/** Writes one file of a host so that it is there whole, or as it was before. */
import { createHash, randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { posix } from "node:path";
import type { Stats } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { FileError, type RemoteFiles } from "./files.ts";

const CHUNK_BYTES = 64 * 1024;
const IN_FLIGHT = 16;
const PERMISSION_DENIED = 3;
const PERMISSIONS = 0o7777;

/** What to write: chunks in their order. */
export interface Source {
    chunks(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

export function textSource(text: string): Source {
    const bytes = Buffer.from(text);
    return {
        *chunks() {
            for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
        },
    };
}

/** @param expected SHA-256 of the contents in hexadecimal; a file that was changed meanwhile is not taken for it */
export function fileSource(path: string, expected?: string): Source {
    return {
        async *chunks() {
            const hash = createHash("sha256");
            const file = await open(path);
            try {
                for (;;) {
                    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
                    if (bytesRead === 0) break;
                    hash.update(buffer.subarray(0, bytesRead));
                    yield buffer.subarray(0, bytesRead);
                }
                if (expected !== undefined && hash.digest("hex") !== expected)
                    throw new Error(`the source "${path}" was changed during this run; run the update again`);
            } finally {
                await file.close();
            }
        },
    };
}

/** Several writes at once, since each is answered only after a trip to the host and back. */
async function pour(files: RemoteFiles, handle: Buffer, source: Source, wrote: (bytes: number) => void): Promise<void> {
    const pending = new Set<Promise<void>>();
    let position = 0;
    try {
        for await (const chunk of source.chunks()) {
            const send = async (at: number): Promise<void> => {
                await files.write(handle, chunk, at);
                pending.delete(write);
                wrote(chunk.length);
            };
            const write = send(position);
            write.catch(() => {}); // seen below
            pending.add(write);
            position += chunk.length;
            if (pending.size >= IN_FLIGHT) await Promise.race(pending);
        }
        await Promise.all(pending);
    } catch (error) {
        await Promise.allSettled(pending);
        throw error;
    }
}

async function overwrite(files: RemoteFiles, source: Source, target: string, wrote: (bytes: number) => void): Promise<void> {
    const handle = await files.open(target, "w");
    await pour(files, handle, source, wrote);
    await files.sync(handle);
    await files.close(handle);
}

/** The new file gets the permissions of the one it replaces; until it is whole only its owner can read it. */
async function beside(
    files: RemoteFiles,
    handle: Buffer,
    source: Source,
    existing: Stats | undefined,
    wrote: (bytes: number) => void,
): Promise<void> {
    const fresh = await files.fstat(handle);
    const mode = (existing ?? fresh).mode & PERMISSIONS;
    await files.chmod(handle, mode & 0o600);
    await pour(files, handle, source, wrote);
    if (existing && (existing.uid !== fresh.uid || existing.gid !== fresh.gid)) await files.chown(handle, existing.uid, existing.gid);
    await files.chmod(handle, mode);
    await files.sync(handle);
    await files.close(handle);
}

async function explained(files: RemoteFiles, error: unknown, folder: string): Promise<string> {
    const free = error instanceof FileError && error.status === 4 ? await files.free(folder) : undefined;
    return free !== undefined && free < CHUNK_BYTES ? `the disk is full (${free} bytes are free)` : messageOf(error);
}

/**
 * Writes a file: beside its place first, then renamed into it. What is no plain file, and a file in a folder that the
 * user may not write to, is written over in place. A link is followed.
 * @param wrote is told of every chunk that arrived
 * @throws with the path and the reason; the file is then as it was before, unless it had to be written in place
 */
export async function putFile(files: RemoteFiles, source: Source, target: string, wrote: (bytes: number) => void): Promise<void> {
    const isLink = (await files.lstat(target))?.isSymbolicLink() === true;
    const place = isLink ? await files.realpath(target) : target;
    const existing = await files.stat(place);
    const folder = posix.dirname(place);
    const partial = posix.join(folder, `.${posix.basename(place).slice(0, 200)}.${randomBytes(4).toString("hex")}.partial`);
    let handle: Buffer | undefined;
    // The host may have made the file although its answer never came.
    let asked = false;
    try {
        if (!existing || existing.isFile()) {
            asked = true;
            handle = await files.open(partial, "wx").catch((error: unknown) => {
                if (error instanceof FileError) asked = false;
                if (existing && error instanceof FileError && error.status === PERMISSION_DENIED) return undefined;
                throw error;
            });
        }
        if (handle === undefined) {
            await overwrite(files, source, place, wrote);
            return;
        }
        await beside(files, handle, source, existing, wrote);
        await files.replace(partial, place);
    } catch (error) {
        const reason = await explained(files, error, folder);
        const tidy = !asked || (await files.tidy(partial));
        const left = handle !== undefined && !tidy ? `; ${partial} is left behind` : "";
        throw new Error(`${target} cannot be written: ${reason}${left}`, { cause: error });
    }
}
