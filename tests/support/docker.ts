/** A real Docker engine from Debian's packages, in a sandbox: started with its own data, and gone without a trace. */
import { spawn } from "node:child_process";
import { chmod, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeSandbox, type Sandbox } from "./sandbox.ts";

const PACKAGES = ["docker.io", "containerd", "runc", "libdevmapper1.02.1"];
const READY_MS = 20_000;
/** The bit of CAP_SYS_RESOURCE in a set of capabilities. */
const SYS_RESOURCE = 24n;

/**
 * Starts a Docker engine; `run` of the sandbox finds `docker` and reaches it.
 * @returns why there is none, if it cannot be had
 */
export async function startDocker(): Promise<Sandbox | string> {
    const sandbox = await makeSandbox(PACKAGES);
    if (typeof sandbox === "string") return sandbox;
    try {
        await start(sandbox);
        return sandbox;
    } catch (error) {
        await sandbox.remove();
        throw error;
    }
}

async function start(sandbox: Sandbox): Promise<void> {
    const folder = join(sandbox.folder, "docker");
    const log = join(folder, "log");
    await mkdir(folder);
    sandbox.env["DOCKER_HOST"] = "unix:///run/docker.sock";
    sandbox.env["DOCKER_CONFIG"] = join(folder, "client");
    const [program, ...args] = sandbox.inside("dockerd", [
        `--data-root=${join(folder, "data")}`,
        "--exec-root=/run/docker",
        "--pidfile=/run/docker.pid",
        `--host=${sandbox.env["DOCKER_HOST"]}`,
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--storage-driver=overlay2",
        `--default-ulimit=nofile=${await hardLimit("open files")}`,
        ...((await mayRaiseLimits()) ? [] : [`--add-runtime=limited=${await limitedRuntime(folder)}`, "--default-runtime=limited"]),
    ]);
    const output = await open(log, "w");
    const daemon = spawn(program, args, { env: { ...process.env, ...sandbox.env }, stdio: ["ignore", output.fd, output.fd] });
    await output.close();
    for (const until = Date.now() + READY_MS; (await sandbox.run("docker", ["info"])).code !== 0; await sleep(100)) {
        if (daemon.exitCode === null && Date.now() < until) continue;
        throw new Error(`dockerd did not start: ${(await readFile(log, "utf8")).trim().split("\n").slice(-5).join("\n")}`);
    }
}

/** The most of something that a process here may have, as both limits of a container: it cannot be given more. */
export async function hardLimit(of: "open files" | "processes"): Promise<string> {
    const limits = await readFile("/proc/self/limits", "utf8");
    const hard = new RegExp(`^Max ${of}\\s+\\S+\\s+(\\d+)`, "m").exec(limits)?.[1] ?? "-1";
    return `${hard}:${hard}`;
}

/** Whether root here has the capability to raise limits; machines without it cannot give it to privileged containers either. */
async function mayRaiseLimits(): Promise<boolean> {
    const bounding = /^CapBnd:\s+(\S+)/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
    return ((BigInt(`0x${bounding}`) >> SYS_RESOURCE) & 1n) === 1n;
}

/** A runtime that leaves the capability out of what Docker asks for: it asks for all that there are. */
async function limitedRuntime(folder: string): Promise<string> {
    const path = join(folder, "runc-limited");
    const script = `#!/bin/sh
previous=
for word in "$@"; do
    case $previous in --bundle) config=$word/config.json ;; --process | -p) config=$word ;; esac
    previous=$word
done
[ -z "$config" ] || sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$config"
exec /usr/sbin/runc "$@"
`;
    await writeFile(path, script);
    await chmod(path, 0o755);
    return path;
}
