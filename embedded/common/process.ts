import { spawn } from "node:child_process";

export interface RunOptions {
    readonly cwd?: string;
    /** Added to this process's environment; `undefined` removes a variable. Never a secret. */
    readonly env?: Readonly<Record<string, string | undefined>>;
    /** Written to standard input, which is then closed. The place for secrets. */
    readonly stdin?: string | Buffer;
    /** Called with each whole line of standard output and standard error. */
    readonly onLine?: (line: string) => void;
    readonly signal?: AbortSignal;
}

export interface RunResult {
    /** The exit status; 128 + the signal's number is not used: a killed process has `signal` set and code -1. */
    readonly code: number;
    readonly signal: NodeJS.Signals | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs a program to its end and returns what it printed; rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, {
            cwd: options.cwd,
            env: { ...process.env, ...options.env },
            stdio: ["pipe", "pipe", "pipe"],
            signal: options.signal,
        });
        const collected = { stdout: "", stderr: "" };
        for (const name of ["stdout", "stderr"] as const) {
            let rest = "";
            child[name].setEncoding("utf8");
            child[name].on("data", (text: string) => {
                collected[name] += text;
                if (!options.onLine) return;
                const lines = (rest + text).split("\n");
                rest = lines.pop() ?? "";
                for (const line of lines) options.onLine(line);
            });
            child[name].on("end", () => rest && options.onLine?.(rest));
        }
        child.stdin.on("error", () => {}); // a child that does not read its input is not an error of ours
        child.stdin.end(options.stdin ?? "");
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code: code ?? -1, signal, ...collected }));
    });
}

/** As {@link run}, but rejects with the end of what was printed when the exit status is not 0. */
export async function check(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const result = await run(command, args, options);
    if (result.code === 0) return result;
    const tail = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-8).join("\n");
    throw new Error(`${command} ${args[0] ?? ""} ended with ${result.signal ?? `status ${result.code}`}${tail ? `:\n${tail}` : ""}`);
}
