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
const OPEN_PATIENCE = 30_000;

export interface Lane {
    readonly client: Client;
    /** Resolves with the reason when the connection is lost. */
    readonly lost: Promise<string>;
    gone: boolean;
    sessions: number;
    limit: number;
}

/** A session that the host refused for good: nothing was run, and another connection would not change it. */
export class SessionRefused extends Error {}

interface Dialing {
    readonly lane: Promise<Lane>;
    readonly signal: AbortSignal;
}

function laneOf(client: Client, limit: number): Lane {
    let reason = "closed by the host";
    const lost = new Promise<string>((resolve) => client.once("close", () => resolve(reason)));
    const lane: Lane = { client, lost, gone: false, sessions: 0, limit };
    client.on("error", (error: Error) => (reason = error.message));
    client.once("close", () => (lane.gone = true));
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
     * @param open opens the session; a number as the error's `reason` says that the server allows no more of them
     */
    async session<S, T>(
        connection: Connection,
        watch: Watch,
        open: (client: Client) => Promise<S>,
        use: (session: S, lane: Lane) => Promise<T>,
    ): Promise<T> {
        const key = JSON.stringify(connection);
        for (let attempt = 1; ; attempt++) {
            const lane = await this.#reserve(key, connection, watch, SESSIONS);
            try {
                const session = await this.#open(lane, key, watch, open);
                if (!(session instanceof Failure)) return await use(session, lane);
                if (attempt === ATTEMPTS) throw new Error(`${nameOf(connection)} opens no session: ${session.text}`);
            } finally {
                lane.sessions--;
            }
            await delay(attempt * PAUSE_MS, undefined, { signal: watch.signal }).catch(() => {}); // the next turn sees the abort
        }
    }

    async #open<S>(lane: Lane, key: string, watch: Watch, open: (client: Client) => Promise<S>): Promise<S | Failure> {
        const patience = AbortSignal.timeout(OPEN_PATIENCE);
        try {
            return await unlessCut(AbortSignal.any([watch.signal, patience]), open(lane.client));
        } catch (error) {
            if (watch.signal.aborted) throw new Error(reasonOf(watch.signal), { cause: error });
            if (error instanceof SessionRefused) throw error;
            if (isFull(error)) {
                // A session that has just ended may still count, so that even the only one can be one too many.
                lane.limit = Math.max(1, lane.sessions - 1);
                this.#limits.set(key, lane.limit);
            } else {
                lane.gone = true;
                lane.client.destroy();
            }
            return new Failure(patience.aborted ? "no answer" : messageOf(error));
        }
    }

    /** A connection with room for one more session, which is taken. */
    async #reserve(key: string, endpoint: Endpoint & { readonly proxy?: Endpoint | undefined }, watch: Watch, most: number): Promise<Lane> {
        for (;;) {
            if (watch.signal.aborted) throw new Error(reasonOf(watch.signal));
            const free = this.#lanes.get(key)?.find((lane) => !lane.gone && lane.sessions < lane.limit);
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
            this.#lanes.set(key, [...(this.#lanes.get(key) ?? []).filter((each) => !each.gone), made]);
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
