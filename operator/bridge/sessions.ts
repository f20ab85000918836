/** All sessions of the bridge: opened by `initialize`, found by id, ended when nobody uses them. */
import { randomUUID } from "node:crypto";
import type { Log } from "./log.ts";
import type { ChildPool } from "./pool.ts";
import { Session } from "./session.ts";
import type { BridgeSettings } from "./settings.ts";

const SWEEP_MS = 250;
const STRAY_CHARACTERS = 200;

export class Sessions {
    readonly #settings: BridgeSettings;
    readonly #pool: ChildPool;
    readonly #log: Log;
    readonly #byId = new Map<string, Session>();
    /** Sessions whose process may still be ending. */
    readonly #ending = new Set<Promise<void>>();
    readonly #timer: NodeJS.Timeout;
    /** Sessions opened since the beginning, and ended ones by reason. */
    opened = 0;
    readonly ended = new Map<string, number>();
    /** Lines on standard output that were no messages. */
    stray = 0;

    constructor(settings: BridgeSettings, pool: ChildPool, log: Log) {
        this.#settings = settings;
        this.#pool = pool;
        this.#log = log;
        this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
        this.#timer.unref();
    }

    get size(): number {
        return this.#byId.size;
    }
    get inFlight(): number {
        let count = 0;
        for (const session of this.#byId.values()) count += session.inFlight;
        return count;
    }

    find(id: string): Session | undefined {
        return this.#byId.get(id);
    }

    /** Opens a session on a process of its own; undefined when there are as many as allowed. */
    open(): Session | undefined {
        if (this.#byId.size >= this.#settings.maxSessions) return undefined;
        const id = randomUUID();
        const child = this.#pool.take();
        const session = new Session({
            id,
            child,
            settings: this.#settings,
            onInitialized: (problem) => this.#pool.report(problem),
            onEnd: (reason) => {
                this.#byId.delete(id);
                this.ended.set(reason, (this.ended.get(reason) ?? 0) + 1);
                this.#log("debug", `session on server process ${child.number} ended: ${reason}`);
            },
            onStrayLine: (text) => {
                this.stray++;
                this.#log(
                    "warn",
                    `server[${child.number}] wrote a line on standard output that is no message: ${text.slice(0, STRAY_CHARACTERS)}`,
                );
            },
        });
        this.#byId.set(id, session);
        this.opened++;
        return session;
    }

    /** Ends a session; what it has in progress is answered with an error. */
    end(session: Session, reason: string): Promise<void> {
        const ending = session.end(reason);
        this.#ending.add(ending);
        void ending.finally(() => this.#ending.delete(ending));
        return ending;
    }

    /** Ends the sessions that have nothing in progress. */
    endQuiet(reason: string): void {
        for (const session of this.#byId.values()) if (session.inFlight === 0) void this.end(session, reason);
    }

    /** Ends all sessions; settles when their processes have ended. */
    async close(reason: string): Promise<void> {
        clearInterval(this.#timer);
        for (const session of this.#byId.values()) void this.end(session, reason);
        await Promise.all(this.#ending);
    }

    #sweep(): void {
        const now = performance.now();
        for (const session of this.#byId.values()) {
            const reason = session.expired(now);
            if (reason) void this.end(session, reason);
        }
    }
}
