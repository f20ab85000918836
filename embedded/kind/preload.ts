/** Puts images into a node's containerd before the node exists, by running containerd over its folder for a moment. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { check, run } from "../common/process.ts";
import type { Step } from "../common/progress.ts";
import type { ImageSpec } from "../images/spec.ts";
import type { PartFolders } from "./tools.ts";

/** Plugins that would look at this machine's network and containers; the store of images needs none of them. */
const UNNEEDED = [
    "io.containerd.cri.v1.images",
    "io.containerd.cri.v1.runtime",
    "io.containerd.grpc.v1.cri",
    "io.containerd.nri.v1.nri",
    "io.containerd.snapshotter.v1.overlayfs",
];
const READY_MS = 10_000;

/**
 * Makes the images and puts them into `root`, the later node's `/var/lib/containerd`; containerd unpacks them there.
 * @param scratch a folder for archives
 */
export async function preload(
    images: readonly ImageSpec[],
    tools: PartFolders,
    root: string,
    scratch: string,
    step: Step,
    signal?: AbortSignal,
): Promise<void> {
    await mkdir(root, { recursive: true });
    await withContainerd(tools.containerd, root, async (address) => {
        for (const [i, image] of images.entries()) {
            signal?.throwIfAborted();
            step.note(`image ${i + 1} of ${images.length}, ${image.ref}`);
            const [spec, archive] = [join(scratch, "image.json"), join(scratch, "image.tar")];
            await writeFile(spec, JSON.stringify(image));
            await check(join(tools.mkimage, "mkimage"), ["build", spec, archive]);
            // Pinned images stay on a node whose disk fills up: they could not be pulled again.
            const options = ["--local", "--no-unpack", "--label=io.cri-containerd.pinned=pinned"];
            await check(join(tools.containerd, "ctr"), [
                "--address",
                address,
                "--namespace",
                "k8s.io",
                "images",
                "import",
                ...options,
                archive,
            ]);
            await rm(archive);
        }
    });
}

/** Runs `work` while a containerd of its own serves at the address it is given. */
async function withContainerd(binaries: string, root: string, work: (address: string) => Promise<void>): Promise<void> {
    // Not beside the cache: the path of a socket may have no more than 107 bytes.
    const folder = await mkdtemp(join(tmpdir(), "kind-image-"));
    const address = join(folder, "containerd.sock");
    const config = join(folder, "config.toml");
    const log = join(folder, "log");
    const lines = [
        "version = 3",
        `root = ${JSON.stringify(root)}`,
        `state = ${JSON.stringify(join(folder, "state"))}`,
        `disabled_plugins = ${JSON.stringify(UNNEEDED)}`,
        `[grpc]\naddress = ${JSON.stringify(address)}`,
        `[ttrpc]\naddress = ${JSON.stringify(`${address}.ttrpc`)}`,
    ];
    await writeFile(config, lines.join("\n"));
    const output = await open(log, "w");
    // It ends with this process, however that ends.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", join(binaries, "containerd"), "--config", config], {
        stdio: ["ignore", output.fd, output.fd],
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve()));
    try {
        await ready(join(binaries, "ctr"), address, () => child.exitCode === null && child.pid !== undefined).catch(
            async (error: Error) => {
                const said = (await readFile(log, "utf8")).trim().split("\n").slice(-3).join("\n");
                throw new Error(`${error.message}\n${said}`, { cause: error });
            },
        );
        await work(address);
    } finally {
        child.kill("SIGTERM");
        await ended;
        await output.close();
        await rm(folder, { recursive: true, force: true });
    }
}

async function ready(ctr: string, address: string, alive: () => boolean): Promise<void> {
    for (const until = Date.now() + READY_MS; Date.now() < until && alive(); await sleep(50))
        if ((await run(ctr, ["--address", address, "version"])).code === 0) return;
    throw new Error("containerd, which puts the images into the node image, did not start:");
}
