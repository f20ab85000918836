/** The production dependencies of one npm workspace, installed by npm from the part of the lock file that they take up. */
import { createHash } from "node:crypto";
import { copyFile, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { cacheRoot, projectRoot } from "../common/paths.ts";
import { during, type Progress } from "../common/progress.ts";
import { run } from "../common/process.ts";
import { ensureEntry } from "../cluster/build/ensure.ts";
import { inspect } from "../cluster/build/entry.ts";

interface LockEntry {
    readonly name?: string;
    readonly version?: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
    readonly link?: boolean;
}

/** How many versions stay in the cache. */
const KEPT = 3;

type LockPackages = Readonly<Record<string, LockEntry>>;

interface LockFile {
    readonly lockfileVersion: number;
    readonly packages: LockPackages;
}

export interface Dependencies {
    /** SHA-256 over what would be installed. */
    readonly key: string;
    /** A project of its own: nothing but the workspace and what it needs. */
    readonly project: { readonly "package.json": object; readonly "package-lock.json": LockFile };
    readonly workspace: string;
}

/**
 * Reads what a workspace needs from the lock file.
 * @param workspace the workspace's folder, relative to the root
 * @throws UserError when the lock file does not know the workspace
 */
export async function dependenciesOf(workspace: string, root: string = projectRoot): Promise<Dependencies> {
    const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as LockFile;
    const own = lock.packages[workspace];
    if (!own?.name) throw new UserError(`package-lock.json does not know the workspace ${workspace}: run npm install.`);
    const needed = closure(lock.packages, workspace);
    const header = { name: "image", version: "0.0.0", workspaces: [workspace] };
    const packages = {
        "": header,
        ...Object.fromEntries(needed.map((path) => [path, withoutFlags(lock.packages[path] ?? {})])),
        [`node_modules/${own.name}`]: { resolved: workspace, link: true },
        [workspace]: own,
    };
    const lockFile = { ...header, lockfileVersion: lock.lockfileVersion, requires: true, packages };
    const key = createHash("sha256")
        .update(`${process.platform} ${process.arch}\n${JSON.stringify(lockFile)}`)
        .digest("hex");
    return { key, workspace, project: { "package.json": { ...header, private: true }, "package-lock.json": lockFile } };
}

/** The lock file says "only for development" of what the rest of the repository needs no more; here it is needed. */
function withoutFlags(entry: LockEntry): LockEntry {
    return Object.fromEntries(Object.entries(entry).filter(([name]) => !["dev", "devOptional", "peer"].includes(name)));
}

/** The paths in the lock file of everything that a workspace needs, found as Node's resolution finds them. */
export function closure(packages: LockPackages, workspace: string): string[] {
    const found = new Set<string>();
    const queue = [workspace];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
        const entry = packages[path] ?? {};
        for (const name of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies, ...entry.peerDependencies })) {
            const at = resolve(packages, path, name);
            if (at === undefined || found.has(at)) continue;
            found.add(at);
            queue.push(at);
        }
    }
    return [...found].toSorted();
}

function resolve(packages: LockPackages, from: string, name: string): string | undefined {
    for (let folder = from; ;) {
        const candidate = `${folder ? `${folder}/` : ""}node_modules/${name}`;
        if (packages[candidate]) return candidate;
        if (!folder) return undefined;
        const end = folder.lastIndexOf("/node_modules/");
        folder = end < 0 ? "" : folder.slice(0, end);
    }
}

/**
 * Installs them into the cache.
 * @returns the folder that holds `node_modules` (and the workspace's own below its path, if npm put one there)
 * @throws UserError when npm is missing or fails
 */
export async function installed(
    dependencies: Dependencies,
    progress: Progress,
    signal?: AbortSignal,
    root: string = projectRoot,
): Promise<string> {
    const { key, workspace, project } = dependencies;
    const folder = join(cacheRoot(), "dependencies", `${workspace.replaceAll("/", "-")}-${key.slice(0, 12)}`);
    const found = await inspect(folder);
    if (found.state === "good" && found.manifest.key === key) return folder;
    if (found.state === "damaged")
        progress.log(`The cached dependencies of ${workspace} are damaged (${found.reason}): they are installed again.`);
    await during(progress, `installing the dependencies of ${workspace}`, 12, async (step) => {
        const make = async (output: string, scratch: string): Promise<Record<string, string>> => {
            for (const [name, content] of Object.entries(project))
                await writeFile(join(scratch, name), JSON.stringify(content, undefined, 2));
            await mkdir(join(scratch, workspace), { recursive: true });
            await copyFile(join(root, workspace, "package.json"), join(scratch, workspace, "package.json"));
            await copyFile(join(root, ".npmrc"), join(scratch, ".npmrc")).catch(() => {});
            await npmCi(scratch, workspace, signal);
            await keep(scratch, output, workspace);
            return { workspace };
        };
        await ensureEntry({
            folder,
            key,
            title: `Installing the dependencies of ${workspace}`,
            make,
            keep: KEPT,
            waiting: (pid) => step.note(`process ${pid} is doing it`),
            signal,
        });
    });
    return folder;
}

async function npmCi(folder: string, workspace: string, signal?: AbortSignal): Promise<void> {
    const script = process.env["npm_execpath"];
    const [command, first] = script?.endsWith("js") ? [process.execPath, [script]] : ["npm", []];
    const args = [
        ...first,
        "ci",
        `--workspace=${workspace}`,
        "--omit=dev",
        "--ignore-scripts",
        "--include-workspace-root=false",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    const result = await run(command, args, { cwd: folder, env: environment(), ...(signal ? { signal } : {}) }).catch(
        (error: NodeJS.ErrnoException) => {
            if (error.code === "ENOENT")
                throw new UserError(
                    `npm is not installed, and the image of ${workspace} needs it: install the npm that belongs to your Node (Debian: apt-get install npm).`,
                );
            throw error;
        },
    );
    if (result.code === 0) return;
    const lines = result.stderr.split("\n").filter((line) => line.startsWith("npm error") && !line.includes("A complete log"));
    const reason = lines.slice(0, 8).join("\n");
    throw new UserError(
        `The dependencies of ${workspace} cannot be installed (npm ci ended with status ${result.code}):\n${reason}\nCheck that the npm registry can be reached, or set one with npm config set registry.`,
    );
}

/** What `npm run` tells its children about the project they were started from is not true of the folder npm works in here. */
function environment(): Record<string, undefined> {
    const misleading = Object.keys(process.env).filter((name) =>
        /^npm_(package_|lifecycle_|config_(local_prefix|workspaces?|include_workspace_root|omit|include|prefix|global)$)/i.test(name),
    );
    return Object.fromEntries([...misleading, "NODE_ENV"].map((name) => [name, undefined]));
}

/** Moves what was installed, without npm's own files and the links to the workspace itself. */
async function keep(from: string, to: string, workspace: string): Promise<void> {
    const modules = join(from, "node_modules");
    await rm(join(modules, ".package-lock.json"), { force: true });
    for (const name of await readdir(modules).catch(() => [])) {
        const path = join(modules, name);
        if (!name.startsWith("@")) {
            await dropLink(path);
            continue;
        }
        for (const inner of await readdir(path)) await dropLink(join(path, inner));
    }
    await rename(modules, join(to, "node_modules"));
    const nested = join(from, workspace, "node_modules");
    if (!(await lstat(nested).catch(() => undefined))) return;
    await mkdir(join(to, workspace), { recursive: true });
    await rename(nested, join(to, workspace, "node_modules"));
}

async function dropLink(path: string): Promise<void> {
    if ((await lstat(path)).isSymbolicLink()) await rm(path);
}
