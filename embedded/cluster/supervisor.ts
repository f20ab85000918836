/**
 * The daemon that keeps one cluster as desired. Started by `startCluster` with the cluster's folder as its argument.
 * Ending it, in any way, leaves the cluster running; the next one adopts what runs.
 */
import { copyFileSync, statSync, truncateSync, unwatchFile, watchFile, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { messageOf } from "../common/errors.ts";
import { createGroup, groupFolders, machineCgroups } from "./cgroups.ts";
import { readJson, writeJson } from "./files.ts";
import { layoutOf } from "./layout.ts";
import { tryLock } from "./lock.ts";
import { clusterId, rootGroup } from "./plan.ts";
import { codeVersion, prepare } from "./prepare.ts";
import { identityOf } from "./processes.ts";
import { reconciler, type Reconciler, type Reporter } from "./reconcile.ts";
import type { Desired, Observed, SupervisorRecord } from "./state.ts";

/** Between two looks, in milliseconds: while something is awaited, and when all is as desired. */
const BUSY_MS = 25;
const CALM_MS = 1000;
const LOG_LIMIT = 1 << 20;

function say(text: string): void {
    console.log(`${new Date().toISOString()} ${text}`);
}

async function main(stateDir: string): Promise<void> {
    const layout = layoutOf(stateDir);
    const id = clusterId(stateDir);
    const lock = await tryLock(`supervisor/${id}`);
    const self = identityOf(process.pid);
    if (!lock || !self) return; // another one is at work
    writeJson(layout.supervisor, { ...self, code: codeVersion() } satisfies SupervisorRecord);
    say(`supervising ${stateDir}`);
    flushCompileCache(); // now, because a supervisor rarely gets to end in peace

    let wake = nothing;
    let desired: Desired | undefined;
    let current: Reconciler | undefined;
    let observed: Observed | undefined;
    const publish = (change: Partial<Observed>): void => {
        if (!observed) return;
        observed = { ...observed, ...change };
        writeJson(layout.observed, observed);
    };
    const report: Reporter = {
        log: say,
        milestone(name) {
            say(name);
            publish({ milestones: [...(observed?.milestones ?? []), name] });
        },
        trouble(text) {
            say(text);
            publish({ trouble: text });
        },
        wake: () => wake(),
    };
    const take = async (): Promise<void> => {
        const next = readJson<Desired>(layout.desired);
        if (!next || next.request === desired?.request) return;
        desired = next;
        observed = { request: next.request, phase: "starting", note: "its certificates and files", trouble: undefined, milestones: [] };
        publish({});
        current?.close();
        current = undefined;
        if (next.mode === "nodes") joinOwnGroup(id);
        try {
            current = reconciler(await prepare(next), report);
        } catch (error) {
            report.trouble(messageOf(error));
            publish({ phase: "failed" });
        }
    };

    watchFile(layout.desired, { interval: 100, persistent: false }, () => wake());
    process.on("SIGTERM", () => {
        unwatchFile(layout.desired);
        say("ending; the cluster goes on");
        process.exit(0);
    });
    for (;;) {
        let awaited: string | undefined;
        try {
            await take();
            awaited = await current?.pass();
            if (awaited !== undefined && observed?.note !== awaited) publish({ note: awaited });
            if (current && awaited === undefined && observed?.phase !== "ready") publish({ phase: "ready", note: "", trouble: undefined });
        } catch (error) {
            report.trouble(messageOf(error));
            awaited = "an error to pass";
            await sleep(200, (resume) => (wake = resume));
        }
        await sleep(awaited === undefined ? CALM_MS : BUSY_MS, (resume) => (wake = resume));
        boundLog(layout.supervisorLog);
    }
}

function nothing(): void {}

function sleep(milliseconds: number, onResume: (resume: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        onResume(() => {
            clearTimeout(timer);
            resolve();
        });
    });
}

/** Out of the session this was started from, which may end with everything in it; and where a stop finds it without a record. */
function joinOwnGroup(id: string): void {
    const cgroups = machineCgroups();
    const group = `${rootGroup(id)}/supervisor`;
    createGroup(cgroups, group);
    for (const folder of groupFolders(cgroups, group)) writeProcs(folder);
}

function writeProcs(folder: string): void {
    try {
        writeFileSync(join(folder, "cgroup.procs"), String(process.pid));
    } catch (error) {
        say(`${folder} cannot be joined: ${messageOf(error)}`);
    }
}

function boundLog(path: string): void {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < LOG_LIMIT) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
}

await main(process.argv[2] ?? "");
