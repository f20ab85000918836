/** What of a cluster runs, from its folder, /proc and one question to its API. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { apiClient } from "./api.ts";
import { readJson } from "./files.ts";
import { layoutOf, type TreeLayout } from "./layout.ts";
import type { ClusterStatus, TreeReport } from "./options.ts";
import { descendants, detailsOf, isAlive } from "./processes.ts";
import { nodeStates } from "./readiness.ts";
import type { TreeSpec } from "./specification.ts";
import type { Desired, Observed, SupervisorRecord } from "./state.ts";
import { runningTree, treeStatus } from "./tree-control.ts";

const API_TIMEOUT_MS = 1500;

export async function clusterStatus(stateDir: string): Promise<ClusterStatus> {
    const layout = layoutOf(existsSync(stateDir) ? realpathSync(stateDir) : stateDir);
    const desired = readJson<Desired>(layout.desired);
    const observed = readJson<Observed>(layout.observed);
    const record = readJson<SupervisorRecord>(layout.supervisor);
    const supervisor = record && isAlive(record) ? { pid: record.pid, rssBytes: detailsOf(record.pid).rssBytes } : undefined;
    const nodesFolder = dirname(layout.node("x").root);
    const names = existsSync(nodesFolder) ? readdirSync(nodesFolder).toSorted() : [];
    const enforcer = desired?.mode === "nodes" ? [report("enforcer", layout.enforcer)] : [];
    const trees = [report("hub", layout.hub), ...enforcer, ...names.map((name) => report(name, layout.node(name)))];
    const running = trees.filter((tree) => tree.running);
    const spec = readJson<TreeSpec>(layout.hub.spec);
    let nodes: ClusterStatus["nodes"] = [];
    let problem = observed?.trouble;
    if (desired && trees[0]?.running) {
        const api = apiClient(layout.pki, desired.apiPort, API_TIMEOUT_MS);
        try {
            nodes = await nodeStates(api);
        } catch {
            problem ??= "the API server does not answer";
        }
        api.close();
    }
    const steady = running.every((tree) => tree.processes.every((process) => process.state === "running"));
    const expected = desired?.mode === "nodes" ? desired.nodes : 0;
    const whole = steady && running.length === trees.length && nodes.filter((node) => node.ready).length >= expected;
    if (running.length && !supervisor) problem = "no supervisor runs: what ends is not started again until the next start";
    return {
        state: stateOf(running.length > 0, whole && supervisor !== undefined, observed?.phase),
        mode: desired?.mode,
        supervisor,
        trees,
        nodes,
        ports: (spec?.forwards ?? []).map((forward) => ({ host: Number(forward.listen.split(":")[1]), to: forward.to })),
        kubeconfig: layout.kubeconfig,
        rssBytes: trees.reduce((sum, tree) => sum + tree.rssBytes, supervisor?.rssBytes ?? 0),
        problem,
    };
}

function stateOf(anything: boolean, whole: boolean, phase: Observed["phase"] | undefined): ClusterStatus["state"] {
    if (!anything) return "stopped";
    if (whole) return "running";
    return phase === "starting" ? "starting" : "degraded";
}

function report(name: string, tree: TreeLayout): TreeReport {
    const record = runningTree(tree);
    const status = treeStatus(tree);
    const details = record ? descendants(record.pid).map((pid) => ({ pid, ...detailsOf(pid) })) : [];
    const byInnerPid = new Map(details.map((detail) => [detail.innerPid, detail]));
    const processes = record ? (status?.processes ?? []) : [];
    return {
        name,
        running: record !== undefined,
        pid: record?.pid,
        processes: processes.map((each) => {
            const found = each.pid === undefined ? undefined : byInnerPid.get(each.pid);
            return {
                name: each.name,
                state: each.state,
                pid: found?.pid,
                restarts: each.restarts,
                lastExit: each.lastExit,
                rssBytes: found?.rssBytes ?? 0,
            };
        }),
        rssBytes: details.reduce((sum, detail) => sum + detail.rssBytes, 0),
        error: status?.error,
    };
}
