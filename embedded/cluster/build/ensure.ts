/** One entry of the cache, made when it is not there: under a lock, in a temporary folder, and put in place whole. */
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../common/errors.ts";
import { clearAbandoned, inspect, prune, publish, temporaryFor, type Manifest } from "./entry.ts";
import { lock } from "./lock.ts";

export interface EntryRequest {
    readonly folder: string;
    /** What the entry must have been made for. */
    readonly key: string;
    /** What to call it in messages, such as "the build of etcd". */
    readonly title: string;
    /**
     * Fills the empty folder `output`; `scratch` is for what is not part of the entry.
     * @returns facts for the manifest
     */
    make(output: string, scratch: string): Promise<Readonly<Record<string, string>>>;
    /** How many entries that differ only in their key are kept, this one included. Default: all. */
    readonly keep?: number;
    /** Called when another process is making the entry, with its pid. */
    waiting?(pid: number): void;
    readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the entry unless another process has made it meanwhile.
 * @throws UserError when the cache cannot be written or the work is interrupted; whatever `make` throws
 */
export async function ensureEntry(request: EntryRequest): Promise<{ readonly manifest: Manifest; readonly made: boolean }> {
    const { folder, key, signal } = request;
    await mkdir(dirname(folder), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
        throw new UserError(
            `The cache ${dirname(folder)} cannot be written (${error.code ?? error.message}): make it yours, or set XDG_CACHE_HOME to another folder.`,
        );
    });
    await clearAbandoned(dirname(folder));
    let unlock: (() => Promise<void>) | undefined;
    const temporary: string[] = [];
    try {
        unlock = await lock(`${folder}.lock`, (pid) => request.waiting?.(pid), signal);
        const other = await inspect(folder);
        if (other.state === "good" && other.manifest.key === key) return { manifest: other.manifest, made: false };
        const output = await temporaryFor(folder);
        const scratch = await temporaryFor(`${folder}-scratch`);
        temporary.push(output, scratch);
        const facts = await request.make(output, scratch);
        signal?.throwIfAborted();
        const manifest = await publish(output, folder, { key, facts });
        if (request.keep) await prune(folder, request.keep);
        return { manifest, made: true };
    } catch (error) {
        if (signal?.aborted && !(error instanceof UserError))
            throw new UserError(
                `${request.title} was interrupted. What was finished before it is kept; the same command goes on from there.`,
                { cause: error },
            );
        throw error;
    } finally {
        for (const folder of temporary) await rm(folder, { recursive: true, force: true });
        await unlock?.();
    }
}
