/** Runs `go build` for one tool: shows that it lives, keeps its output, and ends its whole process group when interrupted. */
import { spawn } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { UserError } from "../../common/errors.ts";
import type { Step } from "../../common/progress.ts";
import type { Go } from "./go.ts";
import { environmentOf, flagsOf, type ToolKey } from "./module.ts";
import type { Tool } from "./tools.ts";

/** How long a compiler may take to clear up after an interrupt. */
const GRACE_MS = 1500;
const SHOWN_LINES = 10;

/** What the last lines of a failed build mean, and what helps. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
    [/no space left on device/i, "The disk is full: make room, or move the caches with XDG_CACHE_HOME, GOCACHE and GOMODCACHE."],
    [
        /signal: killed|cannot allocate memory/i,
        "The compiler was killed, most likely for lack of memory: 4 GiB are enough for every build.",
    ],
    [/checksum mismatch|SECURITY ERROR/i, "A downloaded module is not the one that go.sum names: check GOPROXY, then go clean -modcache."],
    [
        /dial tcp|no such host|proxyconnect|i\/o timeout|TLS handshake|connection refused|x509:/i,
        "A Go module could not be downloaded: check the network, or set GOPROXY to a module proxy that can be reached.",
    ],
    [
        /module lookup disabled|GOPROXY=off/i,
        "A Go module is missing from the module cache and downloads are off: fill GOMODCACHE first or set GOPROXY.",
    ],
];

/**
 * Builds the binaries of `tool` into `output`.
 * @param scratch an existing folder of its own for the compiler's temporary files
 * @param log where the whole output goes
 * @throws UserError when the build fails, with the end of its output; another Error when it is interrupted
 */
export async function compile(
    tool: Tool,
    key: ToolKey,
    go: Go,
    output: string,
    scratch: string,
    log: string,
    step: Step,
    signal?: AbortSignal,
): Promise<void> {
    await mkdir(dirname(log), { recursive: true });
    const target = tool.output ? join(output, tool.output) : `${output}/`;
    const args = ["build", "-o", target, ...flagsOf(tool, key.version)];
    // Each compiler lives for seconds: collecting its garbage less often saves a fifth of the time.
    const environment = { GOGC: "400", ...process.env, ...environmentOf(tool), GOTMPDIR: scratch };
    const file = createWriteStream(log);
    const tail: string[] = [];
    const count = { downloaded: 0, compiled: 0 };
    const onLine = (line: string): void => {
        file.write(`${line}\n`);
        if (/^go: (downloading|extracting) /.test(line)) {
            count.downloaded++;
        } else if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) {
            count.compiled++;
            tail.length = 0;
        } else {
            tail.push(line);
            if (tail.length > SHOWN_LINES) tail.shift();
        }
        step.note(count.compiled ? `${count.compiled} of about ${tool.cost.packages} packages` : `${count.downloaded} modules downloaded`);
    };
    const result = await inGroup(go.path, args, tool.module, environment, onLine, signal).finally(() => {
        file.end();
        return finished(file).catch(() => {});
    });
    if (signal?.aborted) {
        await rm(log, { force: true });
        throw new Error("interrupted");
    }
    if (result.code === 0) return void (await rm(log, { force: true }));
    const text = tail.join("\n");
    const hint = HINTS.find(([pattern]) => pattern.test(text))?.[1];
    throw new UserError(
        `Building ${tool.title}${key.version && ` ${key.version}`} failed (go build ended with ${result.signal ?? `status ${result.code}`}):\n${text}\n${hint ? `${hint} ` : ""}The whole output is in ${log}.`,
    );
}

interface Ended {
    readonly code: number;
    readonly signal: NodeJS.Signals | null;
}

/** Runs a program as the leader of a process group, which dies with this process and is ended as a whole on abort. */
function inGroup(
    command: string,
    args: readonly string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
    onLine: (line: string) => void,
    signal?: AbortSignal,
): Promise<Ended> {
    const setpriv = "/usr/bin/setpriv";
    const [program, ...rest] = existsSync(setpriv) ? [setpriv, "--pdeathsig", "KILL", command, ...args] : [command, ...args];
    return new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve({ code: -1, signal: null });
        const child = spawn(program ?? command, rest, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
        const kill = (name: NodeJS.Signals): void => {
            try {
                if (child.pid) process.kill(-child.pid, name);
            } catch {
                // the group is gone already
            }
        };
        let timer: NodeJS.Timeout | undefined;
        const interrupt = (): void => {
            kill("SIGINT");
            timer = setTimeout(() => kill("SIGKILL"), GRACE_MS);
        };
        signal?.addEventListener("abort", interrupt, { once: true });
        for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", onLine);
        child.on("error", (error) => {
            signal?.removeEventListener("abort", interrupt);
            reject(error);
        });
        child.on("close", (code, killedBy) => {
            clearTimeout(timer);
            signal?.removeEventListener("abort", interrupt);
            if (signal?.aborted) kill("SIGKILL"); // a compiler that the interrupted go left behind
            resolve({ code: code ?? -1, signal: killedBy });
        });
    });
}
