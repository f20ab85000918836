/** The processes of the server: how many there are, the one that waits for the next session, and whether they work at all. */
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "./child.ts";
import { ask, DISCOVER, INITIALIZE } from "./handshake.ts";
import type { Log } from "./log.ts";
import type { BridgeSettings } from "./settings.ts";

/** A command that cannot be started at all, however often it is tried. */
export class CommandProblem extends Error {
    override readonly name = "CommandProblem";
}

/** After so many processes in a row that ended before they answered, the server counts as broken. */
const BROKEN_AFTER = 3;
const SPARE_DELAY_MS = 20;
const BACKOFF_MS = { first: 500, most: 30_000 };

export class ChildPool {
    readonly #settings: BridgeSettings;
    readonly #log: Log;
    readonly #env: NodeJS.ProcessEnv;
    readonly #live = new Set<Child>();
    #spare: Child | undefined;
    #spareFailures = 0;
    #spareTimer: NodeJS.Timeout | undefined;
    #failures = 0;
    #answeredOnce = false;
    /** First processes in a row that ended by themselves before they had answered. */
    #deaths = 0;
    #notReady: string | undefined = "the first handshake with the server has not ended yet";
    #checking = false;
    #closed = new AbortController();
    /** Processes started since the beginning. */
    spawned = 0;

    constructor(settings: BridgeSettings, env: NodeJS.ProcessEnv, log: Log) {
        this.#settings = settings;
        this.#log = log;
        this.#env = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("BRIDGE_")));
    }

    /** Why the server cannot be used; undefined when it can. */
    get notReady(): string | undefined {
        return this.#notReady;
    }
    /** Processes that run now. */
    get running(): number {
        return this.#live.size;
    }

    /**
     * Makes a real handshake with a process of its own until one succeeds; only then the server is ready.
     * @throws CommandProblem when the command does not exist or may not be executed; Error when the first processes end by themselves
     */
    async check(): Promise<void> {
        if (this.#checking) return;
        this.#checking = true;
        try {
            for (let wait = BACKOFF_MS.first; !this.#closed.signal.aborted; wait = Math.min(wait * 2, BACKOFF_MS.most)) {
                const problem = await this.#handshake();
                if (problem === undefined) {
                    this.#failures = 0;
                    this.#answeredOnce = true;
                    this.#notReady = undefined;
                    this.#log("info", "the server answered its first handshake: ready");
                    this.#refill(0);
                    return;
                }
                this.#notReady = problem;
                // Going on would hide it from everyone who looks at the pod; the kubelet goes on with longer and longer waits.
                if (!this.#answeredOnce && this.#deaths >= BROKEN_AFTER)
                    throw new Error(`${this.#deaths} processes of the server ended before one answered: ${problem}`);
                this.#log("warn", `not ready: ${problem}; next try in ${wait / 1000} s`);
                await sleep(wait, undefined, { signal: this.#closed.signal }).catch(() => {});
            }
        } finally {
            this.#checking = false;
        }
    }

    /** A process nobody has spoken to yet: the spare one, or a new one. */
    take(): Child {
        const spare = this.#spare;
        this.#spare = undefined;
        this.#refill(SPARE_DELAY_MS);
        return spare?.alive ? spare : this.#start();
    }

    /** Tells how a process did in its first conversation; several failures in a row make the server not ready. */
    report(problem: string | undefined): void {
        if (problem === undefined) {
            this.#failures = 0;
            return;
        }
        if (++this.#failures < BROKEN_AFTER || this.#checking) return;
        this.#notReady = `${this.#failures} processes of the server failed in a row, the last one because ${problem}`;
        this.#log("warn", `not ready: ${this.#notReady}`);
        void this.check().catch((error: unknown) => this.#log("error", String(error)));
    }

    /** Starts no more processes and ends those that run. */
    async close(): Promise<void> {
        this.#closed.abort();
        clearTimeout(this.#spareTimer);
        await Promise.all([...this.#live].map((child) => child.stop()));
    }

    #start(): Child {
        const { command, maxMessageBytes, graceMs } = this.#settings;
        const child = new Child({ command, env: this.#env, maxMessageBytes, graceMs, log: this.#log });
        this.spawned++;
        this.#live.add(child);
        void child.ended.then(() => this.#live.delete(child));
        return child;
    }

    #refill(delayMs: number): void {
        if (!this.#settings.spare || this.#spareTimer || this.#spare || this.#notReady !== undefined || this.#closed.signal.aborted) return;
        this.#spareTimer = setTimeout(() => {
            this.#spareTimer = undefined;
            if (this.#closed.signal.aborted || this.#live.size > this.#settings.maxSessions) return;
            const child = this.#start();
            this.#spare = child;
            void child.ended.then(() => this.#spareEnded(child));
        }, delayMs);
    }

    /** A server may give up waiting for its first message; the next spare one is started later each time. */
    #spareEnded(child: Child): void {
        if (this.#spare !== child) return;
        this.#spare = undefined;
        const lived = performance.now() - child.startedAt;
        this.#spareFailures = lived > BACKOFF_MS.most ? 0 : this.#spareFailures + 1;
        this.#refill(Math.min(BACKOFF_MS.first * 2 ** this.#spareFailures, BACKOFF_MS.most));
    }

    /** One handshake in each era that may be needed; returns what was wrong. */
    async #handshake(): Promise<string | undefined> {
        const { startMs, command } = this.#settings;
        const child = this.#start();
        const answer = await ask(child, INITIALIZE, startMs);
        if (child.pid === undefined)
            throw new CommandProblem(
                `the command "${command[0]}" cannot be started: ${await child.ended}; is it in the image and executable?`,
            );
        this.#deaths = child.alive ? 0 : this.#deaths + 1;
        void child.stop();
        if ("result" in answer) return undefined;
        if ("failure" in answer) return `the server's process was started, but ${answer.failure}`;
        const second = this.#start(); // a server of the modern era only refuses initialize
        const discovered = await ask(second, DISCOVER, startMs);
        void second.stop();
        return "result" in discovered ? undefined : `the server refuses initialize: ${JSON.stringify(answer.error).slice(0, 300)}`;
    }
}
