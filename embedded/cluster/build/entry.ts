/**
 * Entries of the cache: folders that are written beside their place, described by a manifest and then renamed into it.
 * What was broken off, cut short or changed since is recognised by the manifest.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../common/errors.ts";
import { isAlive, ownIdentity, type Identity } from "./lock.ts";

/** What is known of one file of an entry. */
export interface FileRecord {
    /** Bytes. */
    readonly size: number;
    readonly sha256: string;
    /** Milliseconds since the epoch, when the hash was taken. */
    readonly modified: number;
}

export interface Manifest {
    readonly key: string;
    /** Facts for people and for callers: versions, seconds, digests. */
    readonly facts: Readonly<Record<string, string>>;
    readonly files: Readonly<Record<string, FileRecord>>;
}

export const MANIFEST = "manifest.json";

export type EntryState =
    | { readonly state: "good"; readonly manifest: Manifest }
    | { readonly state: "absent" }
    | { readonly state: "damaged"; readonly reason: string };

const damaged = (reason: string): EntryState => ({ state: "damaged", reason });

/**
 * Looks at an entry: sizes always, hashes only of files whose modification time is not the recorded one.
 * @param verify hash every file, whatever its modification time
 */
export async function inspect(folder: string, options: { readonly verify?: boolean } = {}): Promise<EntryState> {
    const text = await readFile(join(folder, MANIFEST), "utf8").catch(() => undefined);
    if (text === undefined) return (await stat(folder).catch(() => undefined)) ? damaged("its manifest is missing") : { state: "absent" };
    const manifest = parseManifest(text);
    if (!manifest) return damaged("its manifest cannot be read");
    const touched: Record<string, FileRecord> = {};
    for (const [name, record] of Object.entries(manifest.files)) {
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        if (!found) return damaged(`${name} is missing`);
        if (found.size !== record.size) return damaged(`${name} has ${found.size} bytes instead of ${record.size}`);
        if (found.mtimeMs === record.modified && !options.verify) continue;
        if ((await hashFile(path)) !== record.sha256) return damaged(`the content of ${name} has changed`);
        if (found.mtimeMs !== record.modified) touched[name] = { ...record, modified: found.mtimeMs };
    }
    // A copied cache has other times: what was hashed once is remembered, so that the next look is cheap again.
    if (Object.keys(touched).length) await writeManifest(folder, { ...manifest, files: { ...manifest.files, ...touched } }).catch(() => {});
    return { state: "good", manifest };
}

function parseManifest(text: string): Manifest | undefined {
    try {
        const value = JSON.parse(text) as Partial<Manifest>;
        const files = Object.values(value.files ?? {});
        const whole =
            typeof value.key === "string" &&
            typeof value.facts === "object" &&
            files.length > 0 &&
            files.every((f) => typeof f.size === "number" && typeof f.sha256 === "string");
        return whole ? (value as Manifest) : undefined;
    } catch {
        return undefined;
    }
}

/** A folder beside `folder` to write a new entry in. Its name says whose it is, so that a later process can clear it away. */
export async function temporaryFor(folder: string): Promise<string> {
    const { pid, started } = ownIdentity();
    const path = join(dirname(folder), `.tmp-${pid}-${started}-${basename(folder)}`);
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
    return path;
}

/** Removes the temporary folders of processes that are gone. */
export async function clearAbandoned(parent: string): Promise<void> {
    for (const name of await readdir(parent).catch(() => [])) {
        const owner = /^\.tmp-(\d+)-(\d+)-/.exec(name);
        const identity: Identity = { pid: Number(owner?.[1]), started: owner?.[2] ?? "" };
        if (owner && !isAlive(identity)) await rm(join(parent, name), { recursive: true, force: true });
    }
}

/** Entries made within this many milliseconds may still be in use by the process that asked for them. */
const YOUNG_MS = 10 * 60_000;

/** Removes entries that differ from `folder` only in their key, but for the `keep` latest and the young. */
export async function prune(folder: string, keep: number): Promise<void> {
    const parent = dirname(folder);
    const prefix = basename(folder).replace(/[0-9a-f]{12}$/, "");
    const names = (await readdir(parent)).filter((name) => name.startsWith(prefix) && /^[0-9a-f]{12}$/.test(name.slice(prefix.length)));
    const dated = await Promise.all(
        names.map(async (name) => ({ name, made: (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
    );
    const old = dated.toSorted((a, b) => b.made - a.made).slice(keep);
    for (const { name, made } of old) if (Date.now() - made > YOUNG_MS) await rm(join(parent, name), { recursive: true, force: true });
}

/** Describes what is in `temporary`, makes it durable and puts it in the place of `folder`, whatever was there. */
export async function publish(temporary: string, folder: string, description: Pick<Manifest, "key" | "facts">): Promise<Manifest> {
    const files: Record<string, FileRecord> = {};
    const names = await filesBelow(temporary);
    for (const name of names) {
        const path = join(temporary, name);
        const sha256 = await hashFile(path);
        // Of many small files a power cut leaves some empty, which their sizes tell; waiting for the disk each time is not worth it.
        if (names.length <= FEW) await sync(path);
        const { size, mtimeMs } = await stat(path);
        files[name] = { size, sha256, modified: mtimeMs };
    }
    const manifest = { ...description, files };
    await writeManifest(temporary, manifest);
    await sync(temporary);
    const replaced = `${temporary}-replaced`;
    await rename(folder, replaced).catch(() => {});
    try {
        await rename(temporary, folder);
    } catch (error) {
        const other = await inspect(folder);
        if (other.state !== "good") throw new Error(`${folder} could not be put into the cache: ${messageOf(error)}`, { cause: error });
    }
    await rm(replaced, { recursive: true, force: true });
    await sync(dirname(folder));
    return manifest;
}

const FEW = 32;

async function filesBelow(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
        .filter((e) => e.isFile())
        .map((e) => relative(folder, join(e.parentPath, e.name)))
        .toSorted();
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
    const path = join(folder, MANIFEST);
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, `${JSON.stringify(manifest, undefined, 2)}\n`, { flush: true });
    await rename(temporary, path);
}

async function sync(path: string): Promise<void> {
    const handle = await open(path, "r");
    try {
        await handle.sync();
    } finally {
        await handle.close();
    }
}

/** SHA-256 of a file's content, in hex. */
export async function hashFile(path: string): Promise<string> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return hash.digest("hex");
}
