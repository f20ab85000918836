/** The probe: a static Go program, and an image that holds nothing else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../embedded/cluster/build/builder.ts";
import { builtTools } from "../../embedded/cluster/build.ts";
import { check } from "../../embedded/common/process.ts";
import { silent } from "../../embedded/common/progress.ts";
import { architecture, type ImageSpec } from "../../embedded/images/spec.ts";

export const PROBE_IMAGE = "localhost/mcp-platform/network-probe:test";

export interface Probe {
    /** The program's path on this machine. */
    readonly program: string;
    /** An OCI archive of its image. */
    readonly archive: string;
    remove(): Promise<void>;
}

export async function makeProbe(): Promise<Probe> {
    const tool = {
        name: "network-probe",
        title: "the network probe",
        module: join(import.meta.dirname, "probe"),
        packages: ["."],
        output: "network-probe",
        cost: { seconds: 3, packages: 60, mebibytes: 20 },
    };
    const [built] = await build([tool], { progress: silent });
    const mkimage = await builtTools(["mkimage"]);
    if (!built || !mkimage) throw new Error("the image tool is not built");
    const folder = await mkdtemp(join(tmpdir(), "network-probe-"));
    const program = join(built.folder, "network-probe");
    const spec: ImageSpec = {
        ref: PROBE_IMAGE,
        architecture,
        layers: [{ comment: "the network probe", files: [{ from: program, to: "/network-probe" }] }],
        entrypoint: ["/network-probe"],
        user: "65532:65532",
    };
    await writeFile(join(folder, "spec.json"), JSON.stringify(spec));
    const archive = join(folder, "image.tar");
    await check(join(mkimage.mkimage, "mkimage"), ["build", join(folder, "spec.json"), archive]);
    return { program, archive, remove: () => rm(folder, { recursive: true, force: true }) };
}
