/**
 * A machine within this one, for programs that change the machine they run on: namespaces, control groups and layers over
 * /usr and /etc of its own. What container engines leave behind (chains, bridges, mounts, processes) goes with it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
    createGroup,
    groupFolders,
    machineCgroups,
    nodeMounts,
    pidsIn,
    removeGroup,
    type Cgroups,
} from "../../embedded/cluster/cgroups.ts";
import { lock } from "../../embedded/cluster/build/lock.ts";
import { cacheRoot } from "../../embedded/common/paths.ts";
import { run, type RunOptions, type RunResult } from "../../embedded/common/process.ts";
import { unpackedPackages } from "./debian.ts";

/** Settings of the whole kernel, which no namespace holds, that a kubelet or an engine changes. */
const KERNEL_SETTINGS = [
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];
/** What the folder and the control groups of every sandbox are called, with something random after it. */
const PREFIX = "mcp-platform-sandbox-";
const READY_MS = 10_000;
const END_MS = 15_000;

export interface Sandbox {
    /** A folder of this machine that is there until {@link Sandbox.remove}. */
    readonly folder: string;
    /** Runs a program inside to its end. */
    run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
    /** The command line that runs a program inside. */
    inside(command: string, args: readonly string[]): readonly [string, ...string[]];
    /** What `run` adds to the environment; more may be put in. */
    readonly env: Record<string, string>;
    /** Ends everything inside, and removes what was made outside; a second time it does nothing. */
    remove(): Promise<void>;
}

/**
 * Makes a sandbox; another that is there already is waited for.
 * @param packages Debian packages that are in it beside those of this machine
 * @returns why there is none, if it cannot be made
 */
export async function makeSandbox(packages: readonly string[]): Promise<Sandbox | string> {
    if (process.getuid?.() !== 0) return "container engines need root";
    const unpacked = await unpackedPackages(["tini", ...packages]);
    if (!unpacked) return `the Debian packages ${packages.join(", ")} cannot be downloaded`;
    // Settings of the kernel are put back at the end, which is right only for one sandbox at a time.
    const unlock = await lock(join(cacheRoot(), "tests", "sandbox.lock"), () => {});
    await clearAbandoned();
    const folder = await mkdtemp(join(tmpdir(), PREFIX));
    const settings = await Promise.all(
        KERNEL_SETTINGS.map(async (name) => [`/proc/sys/${name}`, await readFile(`/proc/sys/${name}`, "utf8")] as const),
    );
    const cgroups = machineCgroups();
    const group = basename(folder);
    let init: ChildProcess | undefined;
    let removed = false;
    const remove = async (): Promise<void> => {
        if (removed) return;
        removed = true;
        init?.kill("SIGKILL");
        const left = await removeGroup(cgroups, group, END_MS);
        for (const [path, value] of settings) if ((await readFile(path, "utf8")) !== value) await writeFile(path, value);
        await rm(folder, { recursive: true, force: true });
        await unlock();
        if (left.length) throw new Error(`control groups of the sandbox could not be removed: ${left.join(", ")}`);
    };
    try {
        createGroup(cgroups, group);
        init = await begin(folder, unpacked, cgroups, group);
        const namespaces = await initOf(init);
        const env: Record<string, string> = {
            PATH: ["/usr/sbin", "/usr/bin", "/sbin", "/bin", process.env["PATH"] ?? ""].join(delimiter),
            // Outside it names this machine's init and session.
            XDG_RUNTIME_DIR: "/run",
        };
        const enter = `--target=${namespaces} --mount --net --pid --ipc --uts --cgroup`.split(" ");
        const inside = (command: string, args: readonly string[]): [string, ...string[]] => {
            const entering = ["nsenter", ...enter, `--wd=${process.cwd()}`, "setpriv", "--pdeathsig", "KILL", "--", command];
            return [...joining(cgroups, group), ...entering, ...args];
        };
        return {
            folder,
            env,
            inside,
            run: (command, args, options = {}) => {
                const [program, ...rest] = inside(command, args);
                return run(program, rest, { ...options, env: { ...env, ...options.env } });
            },
            remove,
        };
    } catch (error) {
        await remove();
        throw error;
    }
}

/** Removes what sandboxes left whose process was killed: nothing runs in them any more. */
async function clearAbandoned(): Promise<void> {
    const cgroups = machineCgroups();
    for (const name of (await readdir(tmpdir())).filter((entry) => entry.startsWith(PREFIX))) {
        if (groupFolders(cgroups, name).some((folder) => pidsIn(folder).length)) continue;
        await removeGroup(cgroups, name, 0);
        await rm(join(tmpdir(), name), { recursive: true, force: true });
    }
}

/** The beginning of a command line whose process joins the group first, in every hierarchy. */
function joining(cgroups: Cgroups, group: string): [string, ...string[]] {
    const files = groupFolders(cgroups, group).map((folder) => join(folder, "cgroup.procs"));
    const script = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ >"$1"; shift; n=$((n - 1)); done; exec "$@"';
    return ["sh", "-ec", script, "sh", String(files.length), ...files];
}

async function begin(folder: string, packages: string, cgroups: Cgroups, group: string): Promise<ChildProcess> {
    const own = "--mount --net --pid --ipc --uts --cgroup --fork --kill-child --mount-proc --propagation private".split(" ");
    const script = [join(import.meta.dirname, "sandbox.sh"), folder, packages];
    const [program, ...rest] = [...joining(cgroups, group), "setpriv", "--pdeathsig", "KILL", "unshare", ...own, "sh", ...script];
    if (cgroups.version === 2) await mkdir(join(folder, "cgroup2"));
    const child = spawn(program, rest, { stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    // Beside cgroup v1 the unified hierarchy must be there too, or all containers whose init is a systemd share one group in it.
    const unified = cgroups.version === 1 && cgroups.hierarchies.some(({ version }) => version === 2);
    const mounts = nodeMounts(cgroups).map(({ kind, target, data }) => `${kind} ${target} ${data}\n`);
    child.stdin?.end([...mounts, ...(unified ? ["cgroup2 unified rw\n"] : [])].join(""));
    for (const until = Date.now() + READY_MS; !existsSync(join(folder, "ready")); await sleep(20))
        if (child.exitCode !== null || Date.now() > until) throw new Error(`the sandbox did not start: ${said.trim()}`);
    return child;
}

/** The process id, out here, of the only child of `unshare`: what holds the namespaces. */
async function initOf(unshare: ChildProcess): Promise<number> {
    const children = await readFile(`/proc/${unshare.pid ?? 0}/task/${unshare.pid ?? 0}/children`, "utf8");
    return Number(children.trim().split(" ")[0]);
}
