/** Ending a cluster from its folder alone, and leaving nothing of it on the machine. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, UserError } from "../common/errors.ts";
import { run } from "../common/process.ts";
import { during, type Progress } from "../common/progress.ts";
import { groupFolders, machineCgroups, removeGroup } from "./cgroups.ts";
import { readJson, remove, writeText } from "./files.ts";
import { layoutOf } from "./layout.ts";
import { takeLock } from "./lock.ts";
import { clusterId, rootGroup } from "./plan.ts";
import { isAlive, kill, runs, waitUntil, withEnvironment } from "./processes.ts";
import { SUPERVISOR_MARK } from "./specification.ts";
import type { SupervisorRecord } from "./state.ts";
import { endTree } from "./tree-control.ts";

/** How long to wait for ended processes to be reaped before leaving that to the machine. */
const REAP_MS = 5000;

/**
 * Ends everything of a cluster: processes, namespaces with their mounts and interfaces, cgroups. Its content stays, for the
 * next start. Does nothing when nothing runs.
 */
export async function stopCluster(stateDir: string, progress: Progress): Promise<void> {
    if (!existsSync(stateDir)) return progress.log("No cluster was ever started here.");
    const root = realpathSync(stateDir);
    writeText(layoutOf(root).stop, "");
    const lock = await takeLock(`operation/${clusterId(root)}`, () =>
        progress.log("Another start or stop of this cluster is under way; waiting for it."),
    );
    try {
        await during(progress, "stopping the cluster", 2, () => stopAll(root));
    } finally {
        lock.release();
    }
}

/** As {@link stopCluster}, for one who holds the lock. */
export async function stopAll(stateDir: string): Promise<void> {
    const layout = layoutOf(stateDir);
    const id = clusterId(stateDir);
    const cgroups = machineCgroups();
    try {
        const record = readJson<SupervisorRecord>(layout.supervisor);
        // Killed, not asked: it must not start again what is being ended. The marked ones include what it was running, like an import.
        const supervisors = [...withEnvironment(SUPERVISOR_MARK, id), ...(record && isAlive(record) ? [record.pid] : [])];
        for (const pid of supervisors) kill(pid);
        await waitUntil(() => !supervisors.some(runs), 2000);
        const nodesFolder = dirname(layout.node("x").root);
        const names = existsSync(nodesFolder) ? readdirSync(nodesFolder) : [];
        const trees = [
            ["hub", layout.hub] as const,
            ["enforcer", layout.enforcer] as const,
            ...names.map((name) => [name, layout.node(name)] as const),
        ];
        const grouped = process.getuid?.() === 0;
        const ended = await Promise.all(
            trees.map(([name, tree]) => endTree(tree, `${id}/${name}`, cgroups, grouped ? `${rootGroup(id)}/${name}` : undefined)),
        );
        if (grouped && groupFolders(cgroups, rootGroup(id)).some((folder) => existsSync(folder))) {
            const left = await removeGroup(cgroups, rootGroup(id), 4000);
            if (left.length) throw new Error(`the cgroup ${left[0]} cannot be removed`);
        }
        await unmountBelow(stateDir);
        // Processes whose parent was killed are reaped by the machine's PID 1, which may take its time.
        const processes = [...supervisors, ...ended.flat()];
        await waitUntil(() => !processes.some((pid) => existsSync(`/proc/${pid}`)), REAP_MS);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
        throw new UserError(`The cluster in ${stateDir} runs as another user (${messageOf(error)}). Stop it as that user, or as root.`);
    }
    // What was desired stays: a start by hand goes on with it.
    for (const file of [layout.supervisor, layout.observed, layout.stop]) remove(file);
}

/** The trees' mounts are in namespaces that are gone; this is for what anyone else mounted in the cluster's folder. */
async function unmountBelow(stateDir: string): Promise<void> {
    for (const mountPoint of mountPointsBelow(readFileSync("/proc/self/mountinfo", "utf8"), stateDir))
        await run("umount", ["--lazy", mountPoint]);
}

/** The mount points strictly below a folder, deepest first. */
export function mountPointsBelow(mountinfo: string, folder: string): string[] {
    return mountinfo
        .split("\n")
        .map((line) => (line.split(" ")[4] ?? "").replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
        .filter((path) => path.startsWith(`${folder}/`))
        .toReversed();
}
