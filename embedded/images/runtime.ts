/** The Node that images run on: the pinned npm package's binary with the shared libraries of this machine it is linked to. */
import { createHash } from "node:crypto";
import { access, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../common/errors.ts";
import { projectRoot } from "../common/paths.ts";
import { run } from "../common/process.ts";
import { hashFile } from "../cluster/build/entry.ts";
import type { FileSpec, LayerSpec } from "./spec.ts";

export interface NodeRuntime {
    readonly version: string;
    readonly layer: LayerSpec;
    /** SHA-256 over the version and the libraries. */
    readonly key: string;
}

/** Libraries that the C library loads by name when it first resolves a host, where it does not hold them itself. */
const LOADED_LATER = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

const found = new Map<string, Promise<NodeRuntime>>();

/**
 * Finds the pinned Node and its libraries, once per process.
 * @throws UserError when the package is not installed, or the binary does not fit this machine
 */
export function nodeRuntime(root: string = projectRoot): Promise<NodeRuntime> {
    const runtime = found.get(root) ?? findRuntime(root);
    found.set(root, runtime);
    return runtime;
}

async function findRuntime(root: string): Promise<NodeRuntime> {
    const name = `node-${process.platform}-${process.arch}`;
    const folder = join(root, "node_modules", name);
    const description = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    if (description === undefined)
        throw new UserError(`The npm package ${name}, which holds the pinned Node, is not installed: run npm ci.`);
    const { version } = JSON.parse(description) as { version: string };
    const binary = join(folder, "bin", "node");
    const libraries = await librariesOf(binary);
    const hash = createHash("sha256").update(`${name} ${version}\n`);
    for (const { from, to } of libraries) hash.update(`${to} ${await hashFile(from)}\n`);
    return {
        version,
        key: hash.digest("hex"),
        layer: { comment: `Node ${version}`, files: [{ from: binary, to: "/usr/local/bin/node", mode: "755" }, ...libraries] },
    };
}

/** The shared libraries a binary is linked to, from where the loader finds them here to the path it has for them. */
async function librariesOf(binary: string): Promise<FileSpec[]> {
    const result = await run("ldd", [binary]).catch(() => undefined);
    if (result?.code !== 0 || result.stdout.includes("not found")) {
        const why = `${result?.stdout ?? ""}${result?.stderr ?? "ldd is missing"}`
            .split("\n")
            .find((line) => /not found|missing|not a/.test(line));
        throw new UserError(
            `The libraries of ${binary} cannot be told (${why?.trim() ?? "ldd failed"}): images with Node need a machine with the GNU C library and libstdc++6 (apt-get install libc-bin libstdc++6).`,
        );
    }
    const paths = result.stdout.split("\n").flatMap((line) => /(?:=>\s*)?(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);
    const libc = paths.find((path) => path.endsWith("/libc.so.6"));
    for (const name of libc ? LOADED_LATER : []) {
        const path = join(dirname(libc ?? ""), name);
        if (
            await access(path).then(
                () => true,
                () => false,
            )
        )
            paths.push(path);
    }
    return Promise.all([...new Set(paths)].toSorted().map(async (path) => ({ from: await realpath(path), to: path, mode: "755" })));
}
