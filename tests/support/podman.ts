/** A real podman from Debian's packages, in a sandbox: with its own images and containers, and gone without a trace. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hardLimit } from "./docker.ts";
import { makeSandbox, type Sandbox } from "./sandbox.ts";

const PACKAGES = [
    "podman",
    "conmon",
    "runc",
    "netavark",
    "aardvark-dns",
    "golang-github-containers-common",
    "golang-github-containers-image",
    "libgpgme11",
    "libassuan0",
    "libsubid4",
    "libyajl2",
    "libdevmapper1.02.1",
];

/**
 * Makes podman available; `run` of the sandbox finds it.
 * @returns why there is none, if it cannot be had
 */
export async function startPodman(): Promise<Sandbox | string> {
    const sandbox = await makeSandbox(PACKAGES);
    if (typeof sandbox === "string") return sandbox;
    const limits = [`nofile=${await hardLimit("open files")}`, `nproc=${await hardLimit("processes")}`];
    const configuration = join(sandbox.folder, "containers.conf");
    const storage = join(sandbox.folder, "storage.conf");
    // crun, the other runtime, does not run where cgroup v1 and v2 are mounted together; there is no systemd to ask for groups.
    const engine = ['cgroup_manager = "cgroupfs"', 'runtime = "runc"', 'events_logger = "file"'];
    await writeFile(
        configuration,
        [
            "[engine]",
            ...engine,
            "[network]",
            'network_backend = "netavark"',
            "[containers]",
            `default_ulimits = ${JSON.stringify(limits)}`,
            "",
        ].join("\n"),
    );
    const place = [`graphroot = ${JSON.stringify(join(sandbox.folder, "podman"))}`, 'runroot = "/run/containers"'];
    await writeFile(storage, ["[storage]", 'driver = "overlay"', ...place, ""].join("\n"));
    Object.assign(sandbox.env, {
        CONTAINERS_CONF: configuration,
        CONTAINERS_STORAGE_CONF: storage,
    });
    const info = await sandbox.run("podman", ["info"]);
    if (info.code === 0) return sandbox;
    await sandbox.remove();
    throw new Error(`podman does not run: ${info.stderr.trim()}`);
}
