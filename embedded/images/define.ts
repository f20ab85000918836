/** Turns an image's name into what it is made of: the inputs' key, known without building, and the layers. */
import { createHash } from "node:crypto";
import { access, readdir } from "node:fs/promises";
import { join, matchesGlob, relative } from "node:path";
import { UserError } from "../common/errors.ts";
import { projectRoot } from "../common/paths.ts";
import type { Progress } from "../common/progress.ts";
import { toolInputs, toolKey, type ToolName } from "../cluster/build.ts";
import { hashFile } from "../cluster/build/entry.ts";
import { dependenciesOf, installed } from "./dependencies.ts";
import { describedImages, readDescription, type DescribedImage, type DescribedImageName } from "./described.ts";
import { baseLayer, ownImages, type OwnImage, type OwnImageName } from "./own.ts";
import { nodeRuntime } from "./runtime.ts";
import type { FileSpec, LayerSpec, RunSpec, TreeSpec } from "./spec.ts";

export type ImageName = OwnImageName | DescribedImageName;

/** The names of all images. */
export const imageNames: readonly ImageName[] = [...(Object.keys(ownImages) as OwnImageName[]), ...describedImages];

/** An image before it is made. */
export interface Definition {
    readonly name: ImageName;
    readonly title: string;
    /** The reference it has unless a caller names another. */
    readonly ref: string;
    /** SHA-256 over everything that goes into it but its reference. */
    readonly key: string;
    readonly run: RunSpec;
    /** The tools that must be built first. */
    readonly tools: readonly ToolName[];
    /** Makes or finds what the layers consist of, given the tools' folders. */
    layers(folders: Readonly<Partial<Record<ToolName, string>>>, progress: Progress, signal?: AbortSignal): Promise<LayerSpec[]>;
}

/** What no running program reads: declarations for compilers, maps for debuggers, npm's links to commands. */
const UNREAD = ["*.d.ts", "*.d.mts", "*.d.cts", "*.map", ".bin"];

export function isImageName(name: string): name is ImageName {
    return (imageNames as readonly string[]).includes(name);
}

/**
 * Reads what an image is made of.
 * @throws UserError for a description that is wrong or a part that is missing
 */
export function define(name: ImageName): Promise<Definition> {
    const own = (ownImages as Partial<Record<ImageName, OwnImage>>)[name];
    return own ? defineOwn(name, own) : defineDescribed(name as DescribedImageName);
}

async function defineOwn(name: ImageName, image: OwnImage): Promise<Definition> {
    const certificates = image.bare ? undefined : await hostCertificates();
    const base = image.bare ? [] : [baseLayer(certificates)];
    const { entrypoint, cmd, env, user, workdir } = image;
    const run = runSpec({ entrypoint, cmd, env, user, workdir, labels: undefined }, image.title);
    const key = await keyOf(run, [
        await toolKey(image.tool),
        await toolInputs("mkimage"),
        JSON.stringify([base, image]),
        certificates ? await hashFile(certificates.from) : "",
    ]);
    return {
        name,
        title: image.title,
        ref: image.ref,
        key,
        run,
        tools: [image.tool, "mkimage"],
        layers: async (folders) => [
            ...base,
            {
                ...image.layer,
                comment: image.title,
                files: [{ from: join(folders[image.tool] ?? "", image.binary), to: image.at, mode: "755" }],
            },
        ],
    };
}

async function defineDescribed(name: DescribedImageName): Promise<Definition> {
    const image = await readDescription(name);
    const [node, certificates] = await Promise.all([nodeRuntime(), hostCertificates()]);
    const dependencies = image.dependencies && (await dependenciesOf(image.folder));
    const run = runSpec(image, image.title);
    const sources = sourceTrees(image);
    const base = [baseLayer(certificates), node.layer];
    const key = await keyOf(run, [
        node.key,
        dependencies?.key ?? "",
        await toolInputs("mkimage"),
        JSON.stringify([base[0], sources.map(({ to }) => to), image.dependencies, UNREAD]),
        certificates ? await hashFile(certificates.from) : "",
        ...(await Promise.all(sources.map(treeDigest))),
    ]);
    return {
        name,
        title: image.title,
        ref: image.ref,
        key,
        run,
        tools: ["mkimage"],
        layers: async (_folders, progress, signal) => {
            const layers: LayerSpec[] = [...base];
            if (image.dependencies && dependencies) {
                const folder = await installed(dependencies, progress, signal);
                layers.push({
                    comment: `dependencies of ${image.folder}`,
                    trees: await dependencyTrees(folder, image.folder, image.dependencies),
                });
            }
            if (sources.length) layers.push({ comment: image.title, trees: sources });
            return layers;
        },
    };
}

async function dependencyTrees(
    folder: string,
    workspace: string,
    { to, exclude = [] }: { to: string; exclude?: string[] | undefined },
): Promise<TreeSpec[]> {
    const nested = join(workspace, "node_modules");
    const there = await access(join(folder, nested)).then(
        () => true,
        () => false,
    );
    return (there ? ["node_modules", nested] : ["node_modules"]).map((path) => ({
        from: join(folder, path),
        to: join(to, path),
        exclude: [...UNREAD, ...exclude],
    }));
}

const sourceTrees = (image: DescribedImage): TreeSpec[] =>
    image.trees.map(({ from, to, include, exclude = [] }) => ({
        from: join(projectRoot, image.folder, from),
        to,
        ...(include ? { include } : {}),
        exclude: ["node_modules", ...UNREAD, ...exclude],
    }));

/** SHA-256 over the paths and contents of what a tree copies. */
async function treeDigest(tree: TreeSpec): Promise<string> {
    const hash = createHash("sha256");
    for (const path of await filesOf(tree.from, tree)) hash.update(`${relative(tree.from, path)} ${await hashFile(path)}\n`);
    return hash.digest("hex");
}

async function filesOf(folder: string, tree: TreeSpec): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        throw new UserError(`The sources of an image cannot be read: ${folder} (${error.code ?? error.message}).`);
    });
    const files: string[] = [];
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        const path = join(folder, entry.name);
        if (matches(tree.exclude, tree.from, path)) continue;
        if (entry.isDirectory()) files.push(...(await filesOf(path, tree)));
        else if (!tree.include || matches(tree.include, tree.from, path)) files.push(path);
    }
    return files;
}

/** The same rule as the image tool's: a pattern without a slash is about names, one with a slash about paths. */
function matches(patterns: readonly string[] | undefined, root: string, path: string): boolean {
    const below = relative(root, path);
    return (patterns ?? []).some((pattern) => matchesGlob(pattern.includes("/") ? below : (below.split("/").at(-1) ?? ""), pattern));
}

type Run = Pick<RunSpec, "entrypoint" | "user"> & { readonly [K in "cmd" | "env" | "workdir" | "labels"]?: RunSpec[K] | undefined };

function runSpec(image: Run, title: string): RunSpec {
    const { entrypoint, cmd, env, user, workdir, labels } = image;
    return {
        entrypoint,
        user,
        ...(cmd ? { cmd } : {}),
        ...(env ? { env } : {}),
        ...(workdir ? { workdir } : {}),
        labels: { "org.opencontainers.image.title": title, ...labels },
    };
}

async function keyOf(run: RunSpec, parts: readonly string[]): Promise<string> {
    return createHash("sha256")
        .update(JSON.stringify([run, process.arch, ...parts]))
        .digest("hex");
}

/** Go programs trust what is in this file; Node brings its own list. */
async function hostCertificates(): Promise<FileSpec | undefined> {
    const file = "/etc/ssl/certs/ca-certificates.crt";
    return access(file).then(
        () => ({ from: file, to: file, mode: "644" }),
        () => undefined,
    );
}
