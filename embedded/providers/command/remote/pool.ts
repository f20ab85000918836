/** Connections of a run: one per host for several sessions, more only when sshd allows no further session on it. */
import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { reasonOf, unlessCut, type Watch } from "../watch.ts";
import { nameOf, type Connection, type Endpoint } from "./connection.ts";
import { dial } from "./dial.ts";

/** sshd allows ten (`MaxSessions`); two are left for ending commands. */
const SESSIONS = 8;
const ATTEMPTS = 8;
const PAUSE_MS = 25;
/** A host that does not even answer a request for a session within this time is gone. Milliseconds. */
const OPEN_PATIENCE = 60_000;
/** How long an interrupt waits for what was just asked for, so that it can be ended. Milliseconds. */
const LATE_PATIENCE = 10_000;

export interface Lane {
    readonly client: Client;
    /** Resolves with the reason when the connection is lost. */
    readonly lost: Promise<string>;
    closed: boolean;
    /** False when no further session is to be opened on it. */
    usable: boolean;
    sessions: number;
    limit: number;
}

/** A session that the host refused for good: nothing was run, and another connection would not change it. */
export class SessionRefused extends Error {}

/** Opens a session. A number as the error's `reason` says that the server allows no more of them. */
type Open<S> = (client: Client, sending: () => void) => Promise<S>;

interface Dialing {
    readonly lane: Promise<Lane>;
    readonly signal: AbortSignal;
}

function laneOf(client: Client, limit: number): Lane {
    let reason = "closed by the host";
    const lost = new Promise<string>((resolve) => client.once("close", () => resolve(reason)));
    const lane: Lane = { client, lost, closed: false, usable: true, sessions: 0, limit };
    client.on("error", (error: Error) => (reason = error.message));
    client.once("close", () => {
        lane.closed = true;
        lane.usable = false;
    });
    return lane;
}

/** Whether the server said no to a session, as opposed to not answering. */
const isFull = (error: unknown): boolean => typeof (error as { reason?: unknown }).reason === "number";

export class Pool {
    readonly #lanes = new Map<string, Lane[]>();
    readonly #limits = new Map<string, number>();
    readonly #dialing = new Map<string, Dialing>();

    /**
     * Opens a session and uses it. A connection that turns out to be lost, or full, is replaced by another before
     * anything is run.
     * @param open opens the session, and says when something is sent that must not be sent twice
     */
    async session<S, T>(connection: Connection, watch: Watch, open: Open<S>, use: (session: S, lane: Lane) => Promise<T>): Promise<T> {
        const key = JSON.stringify(connection);
        for (let attempt = 1; ; attempt++) {
            const lane = await this.#reserve(key, connection, watch, SESSIONS);
            try {
                const session = await this.#open(lane, key, watch, open, use);
                if (!(session instanceof Failure)) return await use(session, lane);
                if (attempt === ATTEMPTS) throw new Error(`${nameOf(connection)} opens no session: ${session.text}`);
            } finally {
                lane.sessions--;
                if (!lane.usable && lane.sessions === 0) lane.client.destroy();
            }
            await delay(attempt * PAUSE_MS, undefined, { signal: watch.signal }).catch(() => {}); // the next turn sees the abort
        }
    }

    async #open<S, T>(
        lane: Lane,
        key: string,
        watch: Watch,
        open: Open<S>,
        use: (session: S, lane: Lane) => Promise<T>,
    ): Promise<S | Failure> {
        const patience = AbortSignal.timeout(OPEN_PATIENCE);
        const sent = Promise.withResolvers<"sent">();
        const opening = open(lane.client, () => sent.resolve("sent"));
        try {
            const first = await unlessCut(AbortSignal.any([watch.signal, patience]), Promise.race([opening, sent.promise]));
            return first === "sent" ? await unlessCut(watch.signal, opening) : first;
        } catch (error) {
            if (watch.signal.aborted) return await this.#lateOf(opening, lane, watch, use);
            if (patience.aborted) {
                // Nothing may be sent over it any more: another connection does that now.
                lane.usable = false;
                lane.client.destroy();
                return new Failure("no answer");
            }
            const wasSent = (await Promise.race([sent.promise, undefined])) === "sent";
            if (wasSent || error instanceof SessionRefused) throw error;
            if (isFull(error)) {
                // A session that has just ended may still count, so that even the only one can be one too many.
                lane.limit = Math.max(1, lane.sessions - 1);
                this.#limits.set(key, lane.limit);
            } else lane.usable = false;
            return new Failure(messageOf(error));
        }
    }

    /** What was asked for before an interrupt may begin after it: it is handed on to be ended, whenever it comes. */
    async #lateOf<S, T>(opening: Promise<S>, lane: Lane, watch: Watch, use: (session: S, lane: Lane) => Promise<T>): Promise<S> {
        const patience = new AbortController();
        const late = delay(LATE_PATIENCE, "late" as const, { signal: patience.signal, ref: false });
        const first = await Promise.race([opening, late]).finally(() => patience.abort());
        if (first !== "late") return first;
        opening.then((session) => use(session, lane)).catch(() => {}); // nobody listens any more
        throw new Error(`${reasonOf(watch.signal)}; the host does not answer, and what was sent to it may run there`);
    }

    /** A connection with room for one more session, which is taken. */
    async #reserve(key: string, endpoint: Endpoint & { readonly proxy?: Endpoint | undefined }, watch: Watch, most: number): Promise<Lane> {
        for (;;) {
            if (watch.signal.aborted) throw new Error(reasonOf(watch.signal));
            const free = this.#lanes.get(key)?.find((lane) => lane.usable && lane.sessions < lane.limit);
            if (free) {
                free.sessions++;
                return free;
            }
            const running = this.#dialing.get(key);
            if (!running) {
                await this.#dial(key, endpoint, watch, most);
                continue;
            }
            watch.status(`waiting for the connection to ${nameOf(endpoint)}`);
            try {
                await unlessCut(watch.signal, running.lane);
            } catch (error) {
                // Another resource's time limit is not this one's failure.
                if (watch.signal.aborted || !running.signal.aborted) throw error;
            }
        }
    }

    async #dial(key: string, endpoint: Endpoint & { readonly proxy?: Endpoint | undefined }, watch: Watch, most: number): Promise<void> {
        const { proxy } = endpoint;
        const lane = dial(endpoint, proxy && (() => this.#bastion(proxy, watch)), watch).then((client) =>
            laneOf(client, Math.min(most, this.#limits.get(key) ?? most)),
        );
        this.#dialing.set(key, { lane, signal: watch.signal });
        try {
            const made = await lane;
            this.#lanes.set(key, [...(this.#lanes.get(key) ?? []).filter((each) => each.usable || each.sessions > 0), made]);
        } finally {
            this.#dialing.delete(key);
        }
    }

    async #bastion(proxy: Endpoint, watch: Watch): Promise<Client> {
        try {
            const { client } = await this.#reserve(`bastion ${JSON.stringify(proxy)}`, proxy, watch, Infinity);
            return client;
        } catch (error) {
            throw new Error(`proxy: ${messageOf(error)}`, { cause: error });
        }
    }

    /** Ends all connections. */
    close(): void {
        for (const lane of [...this.#lanes.values()].flat()) {
            lane.client.end();
            setTimeout(() => lane.client.destroy(), 1_000).unref();
        }
        this.#lanes.clear();
    }
}

class Failure {
    readonly text: string;
    constructor(text: string) {
        this.text = text;
    }
}
