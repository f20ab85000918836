/** What the images' tests share: folders of their own, the image tool, and a look into archives. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtTools } from "../../embedded/cluster/build.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import type { ImageSpec, LayerSpec } from "../../embedded/images/spec.ts";

const made: string[] = [];

/** A folder that {@link removeFolders} removes. */
export async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-images-"));
    made.push(folder);
    return folder;
}

export async function removeFolders(): Promise<void> {
    for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** The image tool's binary; undefined (and said) when it is not built. */
export async function imageTool(): Promise<string | undefined> {
    const built = await builtTools(["mkimage"]);
    if (!built) console.warn("skipped: the image tool is not built; npm start builds it");
    return built && join(built.mkimage, "mkimage");
}

export const imageSpec = (layers: readonly LayerSpec[], more: Partial<ImageSpec> = {}): ImageSpec => ({
    ref: "localhost/test/image:1",
    architecture: "amd64",
    layers,
    entrypoint: ["/program"],
    user: "65532:65532",
    ...more,
});

export async function make(tool: string, spec: unknown): Promise<RunResult & { readonly archive: string }> {
    const folder = await temporaryFolder();
    const [file, archive] = [join(folder, "spec.json"), join(folder, "image.tar")];
    await writeFile(file, JSON.stringify(spec));
    return { ...(await run(tool, ["build", file, archive])), archive };
}

export interface TarMember {
    readonly name: string;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    /** Seconds since the epoch. */
    readonly modified: number;
    readonly type: string;
    readonly link: string;
    readonly content: Buffer;
}

/** The members of an uncompressed tar archive with plain (ustar) headers. */
export function untar(tar: Buffer): TarMember[] {
    const members: TarMember[] = [];
    for (let at = 0; at < tar.length && tar[at] !== 0;) {
        const text = (from: number, length: number): string => tar.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
        const octal = (from: number, length: number): number => Number.parseInt(text(from, length), 8) || 0;
        const size = octal(124, 12);
        const prefix = text(345, 155);
        members.push({
            name: prefix ? `${prefix}/${text(0, 100)}` : text(0, 100),
            mode: octal(100, 8),
            uid: octal(108, 8),
            gid: octal(116, 8),
            modified: octal(136, 12),
            type: text(156, 1),
            link: text(157, 100),
            content: tar.subarray(at + 512, at + 512 + size),
        });
        at += 512 + Math.ceil(size / 512) * 512;
    }
    return members;
}

interface Described {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
}

export interface OpenedImage {
    readonly files: readonly string[];
    readonly index: {
        readonly manifests: readonly (Described & { readonly annotations: Readonly<Record<string, string>>; readonly platform: unknown })[];
    };
    readonly manifest: { readonly config: Described; readonly layers: readonly Described[] };
    readonly config: {
        readonly config: Readonly<Record<string, unknown>>;
        readonly rootfs: { readonly diff_ids: readonly string[] };
        readonly architecture: string;
    };
    /** The members of each layer. */
    readonly layers: readonly TarMember[][];
}

const sha256 = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Opens an OCI layout in a tar archive; throws when a blob does not have the digest or size it is named by. */
export async function openImage(archive: string): Promise<OpenedImage> {
    const members = untar(await readFile(archive));
    const find = (name: string): Buffer => {
        const member = members.find((m) => m.name === name);
        if (!member) throw new Error(`${archive} has no ${name}`);
        return member.content;
    };
    const blob = ({ digest, size }: Described): Buffer => {
        const content = find(`blobs/sha256/${digest.slice(7)}`);
        if (sha256(content) !== digest || content.length !== size) throw new Error(`the blob ${digest} is not what it is named`);
        return content;
    };
    const index = JSON.parse(find("index.json").toString()) as OpenedImage["index"];
    const [first] = index.manifests;
    if (!first) throw new Error("no manifest");
    const manifest = JSON.parse(blob(first).toString()) as OpenedImage["manifest"];
    const config = JSON.parse(blob(manifest.config).toString()) as OpenedImage["config"];
    const layers = manifest.layers.map((layer) => untar(blob(layer)));
    return { files: members.map(({ name }) => name), index, manifest, config, layers };
}
