/** Definitions: files of Go modules that describe objects, fetched by Go, checked against their pins and kept as JSON. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { findGo } from "../cluster/build/go.ts";
import { UserError } from "../common/errors.ts";
import { run } from "../common/process.ts";
import { during, type Progress } from "../common/progress.ts";

/** What is fetched, and what it must be. */
export interface ModuleFiles {
    readonly module: string;
    readonly version: string;
    /** The module's hash as `go.sum` has it. */
    readonly sum: string;
    /** YAML files in the module, or folders of them. */
    readonly paths: readonly string[];
    /** sha256 of the result. */
    readonly sha256: string;
}

interface Named {
    readonly metadata: { readonly name: string };
}

/** Whether a file is there and has the content of the pin. */
export async function isFetched(file: string, sha256: string): Promise<boolean> {
    const text = await readFile(file).catch(() => undefined);
    return text !== undefined && hashOf(text) === sha256;
}

/**
 * Fetches a module and writes the objects of its files, sorted by name, as JSON. What is there and right is kept.
 * @throws UserError when Go or the module cannot be had, or is not what the pin says
 */
export async function fetchDefinitions(files: ModuleFiles, target: string, progress: Progress, signal?: AbortSignal): Promise<void> {
    if (await isFetched(target, files.sha256)) return;
    await during(progress, `fetching ${files.module} ${files.version}`, 10, async () => {
        const text = await objectsOf(files, await download(files, signal));
        const found = hashOf(text);
        if (found !== files.sha256)
            throw new UserError(
                `The definitions in ${files.module} ${files.version} have sha256 ${found} instead of ${files.sha256}: the pin or the module was changed; nothing was kept.`,
            );
        await mkdir(dirname(target), { recursive: true });
        const temporary = `${target}.${process.pid}`;
        await writeFile(temporary, text);
        await rename(temporary, target);
    });
}

/** The folder of the module, once its hash was compared with the pin. */
async function download({ module, version, sum }: ModuleFiles, signal: AbortSignal | undefined): Promise<string> {
    const go = await findGo();
    if (!go)
        throw new UserError(
            `Go is not installed, and ${module} is fetched with it. Install Go from https://go.dev/dl/ and run the command again.`,
        );
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-definitions-"));
    try {
        const env = { GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod", GOWORK: "off" };
        const result = await run(go.path, ["mod", "download", "-json", `${module}@${version}`], {
            cwd: folder,
            env,
            ...(signal && { signal }),
        });
        const answer = parsed(result.stdout);
        if (result.code !== 0 || answer.Dir === undefined)
            throw new UserError(`Go could not fetch ${module} ${version}: ${answer.Error ?? (result.stderr.trim() || "it said nothing")}.`);
        if (answer.Sum !== sum)
            throw new UserError(
                `${module} ${version} has the hash ${answer.Sum} instead of ${sum}: it is not the module that was pinned; nothing was kept.`,
            );
        return answer.Dir;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

function parsed(text: string): { readonly Dir?: string; readonly Sum?: string; readonly Error?: string } {
    try {
        return JSON.parse(text) as ReturnType<typeof parsed>;
    } catch {
        return {};
    }
}

async function objectsOf({ paths }: ModuleFiles, folder: string): Promise<string> {
    const names = await Promise.all(paths.map((path) => yamlFiles(join(folder, path))));
    const texts = await Promise.all(names.flat().map((name) => readFile(name, "utf8")));
    const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Named | null));
    const named = objects.filter((object): object is Named => object !== null);
    return `${JSON.stringify(named.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)))}\n`;
}

async function yamlFiles(path: string): Promise<string[]> {
    if (!(await stat(path)).isDirectory()) return [path];
    return (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).map((name) => join(path, name));
}

const hashOf = (text: Buffer | string): string => createHash("sha256").update(text).digest("hex");
