/** What has to be true of the machine before anything starts; each failure is one sentence with its fix. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../common/errors.ts";
import { run } from "../common/process.ts";
import { filterTrouble } from "./enforcer/apply.ts";
import { machineCgroups, missingControllers } from "./cgroups.ts";
import type { ClusterMode, ClusterOptions } from "./options.ts";
import { CLUSTER_TOOLS } from "./options.ts";
import { MAX_NODES, planCluster } from "./plan.ts";
import { holderOf, isFree } from "./ports.ts";

const GIB = 2 ** 30;
const NEEDED_DISK = 4 * GIB;
const NEEDED_MEMORY = 2.5 * GIB;
/** Without nodes there are no images and no pods. */
const NEEDED_MEMORY_CONTROL_PLANE = 1 * GIB;

/** The programs that nodes need on the machine, and the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
    ip: "iproute2",
    iptables: "iptables",
    mount: "mount",
    umount: "mount",
    nsenter: "util-linux",
    nft: "nftables",
};

/** Kernel modules, and the file that shows that each is there (loaded or built in). */
const MODULES: Readonly<Record<string, string>> = {
    overlay: "/sys/module/overlay",
    bridge: "/sys/module/bridge",
    br_netfilter: "/proc/sys/net/bridge",
};

function programMissing(program: string): boolean {
    const path = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    return !path.some((folder) => {
        try {
            accessSync(join(folder, program), constants.X_OK);
            return true;
        } catch {
            return false;
        }
    });
}

/**
 * The Debian packages that nodes need and that are not installed.
 * @param isMissing of a program; default: it is in no folder of the path
 */
export function requiredPackages(isMissing: (program: string) => boolean = programMissing): Promise<string[]> {
    const missing = Object.entries(PROGRAMS).filter(([program]) => isMissing(program));
    return Promise.resolve([...new Set(missing.map(([, debianPackage]) => debianPackage))]);
}

/** What of a cluster's options is known before anything is built. */
export type MachineOptions = Pick<ClusterOptions, "stateDir" | "nodes" | "apiPort" | "apiPortOption" | "publish">;

/** Numbers that make no sense, and tools that are not there. */
export function checkOptions(options: ClusterOptions): void {
    checkNumbers(options);
    for (const tool of CLUSTER_TOOLS) {
        if (!existsSync(options.tools[tool] ?? ""))
            throw new UserError(`The tool ${tool} is not built: ${options.tools[tool]} does not exist. Run npm start, which builds it.`);
    }
}

/** Numbers that make no sense. */
export function checkNumbers(options: MachineOptions): void {
    if (!Number.isInteger(options.nodes) || options.nodes < 1 || options.nodes > MAX_NODES) {
        throw new UserError(`A cluster has 1 to ${MAX_NODES} nodes; found ${options.nodes}. Change --nodes.`);
    }
    const ports = planCluster(options, "nodes").forwards;
    for (const { host, option } of ports) {
        if (!Number.isInteger(host) || host < 1 || host > 65535)
            throw new UserError(`${host} is not a port (1 to 65535). Change ${option}.`);
    }
    for (const [i, { host, option }] of ports.entries()) {
        const earlier = ports.slice(0, i).find((other) => other.host === host);
        if (earlier) throw new UserError(`Port ${host} is asked for twice: by ${earlier.option} and by ${option}. Change one of them.`);
    }
}

/** Archives that are not there. */
export function checkArchives(archives: readonly string[]): void {
    const missing = archives.filter((path) => !existsSync(path));
    if (missing.length) throw new UserError(`Image archives do not exist: ${missing.join(", ")}. Run npm start, which builds them.`);
}

/** Ports that someone else holds; `ours` are those the running cluster itself holds. */
export async function checkPorts(options: MachineOptions, mode: ClusterMode, ours: ReadonlySet<number>): Promise<void> {
    const wanted =
        mode === "nodes" ? planCluster(options, mode).forwards : [{ host: options.apiPort, option: options.apiPortOption ?? "--api-port" }];
    for (const { host, option } of wanted) {
        if (ours.has(host) || (await isFree(host))) continue;
        const holder = holderOf(host);
        // Nobody's any more: its holder is just ending, as a hub that was killed a moment ago.
        if (!holder && (await isFreeSoon(host))) continue;
        throw new UserError(`Port ${host} on 127.0.0.1 is occupied${holder ? ` by ${holder}` : ""}. End that, or change ${option}.`);
    }
}

async function isFreeSoon(port: number): Promise<boolean> {
    for (const deadline = Date.now() + 2000; Date.now() < deadline;) {
        if (await isFree(port)) return true;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
}

/** Space for state and images, and memory for the components. */
export function checkRoom(stateDir: string, mode: ClusterMode): void {
    let there = stateDir;
    while (!existsSync(there)) there = dirname(there);
    const disk = statfsSync(there);
    const free = disk.bavail * disk.bsize;
    if (free < NEEDED_DISK) {
        throw new UserError(
            `${stateDir} has ${gib(free)} GiB free and the cluster needs 4 GiB. Free some, or set MCP_PLATFORM_STATE to a folder on another disk.`,
        );
    }
    const available = Number(/^MemAvailable:\s*(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024;
    const needed = mode === "nodes" ? NEEDED_MEMORY : NEEDED_MEMORY_CONTROL_PLANE;
    if (available < needed)
        throw new UserError(
            `This machine has ${gib(available)} GiB of memory available and the cluster needs ${gib(needed)} GiB. End something that uses much.`,
        );
}

function gib(bytes: number): string {
    return (bytes / GIB).toFixed(1);
}

/** What nodes need of the machine: programs, and what {@link checkKernel} looks for. */
export async function checkNodes(): Promise<void> {
    const packages = await requiredPackages();
    if (packages.length) throw new UserError(`Programs that nodes need are missing. Install them: apt-get install ${packages.join(" ")}`);
    const trouble = await filterTrouble();
    if (trouble)
        throw new UserError(
            `This kernel takes no rules of nftables, which apply NetworkPolicies (${trouble}). Load the module with "modprobe nf_tables", or use a kernel that has it.`,
        );
    await checkKernel();
}

/** What nodes need of the kernel: modules (loaded when they can be) and writable cgroups. */
export async function checkKernel(): Promise<void> {
    for (const [name, sign] of Object.entries(MODULES)) {
        if (existsSync(sign)) continue;
        await run("modprobe", [name]).catch(() => undefined);
        if (!existsSync(sign) && !(name === "overlay" && /\boverlay$/m.test(readFileSync("/proc/filesystems", "utf8")))) {
            throw new UserError(
                `The kernel module ${name} is not there, and pods need it. Load it with "modprobe ${name}", or use a kernel that has it.`,
            );
        }
    }
    const cgroups = machineCgroups();
    const unified = cgroups.hierarchies.find((h) => h.version === 2);
    const list = unified && join(unified.mountPoint, "cgroup.controllers");
    // It is not there when something was mounted over the hierarchy.
    const v2 = list && existsSync(list) ? readFileSync(list, "utf8").trim().split(/\s+/) : [];
    const missing = missingControllers(cgroups, v2);
    if (missing.length)
        throw new UserError(
            `The cgroup controllers ${missing.join(", ")} are not available, and nodes need them. Mount them, or enable them in the kernel's command line.`,
        );
    for (const { mountPoint } of cgroups.hierarchies) {
        try {
            accessSync(mountPoint, constants.W_OK); // also tells a file system that is read-only
        } catch {
            throw new UserError(
                `Groups cannot be made in ${mountPoint}: this looks like a container without its own cgroups. Run on the machine itself, or in a privileged container.`,
            );
        }
    }
}
