/** One process of the server: started in a process group of its own, read line by line, ended for certain. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { randomBytes } from "node:crypto";
import { LineFramer } from "./lines.ts";
import type { Log } from "./log.ts";
import { MARK, sweepStragglers } from "./stragglers.ts";

export interface ChildOptions {
    readonly command: readonly [string, ...string[]];
    readonly env: NodeJS.ProcessEnv;
    readonly maxMessageBytes: number;
    readonly graceMs: number;
    readonly log: Log;
}

/** Lines of standard error that are passed on per second and process; what is over is counted. */
const STDERR_LINES_PER_SECOND = 50;
const STDERR_LINE_BYTES = 8192;
/** How long a process that lost its input is given before SIGTERM, as a part of the grace. */
const INPUT_CLOSED_PART = 0.25;

let started = 0;

export class Child {
    /** Counts the processes of this bridge, from 1; names them in the logs. */
    readonly number = ++started;
    readonly startedAt = performance.now();
    /** Called with each line of standard output. */
    onLine: (line: Buffer) => void = () => {};
    /** Called once, with how the process ended, when nothing more can come from it. */
    onEnd: (how: string) => void = () => {};
    /** Settles with how the process ended. */
    readonly ended: Promise<string>;
    readonly #process: ChildProcessWithoutNullStreams;
    readonly #options: ChildOptions;
    readonly #mark = randomBytes(12).toString("hex");
    #how: string | undefined;
    #stopping: Promise<void> | undefined;
    #failure: string | undefined;

    constructor(options: ChildOptions) {
        this.#options = options;
        const [command, ...args] = options.command;
        this.#process = spawn(command, args, {
            detached: true,
            stdio: ["pipe", "pipe", "pipe"],
            env: { ...options.env, [MARK]: this.#mark },
        });
        this.ended = new Promise((resolve) => this.#listen(resolve));
        this.#readErrors();
    }

    get pid(): number | undefined {
        return this.#process.pid;
    }

    /** True until the process has ended. */
    get alive(): boolean {
        return this.#how === undefined;
    }

    /** Bytes written that the process has not read yet. */
    get unread(): number {
        return this.#process.stdin.writableLength;
    }

    /** Writes one message; it must not contain a line end. */
    write(message: Buffer | string): void {
        if (!this.alive || this.#process.stdin.destroyed) return;
        this.#process.stdin.cork();
        this.#process.stdin.write(message);
        this.#process.stdin.write("\n");
        this.#process.stdin.uncork();
    }

    /** Stops and goes on reading what the process says, for a client that does not keep up. */
    pause(): void {
        this.#process.stdout.pause();
    }
    resume(): void {
        this.#process.stdout.resume();
    }

    /** Ends the process at once because of what it did; `how` is said as the reason. */
    fail(how: string): void {
        this.#failure ??= how;
        this.#signal("SIGKILL");
    }

    /** Closes its input, then SIGTERM, then SIGKILL to the whole process group; settles when it has ended. */
    stop(): Promise<void> {
        this.#stopping ??= this.#stop();
        return this.#stopping;
    }

    async #stop(): Promise<void> {
        const { graceMs } = this.#options;
        this.#process.stdin.end();
        this.#process.stdout.resume();
        if (await this.#endsWithin(graceMs * INPUT_CLOSED_PART)) return;
        this.#signal("SIGTERM");
        if (await this.#endsWithin(graceMs)) return;
        this.#signal("SIGKILL");
        await this.ended;
    }

    async #endsWithin(ms: number): Promise<boolean> {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
        const result = await Promise.race([this.ended.then(() => true), late]);
        clearTimeout(timer);
        return result;
    }

    #signal(signal: NodeJS.Signals): void {
        if (this.#process.pid === undefined) return;
        try {
            process.kill(-this.#process.pid, signal);
        } catch {
            // the group is gone already
        }
    }

    #listen(resolve: (how: string) => void): void {
        const { log, maxMessageBytes } = this.#options;
        const child = this.#process;
        const framer = new LineFramer(
            maxMessageBytes,
            (line) => this.onLine(line),
            () => this.fail(`it wrote a message of more than ${maxMessageBytes} bytes`),
        );
        child.stdout.on("data", (chunk: Buffer) => framer.push(chunk));
        child.stdin.on("error", () => {}); // a process that ends without reading its input is told by its end
        for (const stream of [child.stdout, child.stderr]) stream.on("error", () => {});
        const end = (how: string): void => {
            if (this.#how !== undefined) return;
            this.#how = this.#failure ?? how;
            framer.end();
            log(this.#stopping ? "debug" : "info", `server process ${this.number} ended: ${this.#how}`);
            this.onEnd(this.#how);
            resolve(this.#how);
        };
        child.on("error", (error: NodeJS.ErrnoException) => {
            if (child.pid === undefined) end(error.message);
        });
        child.on("exit", (code, signal) => {
            const how = signal ? `killed by ${signal}` : `exit status ${code}`;
            this.#signal("SIGKILL"); // what it started must not outlive it
            sweepStragglers(this.#mark);
            // its last words are still in the pipe, unless a process that left the group holds it open
            const timer = setTimeout(() => {
                child.stdout.destroy();
                child.stderr.destroy();
                end(how);
            }, 500);
            child.on("close", () => {
                clearTimeout(timer);
                end(how);
            });
        });
    }

    #readErrors(): void {
        const { log } = this.#options;
        let second = 0;
        let lines = 0;
        const say = (text: string): void => {
            const now = Math.floor(performance.now() / 1000);
            if (now !== second) {
                if (lines > STDERR_LINES_PER_SECOND) log("info", `server[${this.number}] … ${lines - STDERR_LINES_PER_SECOND} lines more`);
                second = now;
                lines = 0;
            }
            if (++lines <= STDERR_LINES_PER_SECOND) log("info", `server[${this.number}] ${text}`);
        };
        const framer = new LineFramer(
            STDERR_LINE_BYTES,
            (line) => say(line.toString()),
            () => say(`… a line of more than ${STDERR_LINE_BYTES} bytes`),
        );
        this.#process.stderr.on("data", (chunk: Buffer) => framer.push(chunk));
        this.#process.stderr.on("end", () => framer.end());
    }
}
