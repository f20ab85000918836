/** Images from OCI archives into the nodes' containerd, each content once. */
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { check } from "../common/process.ts";
import { CONTAINERD_SOCKET } from "./node-files.ts";

/** An image in an archive: the name containerd gives it, and its manifest's digest. */
export interface ArchivedImage {
    readonly name: string;
    readonly digest: string;
}

interface Index {
    readonly manifests?: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

/** The images that an OCI archive's index names; only the headers of the archive are read. */
export function imagesInArchive(path: string): ArchivedImage[] {
    const index = readTarMember(path, "index.json");
    if (!index) throw new UserError(`${path} is not an OCI archive: it has no index.json. Make one with "npm run images".`);
    return ((JSON.parse(index) as Index).manifests ?? []).map((manifest) => ({
        name: manifest.annotations?.["io.containerd.image.name"] ?? manifest.annotations?.["org.opencontainers.image.ref.name"] ?? "",
        digest: manifest.digest,
    }));
}

const BLOCK = 512;

function readTarMember(path: string, wanted: string): string | undefined {
    const file = openSync(path, "r");
    try {
        const header = Buffer.alloc(BLOCK);
        for (let at = 0; readSync(file, header, 0, BLOCK, at) === BLOCK && header[0] !== 0;) {
            const name = header.toString("utf8", 0, 100).replace(/\0.*$/s, "").replace(/^\.\//, "");
            const size = parseInt(header.toString("latin1", 124, 136), 8) || 0;
            if (name === wanted) {
                const content = Buffer.alloc(size);
                readSync(file, content, 0, size, at + BLOCK);
                return content.toString("utf8");
            }
            at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
        }
        return undefined;
    } finally {
        closeSync(file);
    }
}

/** A node's containerd, reached from outside through its PID 1's view of the file system. */
export interface Runtime {
    /** The node's PID 1 on this machine. */
    readonly pid: number;
    /** The folder with `ctr`. */
    readonly containerd: string;
}

export function socketOf(pid: number): string {
    return `/proc/${pid}/root${CONTAINERD_SOCKET}`;
}

function ctr(runtime: Runtime, args: readonly string[], signal?: AbortSignal): Promise<{ readonly stdout: string }> {
    return check(
        join(runtime.containerd, "ctr"),
        ["--address", socketOf(runtime.pid), "--namespace", "k8s.io", ...args],
        signal ? { signal } : {},
    );
}

/** The images a node has: name → digest. */
export async function imagesOf(runtime: Runtime): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await ctr(runtime, ["images", "list"]);
    const rows = stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(/\s+/));
    return new Map(rows.map(([name = "", , digest = ""]) => [name, digest]));
}

/**
 * Imports what the node does not have yet.
 * @returns how many archives were imported
 */
export async function importArchives(
    runtime: Runtime,
    archives: readonly string[],
    onArchive: (path: string) => void = () => {},
    signal?: AbortSignal,
): Promise<number> {
    if (!archives.length) return 0;
    const have = await imagesOf(runtime);
    const missing = archives.filter((path) => imagesInArchive(path).some((image) => have.get(image.name) !== image.digest));
    for (const path of missing) {
        onArchive(path);
        await ctr(runtime, ["images", "import", "--local", path], signal);
    }
    return missing.length;
}
