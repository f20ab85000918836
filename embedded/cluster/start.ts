/** Asking for a cluster and waiting until it is there. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../common/errors.ts";
import { cacheRoot } from "../common/paths.ts";
import type { Progress, Step } from "../common/progress.ts";
import {
    checkArchives,
    checkKernel,
    checkNodes,
    checkNumbers,
    checkOptions,
    checkPorts,
    checkRoom,
    type MachineOptions,
} from "./checks.ts";
import { readJson, readText, remove, writeJson } from "./files.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { takeLock, tryLock } from "./lock.ts";
import type { ClusterInfo, ClusterMode, ClusterOptions } from "./options.ts";
import { certificatesFor, ensurePki } from "./pki.ts";
import { clusterId, nodeName, planCluster } from "./plan.ts";
import { codeVersion } from "./prepare.ts";
import { isAlive, kill, SMALL_HEAP, waitUntil } from "./processes.ts";
import { SUPERVISOR_MARK, type TreeSpec } from "./specification.ts";
import type { Desired, Observed, SupervisorRecord } from "./state.ts";
import { stopAll } from "./stop.ts";
import { runningTree, treeStatus } from "./tree-control.ts";

/** How long a start may take before it is called failed: many times what the slowest one took. */
const PATIENCE_MS = 180_000;
/** A program that ended this often during one start is not going to stay. */
const TOO_MANY_RESTARTS = 6;

/** The administrator's view of a cluster with these options. */
export function clusterInfo(options: Pick<ClusterOptions, "stateDir" | "nodes" | "apiPort">, mode: ClusterMode): ClusterInfo {
    const layout = layoutOf(options.stateDir);
    return {
        mode,
        kubeconfig: layout.kubeconfig,
        server: `https://127.0.0.1:${options.apiPort}`,
        nodes: mode === "nodes" ? Array.from({ length: options.nodes }, (_, i) => nodeName(i + 1)) : [],
        auditLog: join(layout.hub.logs, "audit.log"),
    };
}

/**
 * Looks for what would stop {@link startCluster} on this machine, before the tools it needs are built and without
 * changing anything. What a running cluster of the same folder holds is no obstacle. Programs that Debian packages bring
 * are not looked for: they may still be installed.
 * @throws UserError when a number makes no sense, a port is occupied, or disk, memory, kernel or cgroups are not enough
 */
export async function checkMachine(options: MachineOptions): Promise<void> {
    const mode = modeHere();
    checkNumbers(options);
    if (mode === "nodes") await checkKernel();
    const stateDir = existsSync(options.stateDir) ? realpathSync(options.stateDir) : options.stateDir;
    // While another start or stop is under way nothing can be said: startCluster waits for it and looks then.
    const lock = await tryLock(operationLock(stateDir));
    if (!lock) return;
    try {
        const layout = layoutOf(stateDir);
        if (!runningTree(layout.hub)) checkRoom(stateDir, mode);
        await checkPorts(options, mode, portsHeldBy(layout));
    } finally {
        lock.release();
    }
}

const modeHere = (): ClusterMode => (process.getuid?.() === 0 ? "nodes" : "control-plane");

const operationLock = (stateDir: string): string => `operation/${clusterId(stateDir)}`;

/**
 * Makes a cluster run as asked for, whatever runs already, and waits until its nodes are Ready and its DNS serves (without
 * root: until the API serves). Two callers at once are served one after the other.
 * @throws UserError when the machine lacks something, a port is occupied, or a component does not stay up
 */
export async function startCluster(options: ClusterOptions, progress: Progress, signal?: AbortSignal): Promise<ClusterInfo> {
    const mode = modeHere();
    checkOptions(options);
    checkArchives(options.images);
    const stateDir = openStateDir(options.stateDir, mode);
    const layout = layoutOf(stateDir);
    const lock = await takeLock(
        operationLock(stateDir),
        () => progress.log("Another start or stop of this cluster is under way; waiting for it."),
        signal,
    ).catch((error: unknown) => {
        throw signal?.aborted ? new UserError("Interrupted before anything was started.") : error;
    });
    const asked = { ...options, stateDir };
    const ran = runningTree(layout.hub) !== undefined;
    remove(layout.stop); // of a stop that was itself killed
    try {
        if (!ran) checkRoom(stateDir, mode);
        if (mode === "nodes") await checkNodes();
        await checkPorts(asked, mode, portsHeldBy(layout));
        if (mode === "control-plane")
            progress.log("Without root there is no kubelet: only the Kubernetes API runs, no pods. Run as root for nodes.");
        const seconds = layoutHasState(layout) ? 5 : 8;
        const step = progress.step(mode === "nodes" ? "starting the cluster" : "starting the control plane", seconds);
        try {
            await bringUp({ ...asked, mode, request: randomUUID() }, layout, step, signal);
            step.done(mode === "nodes" ? `${asked.nodes} node${asked.nodes > 1 ? "s" : ""} Ready, DNS serves` : "the API serves");
        } catch (error) {
            step.fail();
            // What this call began it takes back; a cluster that ran before goes on.
            if (!ran) await stopAll(stateDir).catch((failure: unknown) => progress.log(messageOf(failure)));
            if (signal?.aborted)
                throw new UserError(`Interrupted; ${ran ? "the cluster goes on as it was being changed" : "the cluster is stopped"}.`);
            throw error;
        }
        return clusterInfo(asked, mode);
    } finally {
        lock.release();
    }
}

function openStateDir(path: string, mode: ClusterMode): string {
    try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
        if (statSync(path).uid !== process.getuid?.() && mode === "control-plane") {
            throw new UserError(
                `${path} belongs to another user, likely because the cluster was started as root. Go on as that user, or set MCP_PLATFORM_STATE to another folder.`,
            );
        }
        chmodSync(path, 0o700);
        return realpathSync(path);
    } catch (error) {
        if (error instanceof UserError) throw error;
        throw new UserError(
            `The cluster's folder ${path} cannot be used: ${messageOf(error)}. Set MCP_PLATFORM_STATE to a folder of yours.`,
        );
    }
}

/** Whether an earlier life left something to resume. */
function layoutHasState(layout: Layout): boolean {
    return readText(layout.kubeconfig) !== undefined;
}

function portsHeldBy(layout: Layout): ReadonlySet<number> {
    const spec = runningTree(layout.hub) && readJson<TreeSpec>(layout.hub.spec);
    const forwarded = spec ? spec.forwards.map((forward) => Number(forward.listen.split(":")[1])) : [];
    const secure = spec?.processes
        .flatMap((p) => p.argv)
        .find((argument) => argument.startsWith("--secure-port=") && !argument.endsWith("=0"));
    return new Set(spec && !spec.forwards.length && secure ? [Number(secure.split("=")[1])] : forwarded);
}

async function bringUp(desired: Desired, layout: Layout, step: Step, signal: AbortSignal | undefined): Promise<void> {
    await replaceOldSupervisor(layout);
    // Here and not in the supervisor, whose memory should not hold the means to issue certificates for good.
    step.note("certificates");
    await ensurePki(layout.pki, certificatesFor(planCluster(desired, desired.mode)));
    writeJson(layout.desired, desired);
    const restartsBefore = restarts(layout, desired);
    let spawned = 0;
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
        signal?.throwIfAborted();
        if (existsSync(layout.stop)) throw new UserError("The start was ended by a stop of the same cluster.");
        if (!isAlive(readJson<SupervisorRecord>(layout.supervisor))) {
            if (spawned++ >= 3)
                throw new UserError(
                    `The cluster's supervisor does not stay up; see ${layout.supervisorLog}:\n${tail(layout.supervisorLog)}`,
                );
            await spawnSupervisor(desired.stateDir, layout);
        }
        const observed = readJson<Observed>(layout.observed);
        if (observed?.request === desired.request) {
            if (observed.phase === "ready") return;
            if (observed.phase === "failed")
                throw new UserError(`The cluster cannot be prepared: ${observed.trouble ?? `see ${layout.supervisorLog}`}`);
            step.note(`waiting for ${observed.note}${observed.trouble ? ` (${observed.trouble.split("\n")[0]})` : ""}`);
            for (const [name, count] of restarts(layout, desired)) {
                if (count - (restartsBefore.get(name) ?? 0) >= TOO_MANY_RESTARTS) throw crashing(layout, name);
            }
        }
        if (Date.now() > deadline) {
            throw new UserError(
                `The cluster is not ready after ${PATIENCE_MS / 1000} s: it waits for ${observed?.note ?? "its supervisor"}. ${observed?.trouble ?? ""} See npm run cluster -- logs.`,
            );
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}

/** How often each program of each tree was started again, by `tree/program`. */
function restarts(layout: Layout, desired: Desired): Map<string, number> {
    const names = desired.mode === "nodes" ? Array.from({ length: desired.nodes }, (_, i) => nodeName(i + 1)) : [];
    const enforcer = desired.mode === "nodes" ? [["enforcer", layout.enforcer] as const] : [];
    const trees = [["hub", layout.hub] as const, ...enforcer, ...names.map((name) => [name, layout.node(name)] as const)];
    return new Map(
        trees.flatMap(([name, tree]) => (treeStatus(tree)?.processes ?? []).map((p) => [`${name}/${p.name}`, p.restarts] as const)),
    );
}

function crashing(layout: Layout, name: string): UserError {
    const [tree = "", program = ""] = name.split("/");
    const folder = tree === "hub" ? layout.hub : tree === "enforcer" ? layout.enforcer : layout.node(tree);
    const log = join(folder.logs, `${program}.log`);
    return new UserError(`${program} on ${tree} keeps ending. The end of ${log}:\n${tail(log)}`);
}

function tail(path: string): string {
    return (readText(path) ?? "").trimEnd().split("\n").slice(-6).join("\n");
}

async function replaceOldSupervisor(layout: Layout): Promise<void> {
    const record = readJson<SupervisorRecord>(layout.supervisor);
    if (!record || !isAlive(record) || record.code === codeVersion()) return;
    kill(record.pid, "SIGTERM");
    if (!(await waitUntil(() => !isAlive(record), 3000))) kill(record.pid);
    await waitUntil(() => !isAlive(record), 1000);
}

async function spawnSupervisor(stateDir: string, layout: Layout): Promise<void> {
    const log = openSync(layout.supervisorLog, "a", 0o600);
    const child = spawn(process.execPath, [...SMALL_HEAP, join(import.meta.dirname, "supervisor.ts"), stateDir], {
        detached: true,
        cwd: "/",
        stdio: ["ignore", log, log],
        // From the cache the code comes with its types stripped, and the stripper's memory is saved, too.
        env: { NODE_COMPILE_CACHE: join(cacheRoot(), "compiled"), ...process.env, [SUPERVISOR_MARK]: clusterId(stateDir) },
    });
    closeSync(log);
    let ended = false;
    child.on("exit", () => (ended = true));
    child.on("error", () => (ended = true));
    child.unref();
    await waitUntil(() => ended || readJson<SupervisorRecord>(layout.supervisor)?.pid === child.pid, 10_000);
}
