import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How long an interrupted command may take to clean up before it is killed. */
const GRACE_MS = 5_000;
/** How long output is still collected after the command itself ended, when a child of it keeps the pipe open. */
const DRAIN_MS = 1_000;

export interface Invocation {
    /** The program and its first arguments; the command is appended. */
    readonly interpreter: readonly string[];
    readonly command: string;
    readonly dir: string | undefined;
    /** Added to this process's environment. */
    readonly environment: Readonly<Record<string, string>>;
    readonly stdin: string;
    readonly timeoutSeconds: number | undefined;
    readonly signal: AbortSignal;
    readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

export interface Outcome {
    readonly stdout: string;
    readonly stderr: string;
    /** How it ended, when not well: `exit status 2`, `interrupted`, `not ended after 60 s`. */
    readonly failure: string | undefined;
}

/** Ends a process and all it started: first politely, then for certain. */
async function endGroup(pid: number, ended: Promise<unknown>): Promise<void> {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        try {
            process.kill(-pid, signal);
        } catch {
            return;
        }
        const waited = new AbortController();
        await Promise.race([ended, delay(GRACE_MS, undefined, { signal: waited.signal }).catch(() => {})]);
        waited.abort();
    }
}

function lines(onLine: (line: string) => void) {
    let rest = "";
    return {
        write: (text: string) => {
            const whole = (rest + text).split("\n");
            rest = whole.pop() ?? "";
            whole.forEach(onLine);
        },
        end: () => rest && onLine(rest),
    };
}

function startFailure(invocation: Invocation, error: Error): string {
    const folder = invocation.dir === undefined || statSync(invocation.dir, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!folder) return `dir: there is no folder "${invocation.dir}"`;
    return `cannot start ${invocation.interpreter[0] ?? ""}: ${error.message}`;
}

/**
 * Runs a command in a process group of its own and collects what it prints. An interrupt or the time limit ends the
 * whole group, so that nothing the command started is left behind.
 */
export async function runCommand(invocation: Invocation): Promise<Outcome> {
    if (invocation.signal.aborted) return { stdout: "", stderr: "", failure: "interrupted" };
    const [program = "", ...args] = [...invocation.interpreter, invocation.command];
    const child = spawn(program, args, {
        cwd: invocation.dir,
        env: { ...process.env, ...invocation.environment },
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
    });
    const output = { stdout: "", stderr: "" };
    const drained = (["stdout", "stderr"] as const).map((stream) => {
        const split = lines((line) => invocation.onLine(stream, line));
        child[stream].setEncoding("utf8");
        child[stream].on("data", (text: string) => {
            output[stream] += text;
            split.write(text);
        });
        return once(child[stream], "close").then(split.end);
    });
    child.stdin.on("error", () => {}); // a command that does not read its input is not an error
    child.stdin.end(invocation.stdin);

    let cut: string | undefined;
    const exited = new Promise<string | undefined>((resolve) => {
        child.on("error", (error) => resolve(startFailure(invocation, error)));
        child.on("exit", (code, signal) => resolve(code === 0 ? undefined : signal ? `killed by ${signal}` : `exit status ${code}`));
    });
    const cutShort = (reason: string) => {
        cut ??= reason;
        if (child.pid !== undefined) void endGroup(child.pid, exited);
    };
    const onAbort = () => cutShort("interrupted");
    invocation.signal.addEventListener("abort", onAbort, { once: true });
    const limit = invocation.timeoutSeconds;
    const timer = limit === undefined ? undefined : setTimeout(() => cutShort(`not ended after ${limit} s`), limit * 1000);
    try {
        const failure = await exited;
        const patience = new AbortController();
        await Promise.race([Promise.all(drained), delay(DRAIN_MS, undefined, { signal: patience.signal }).catch(() => {})]);
        patience.abort();
        for (const stream of ["stdout", "stderr"] as const) child[stream].destroy();
        return { ...output, failure: cut ?? failure };
    } finally {
        clearTimeout(timer);
        invocation.signal.removeEventListener("abort", onAbort);
    }
}
