/** What a node's system consists of: Debian packages unpacked by debootstrap, kept in the cache as one archive. */
import { createHash } from "node:crypto";
import { access, mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ensureEntry } from "../cluster/build/ensure.ts";
import { inspect } from "../cluster/build/entry.ts";
import { UserError } from "../common/errors.ts";
import { cacheRoot } from "../common/paths.ts";
import { check, run } from "../common/process.ts";
import { during, type Progress, type Step } from "../common/progress.ts";

/** The release whose systemd takes cgroup v1 as it is, without a boot option; later ones refuse it. */
const SUITE = "bookworm";

/** What kind's own base image has, less what needs devices of the machine (NFS, iSCSI, FUSE). */
const PACKAGES = [
    "bash,ca-certificates,conntrack,curl,dbus,e2fsprogs,ethtool,iproute2,iptables,jq,kmod,libseccomp2,mount,nftables,procps",
    "systemd,util-linux",
];

/** What a node never reads. */
const UNREAD = [
    "./var/cache/apt",
    "./var/lib/apt/lists",
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
    "./var/log",
    "./debootstrap",
];

/** Debian packages with programs that making a node image runs, by program. */
const PROGRAMS = { debootstrap: "debootstrap", unshare: "util-linux", chroot: "coreutils", tar: "tar" } as const;

const ARCHIVE = "rootfs.tar";
const USUAL_SECONDS = 60;

/** Changes with everything that decides which packages there are; their versions are those of the day it was made. */
export const rootfsKey: string = createHash("sha256")
    .update(JSON.stringify([SUITE, PACKAGES, UNREAD, process.arch]))
    .digest("hex");

const folder = (): string => join(cacheRoot(), "kind", `rootfs-${rootfsKey.slice(0, 12)}`);

/** The Debian packages that must be installed before a node's system can be made; none when it is in the cache. */
export async function missingPackages(): Promise<string[]> {
    if ((await inspect(folder())).state === "good") return [];
    const missing = new Set<string>();
    for (const [program, name] of Object.entries(PROGRAMS)) if (!(await onPath(program))) missing.add(name);
    return [...missing];
}

/** @throws UserError naming all packages that are missing at once */
export async function requirePackages(): Promise<void> {
    const missing = await missingPackages();
    if (missing.length)
        throw new UserError(
            `The system of kind nodes cannot be made: ${missing.join(", ")} must be installed. Run: apt-get install -y ${missing.join(" ")}`,
        );
}

/**
 * The archive of a node's system, made when it is not in the cache.
 * @throws UserError when debootstrap is missing or cannot get its packages, or the work is interrupted
 */
export async function rootfs(progress: Progress, signal?: AbortSignal): Promise<string> {
    const entry = await inspect(folder());
    if (entry.state === "good") return join(folder(), ARCHIVE);
    if (entry.state === "damaged") progress.log(`The cached system of kind nodes is damaged (${entry.reason}): it is made again.`);
    await requirePackages();
    await during(progress, `unpacking Debian ${SUITE} for kind nodes`, USUAL_SECONDS, async (step) => {
        const make = async (output: string, scratch: string): Promise<Record<string, string>> => {
            const system = join(scratch, "rootfs");
            await mkdir(system);
            await debootstrap(system, step, signal);
            const { stdout } = await check("chroot", [system, "dpkg-query", "-W", "-f", "${Package}=${Version} "]);
            const exclude = UNREAD.map((path) => `--exclude=${path}/*`);
            await check("tar", ["-C", system, "--numeric-owner", "--sort=name", ...exclude, "-cf", join(output, ARCHIVE), "."]);
            return { suite: SUITE, packages: stdout.trim(), made: new Date().toISOString() };
        };
        const waiting = (pid: number): void => step.note(`process ${pid} is making it`);
        await ensureEntry({ folder: folder(), key: rootfsKey, title: "The system of kind nodes", make, keep: 2, waiting, signal });
    });
    return join(folder(), ARCHIVE);
}

async function debootstrap(system: string, step: Step, signal?: AbortSignal): Promise<void> {
    const onLine = (line: string): void => {
        const [, action, name] = /^I: (Retrieving|Validating|Extracting|Unpacking|Configuring) (\S+?)(?:\.\.\.)?(?:\s|$)/.exec(line) ?? [];
        if (action && name) step.note(`${action.toLowerCase()} ${name}`);
    };
    // In namespaces of its own what it mounts and starts ends with it, and it with this process, however they end.
    const own = "--pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --propagation private".split(" ");
    const args = ["--variant=minbase", `--include=${PACKAGES.join(",")}`, SUITE, system];
    const result = await run("setpriv", [...own, "debootstrap", ...args], { onLine, ...(signal ? { signal } : {}) });
    if (result.code === 0) return;
    const said = `${result.stdout}\n${result.stderr}`.split("\n").filter((line) => /^[EW]: /.test(line));
    throw new UserError(
        `The Debian packages of kind nodes could not be unpacked: ${said.slice(-2).join(" ") || result.stderr.trim() || `debootstrap ended with status ${result.code}`}. ` +
            "Can Debian's mirror be reached, and is there 1 GiB of space?",
    );
}

async function onPath(program: string): Promise<boolean> {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
        const there = await access(join(folder, program)).then(
            () => true,
            () => false,
        );
        if (folder && there) return true;
    }
    return false;
}
