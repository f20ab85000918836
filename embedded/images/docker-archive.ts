/** Images as Docker's older engines load them, which know no OCI layout. */
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { check } from "../common/process.ts";
import type { BuiltImage } from "./index.ts";

interface Descriptor {
    readonly digest: string;
}

const blob = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;

/**
 * Writes the image to `target` as an OCI layout that is a Docker archive as well: `manifest.json` names the same blobs.
 * @see https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
 */
export async function dockerArchive({ archive, digest, ref }: BuiltImage, target: string): Promise<void> {
    const { stdout } = await check("tar", ["-xOf", archive, blob({ digest })]);
    const { config, layers } = JSON.parse(stdout) as { readonly config: Descriptor; readonly layers: readonly Descriptor[] };
    const manifest = [{ Config: blob(config), RepoTags: [ref], Layers: layers.map(blob) }];
    const folder = await mkdtemp(join(dirname(target), "manifest-"));
    try {
        await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
        await copyFile(archive, target);
        await check("tar", ["-rf", target, "-C", folder, "--owner=0", "--group=0", "manifest.json"]);
    } finally {
        await rm(folder, { recursive: true });
    }
}
