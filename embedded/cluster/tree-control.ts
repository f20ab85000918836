/** Starting, recognising and ending trees. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { createGroup, removeGroup, type Cgroups } from "./cgroups.ts";
import { readJson, remove, writeJson } from "./files.ts";
import type { TreeLayout } from "./layout.ts";
import { isAlive, kill, runs, waitUntil, withEnvironment, type ProcessIdentity } from "./processes.ts";
import { TREE_MARK, type TreeSpec } from "./specification.ts";

/** What a keeper records about the tree it began. */
export interface TreeRecord extends ProcessIdentity {
    readonly name: string;
    readonly revision: string;
    readonly keeperPid: number;
    readonly keeperStart: string;
}

/** What a tree's PID 1 says about its programs; process ids are those inside the tree. */
export interface TreeStatus {
    readonly revision: string;
    readonly error?: string;
    readonly processes:
        | readonly {
              readonly name: string;
              readonly state: "waiting" | "running" | "restarting";
              readonly pid?: number;
              readonly started?: string;
              readonly restarts: number;
              readonly lastExit?: string;
          }[]
        | null;
}

/** The record of a tree that runs now, or undefined. */
export function runningTree(layout: TreeLayout): TreeRecord | undefined {
    const record = readJson<TreeRecord>(layout.tree);
    return record && isAlive(record) ? record : undefined;
}

/** Tells one life of a tree from the next. */
export function lifeOf(record: TreeRecord): string {
    return `${record.pid}.${record.startTime}`;
}

export function treeStatus(layout: TreeLayout): TreeStatus | undefined {
    return readJson<TreeStatus>(layout.status);
}

/**
 * Starts a tree, after ending whatever is left of an earlier one.
 * @param group its cgroup below each hierarchy, or undefined without root
 * @throws Error with the reason that the keeper or PID 1 gave
 */
export async function startTree(
    spec: TreeSpec,
    layout: TreeLayout,
    mark: string,
    nodeInit: string,
    cgroups: Cgroups,
    group: string | undefined,
): Promise<{ readonly record: TreeRecord; readonly keeper: ChildProcess }> {
    await endTree(layout, mark, cgroups, group);
    for (const folder of [layout.logs, layout.etc, layout.data]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const folder of [layout.gates, layout.addresses]) {
        remove(folder);
        mkdirSync(folder, { mode: 0o700 });
    }
    if (group) createGroup(cgroups, group);
    writeJson(layout.spec, spec);
    const log = openSync(join(layout.logs, "init.log"), "a", 0o600);
    const keeper = spawn(join(nodeInit, "node-init"), ["start", layout.spec], {
        detached: true,
        cwd: "/",
        stdio: ["ignore", log, log],
        env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", [TREE_MARK]: mark },
    });
    closeSync(log);
    let failure: string | undefined;
    keeper.on("error", (error) => (failure = error.message));
    keeper.on("exit", () => (failure ??= treeStatus(layout)?.error ?? "it ended at once"));
    keeper.unref();
    const begun = await waitUntil(() => failure !== undefined || (existsSync(layout.tree) && treeStatus(layout) !== undefined), 10_000, 3);
    const record = readJson<TreeRecord>(layout.tree);
    const error = failure ?? treeStatus(layout)?.error;
    if (!begun || error || !record) throw new Error(`the tree ${spec.name} did not start: ${error ?? "it does not say why"}`);
    return { record, keeper };
}

/**
 * Ends a tree and all that is left of it: its processes by record, by cgroup and by mark, and its cgroups.
 * @returns the processes that were ended outside of the tree's own PID namespace; their parent may not have reaped them yet
 */
export async function endTree(layout: TreeLayout, mark: string, cgroups: Cgroups, group: string | undefined): Promise<number[]> {
    const record = readJson<TreeRecord>(layout.tree);
    if (record && isAlive(record)) kill(record.pid);
    const marked = withEnvironment(TREE_MARK, mark);
    for (const pid of marked) kill(pid);
    const pids = record ? [record.pid, ...marked] : marked;
    if (!(await waitUntil(() => !pids.some(runs), 5000)))
        throw new Error(`processes of the tree did not end: ${pids.filter(runs).join(", ")}`);
    if (group) {
        const left = await removeGroup(cgroups, group, 5000);
        if (left.length) throw new Error(`the cgroup ${left[0]} cannot be removed`);
    }
    for (const file of [layout.tree, layout.status, layout.spec]) if (existsSync(file)) remove(file);
    return pids;
}
