/** Runs a job as a process of this machine, in a process group of its own. */
import { spawn, type ChildProcessByStdio, type SpawnOptionsWithStdioTuple } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../../common/errors.ts";
import { sendable, type Run } from "../lifecycle.ts";
import { Settling } from "../settling.ts";
import { reasonOf } from "../watch.ts";

/** How long an interrupted command may take to clean up before it is killed. */
const GRACE_MS = 5_000;
/** The kernel takes no variable of 128 KiB or more. */
const LONGEST_PREVIOUS = 120 * 1024;

export interface Place {
    /** The program and its first arguments; the script is appended. */
    readonly interpreter: readonly string[];
    readonly dir: string;
}

function startFailure({ dir, interpreter }: Place, error: Error): string {
    const folder = statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!folder) return `dir: there is no folder "${dir}"`;
    return `cannot start ${interpreter[0] ?? ""}: ${error.message}`;
}

function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL" | 0): boolean {
    try {
        return process.kill(-pid, signal);
    } catch {
        return false;
    }
}

/** Whether anything of the group still runs; what has ended and only waits for its parent does not. */
function groupRuns(group: number): boolean {
    if (!signalGroup(group, 0)) return false;
    const numbers = existsSync("/proc/self/stat") ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : undefined;
    if (!numbers) return true;
    return numbers.some((number) => {
        try {
            const [state, , of] = readFileSync(`/proc/${number}/stat`, "latin1")
                .replace(/^.*\) /s, "")
                .split(" ");
            return Number(of) === group && state !== "Z" && state !== "X";
        } catch {
            return false; // it has ended since
        }
    });
}

/** Ends a process and all it started: first politely, then for certain. Whether nothing of it is left. */
async function endGroup(pid: number): Promise<boolean> {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        signalGroup(pid, signal);
        for (let waited = 0; waited < GRACE_MS; waited += 50) {
            if (!groupRuns(pid)) return true;
            await delay(50);
        }
    }
    return false;
}

/** Some failures are thrown, such as that of a command and an environment that are too long together. */
function started(program: string, args: readonly string[], options: SpawnOptionsWithStdioTuple<"pipe", "pipe", "pipe">) {
    try {
        return spawn(program, args, options);
    } catch (error) {
        return new Error(messageOf(error), { cause: error });
    }
}

function endingOf(child: ChildProcessByStdio<Writable, Readable, Readable>, place: Place): Promise<string | undefined> {
    return new Promise((resolve) => {
        child.on("error", (error) => resolve(startFailure(place, error)));
        child.on("exit", (code, signal) => resolve(code === 0 ? undefined : signal ? `killed by ${signal}` : `exit status ${code}`));
    });
}

/**
 * Runs jobs in a place of this machine. An interrupt or the time limit ends the whole process group, so that nothing the
 * command started is left behind.
 */
export function localRun(place: Place): Run {
    return async (job, output, watch) => {
        if (watch.signal.aborted) return reasonOf(watch.signal);
        const [program = "", ...args] = [...place.interpreter, job.script];
        const env = { ...process.env, ...job.environment, ...sendable(job.previous, LONGEST_PREVIOUS, watch) };
        const child = started(program, args, { cwd: place.dir, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
        if (child instanceof Error) return startFailure(place, child);
        const settling = new Settling({ idleMs: 1_000, longestMs: 10_000, mostBytes: 1024 * 1024 });
        for (const stream of ["stdout", "stderr"] as const) {
            child[stream].on("data", (chunk: Buffer) => {
                settling.saw(chunk.length);
                output.write(stream, chunk);
            });
        }
        child.stdin.on("error", () => {}); // a command that does not read its input is not an error
        child.stdin.end(job.stdin);
        const ending = endingOf(child, place);
        void ending.then(() => settling.exited());
        child.on("close", () => settling.closed());

        const how = await settling.settled(watch.signal);
        let left = "";
        if (how === "cut" && child.pid !== undefined) {
            watch.status(`${reasonOf(watch.signal)}: ending the command`);
            if (!(await endGroup(child.pid))) left = `; process group ${child.pid} did not end when it was killed`;
        }
        if (how === "held")
            watch.log(
                "warning",
                "A process that the command left behind keeps its output open; it was not waited for. Redirect it: >/dev/null 2>&1",
            );
        for (const stream of ["stdout", "stderr"] as const) child[stream].destroy();
        return how === "cut" ? `${reasonOf(watch.signal)}${left}` : await ending;
    };
}
