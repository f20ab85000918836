/**
 * OCI images made from files, without a container engine: those the embedded cluster needs, and those that are
 * described by an `image.json` beside their sources. Kept in the cache, keyed by everything that goes into them.
 */
import { createHash } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { cacheRoot } from "../common/paths.ts";
import { run } from "../common/process.ts";
import type { Progress, Step } from "../common/progress.ts";
import { buildTools, type ToolName } from "../cluster/build.ts";
import { ensureEntry } from "../cluster/build/ensure.ts";
import { inspect } from "../cluster/build/entry.ts";
import { define, type Definition, type ImageName } from "./define.ts";
import { ownImages } from "./own.ts";
import { architecture, type ImageSpec, type LayerSpec } from "./spec.ts";

export { imageNames, type ImageName } from "./define.ts";

/** The references of the images that a bare cluster needs. */
export const clusterImages = {
    pause: ownImages.pause.ref,
    coredns: ownImages.coredns.ref,
    registry: ownImages.registry.ref,
    traefik: ownImages.traefik.ref,
} as const;

/** What to build: an image's name, and the reference it gets if not the one in its description. */
export type ImageRequest = ImageName | { readonly name: ImageName; readonly ref?: string | undefined };

export interface BuiltImage {
    readonly name: ImageName;
    /** The full name under which the archive's image is known after an import. */
    readonly ref: string;
    /** The path of an OCI layout in a tar archive. */
    readonly archive: string;
    /** The digest of the image's manifest, `sha256:…`. */
    readonly digest: string;
}

const ARCHIVE = "image.tar";
const USUAL_SECONDS = 3;
/** How many versions of an image stay in the cache: the operator's changes with every edit of its sources. */
const KEPT = 3;

/** Twelve hex digits that change with anything that goes into the image; known without building anything. A good end for a tag. */
export async function imageKey(name: ImageName): Promise<string> {
    return (await define(name)).key.slice(0, 12);
}

/**
 * Makes sure that the images are in the cache. Tools they consist of are built first.
 * @throws UserError when a tool or a dependency cannot be had, or the work is interrupted
 */
export async function buildImages(requests: readonly ImageRequest[], progress: Progress, signal?: AbortSignal): Promise<BuiltImage[]> {
    const wanted = await Promise.all(requests.map(resolveRequest));
    const found = await Promise.all(wanted.map((image) => inspectImage(image, progress)));
    const todo = wanted.filter((_, i) => !found[i]);
    if (!todo.length) return found.flatMap((image) => image ?? []);
    const folders = await buildTools([...new Set(todo.flatMap(({ definition }) => definition.tools))], progress, signal);
    const built: BuiltImage[] = [];
    for (const [i, image] of wanted.entries()) {
        const position = todo.length > 1 ? ` (${todo.indexOf(image) + 1} of ${todo.length})` : "";
        built.push(found[i] ?? (await makeImage(image, folders, position, progress, signal)));
    }
    return built;
}

/** The same without building; undefined when one of the images is not in the cache. */
export async function builtImages(requests: readonly ImageRequest[]): Promise<BuiltImage[] | undefined> {
    const wanted = await Promise.all(requests.map(resolveRequest));
    const found = (await Promise.all(wanted.map((image) => inspectImage(image)))).flatMap((image) => image ?? []);
    return found.length === wanted.length ? found : undefined;
}

/** An image that is asked for, and where in the cache it is kept. */
interface Wanted {
    readonly definition: Definition;
    readonly ref: string;
    readonly key: string;
    readonly folder: string;
}

async function resolveRequest(request: ImageRequest): Promise<Wanted> {
    const { name, ref = undefined } = typeof request === "string" ? { name: request } : request;
    const definition = await define(name);
    const full = ref ?? definition.ref;
    if (!/^[\w.-]+(:\d+)?\/[a-z0-9/._-]+:[\w.-]{1,128}$/.test(full)) {
        throw new UserError(
            `"${full}" is not a full image reference: it must name a host, a repository and a tag, as in localhost/mcp-platform/operator:0.1.0.`,
        );
    }
    const key = createHash("sha256").update(`${definition.key} ${full}`).digest("hex");
    return { definition, ref: full, key, folder: join(cacheRoot(), "images", `${name.replaceAll("/", "-")}-${key.slice(0, 12)}`) };
}

async function inspectImage({ definition, ref, key, folder }: Wanted, progress?: Progress): Promise<BuiltImage | undefined> {
    const entry = await inspect(folder);
    if (entry.state === "damaged") progress?.log(`The cached image ${definition.name} is damaged (${entry.reason}): it is made again.`);
    if (entry.state !== "good" || entry.manifest.key !== key) return undefined;
    return { name: definition.name, ref, archive: join(folder, ARCHIVE), digest: entry.manifest.facts["digest"] ?? "" };
}

async function makeImage(
    { definition, ref, key, folder }: Wanted,
    folders: Readonly<Partial<Record<ToolName, string>>>,
    position: string,
    progress: Progress,
    signal?: AbortSignal,
): Promise<BuiltImage> {
    const layers = await definition.layers(folders, progress, signal);
    const step = progress.step(`making the image ${definition.name}${position}`, USUAL_SECONDS);
    try {
        const make = (output: string, scratch: string): Promise<Record<string, string>> =>
            writeImage(definition, ref, layers, join(folders.mkimage ?? "", "mkimage"), output, scratch, signal);
        const { manifest } = await ensureEntry({
            folder,
            key,
            title: `Making the image ${definition.name}`,
            make,
            keep: KEPT,
            waiting: (pid) => waitingNote(step, pid),
            signal,
        });
        const archive = join(folder, ARCHIVE);
        const { size } = await stat(archive);
        step.done(`${Math.round(size / 2 ** 20)} MiB`);
        return { name: definition.name, ref, archive, digest: manifest.facts["digest"] ?? "" };
    } catch (error) {
        step.fail();
        throw error;
    }
}

const waitingNote = (step: Step, pid: number): void => step.note(`process ${pid} is making it`);

async function writeImage(
    definition: Definition,
    ref: string,
    layers: readonly LayerSpec[],
    tool: string,
    output: string,
    scratch: string,
    signal?: AbortSignal,
): Promise<Record<string, string>> {
    const spec: ImageSpec = { ref, architecture, layers, ...definition.run };
    const file = join(scratch, "spec.json");
    await writeFile(file, JSON.stringify(spec));
    const result = await run(tool, ["build", file, join(output, ARCHIVE)], signal ? { signal } : {});
    const digest = result.stdout.trim();
    if (result.code !== 0 || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
        throw new UserError(
            `The image ${definition.name} cannot be made: ${result.stderr.trim() || `mkimage ended with ${result.signal ?? `status ${result.code}`}`}.`,
        );
    }
    return { image: definition.name, ref, digest, built: new Date().toISOString() };
}
