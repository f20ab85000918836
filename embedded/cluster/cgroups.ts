/** The cluster's own control groups, in each hierarchy of cgroup v1 or in the one of v2. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { kill, waitUntil } from "./processes.ts";

/** One mounted hierarchy. */
export interface Hierarchy {
    readonly version: 1 | 2;
    readonly mountPoint: string;
    /** v1: its controllers, or `name=systemd` for one without. v2: none. */
    readonly controllers: readonly string[];
}

/** What a machine has: `version` 2 when the controllers are in the unified hierarchy, else 1. */
export interface Cgroups {
    readonly version: 1 | 2;
    readonly hierarchies: readonly Hierarchy[];
}

/** Mount options that are not controllers. */
const FLAGS = new Set(["rw", "ro", "xattr", "nsdelegate", "memory_recursiveprot", "noprefix", "clone_children", "memory_localevents"]);

/** The hierarchies in the text of /proc/self/mountinfo. */
export function parseCgroups(mountinfo: string): Cgroups {
    const found = new Map<string, Hierarchy>();
    for (const line of mountinfo.split("\n")) {
        const [before, after] = line.split(" - ");
        const [type, , superOptions] = (after ?? "").split(" ");
        const mountPoint = before?.split(" ")[4]?.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
        if (!mountPoint || (type !== "cgroup" && type !== "cgroup2")) continue;
        const options = (superOptions ?? "").split(",").filter((o) => !FLAGS.has(o) && !o.startsWith("release_agent="));
        const hierarchy: Hierarchy = { version: type === "cgroup" ? 1 : 2, mountPoint, controllers: type === "cgroup" ? options : [] };
        const key = `${hierarchy.version}:${hierarchy.controllers.join(",")}`;
        if (!found.has(key)) found.set(key, hierarchy); // the same hierarchy may be mounted again elsewhere
    }
    const hierarchies = [...found.values()];
    const controlled = hierarchies.some((h) => h.version === 1 && h.controllers.some((c) => !c.startsWith("name=")));
    return { version: controlled || !hierarchies.length ? 1 : 2, hierarchies };
}

export function machineCgroups(): Cgroups {
    return parseCgroups(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** The controllers a node cannot do without that this machine does not have. */
export function missingControllers(cgroups: Cgroups, v2Controllers: readonly string[]): string[] {
    const have = cgroups.version === 2 ? v2Controllers : cgroups.hierarchies.flatMap((h) => h.controllers);
    const needed = cgroups.version === 2 ? ["cpu", "memory", "pids"] : ["cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer"];
    return needed.filter((controller) => !have.includes(controller));
}

/** The folders of a group (`mcp-platform-1a2b3c4d/node-1`) in every hierarchy. */
export function groupFolders(cgroups: Cgroups, group: string): string[] {
    return cgroups.hierarchies.map((h) => join(h.mountPoint, group));
}

/** Makes a group and its parents usable in every hierarchy. */
export function createGroup(cgroups: Cgroups, group: string): void {
    const parts = group.split("/");
    for (const hierarchy of cgroups.hierarchies) {
        let folder = hierarchy.mountPoint;
        for (const part of parts) {
            const parent = folder;
            folder = join(folder, part);
            if (cgroups.version === 2) delegate(parent);
            mkdirSync(folder, { recursive: true });
            // A new cpuset has no processors and no memory, and nothing can join it.
            if (hierarchy.controllers.includes("cpuset")) for (const file of ["cpuset.cpus", "cpuset.mems"]) inherit(parent, folder, file);
        }
    }
}

function inherit(parent: string, folder: string, file: string): void {
    if (!readFileSync(join(folder, file), "utf8").trim()) writeFileSync(join(folder, file), readFileSync(join(parent, file)));
}

/** cgroup v2: lets the children of a group have its controllers. */
function delegate(folder: string): void {
    const words = (file: string): string[] => readFileSync(join(folder, file), "utf8").trim().split(/\s+/).filter(Boolean);
    const enabled = words("cgroup.subtree_control");
    for (const controller of words("cgroup.controllers").filter((c) => !enabled.includes(c))) {
        writeFileSync(join(folder, "cgroup.subtree_control"), `+${controller}`);
    }
}

/** The processes in a group and below it. */
export function pidsIn(folder: string): number[] {
    return subfolders(folder).flatMap((each) => {
        try {
            return readFileSync(join(each, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
        } catch {
            return [];
        }
    });
}

/** A group's folder and all below it, deepest first. */
function subfolders(folder: string): string[] {
    if (!existsSync(folder)) return [];
    try {
        const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
        return [...below.flatMap((entry) => subfolders(join(folder, entry.name))), folder];
    } catch {
        return [];
    }
}

/**
 * Kills what is in a group and removes it from every hierarchy; `spared` process ids are left alone.
 * Answers the folders that could not be removed within `milliseconds`.
 */
export async function removeGroup(
    cgroups: Cgroups,
    group: string,
    milliseconds: number,
    spared: readonly number[] = [],
): Promise<string[]> {
    const folders = groupFolders(cgroups, group);
    await waitUntil(
        () => {
            for (const folder of folders) {
                for (const pid of pidsIn(folder)) if (pid > 1 && !spared.includes(pid)) kill(pid);
                for (const each of subfolders(folder)) tryRemove(each);
            }
            return folders.every((folder) => !existsSync(folder));
        },
        milliseconds,
        20,
    );
    return folders.filter((folder) => existsSync(folder));
}

function tryRemove(folder: string): void {
    try {
        rmdirSync(folder);
    } catch {
        // busy for as long as a process in it has not quite ended; the caller tries again
    }
}

/** How a node mounts the hierarchies in its own cgroup namespace: `target` is below /sys/fs/cgroup. */
export function nodeMounts(cgroups: Cgroups): { kind: string; target: string; data: string; names: string[] }[] {
    if (cgroups.version === 2) return [];
    return cgroups.hierarchies
        .filter((h) => h.version === 1)
        .map((h) => {
            const named = h.controllers.find((c) => c.startsWith("name="));
            const target = named ? named.slice("name=".length) : h.controllers.join(",");
            return {
                kind: "cgroup",
                target,
                data: named ? `none,${h.controllers.join(",")}` : h.controllers.join(","),
                names: named ? [] : [...h.controllers],
            };
        })
        .filter((mount) => basename(mount.target) !== "");
}
