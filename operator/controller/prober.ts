/** Verifies servers again and again: quickly while one is about to become ready, every period afterwards, and never gives up. */
import { errorText } from "../common/log.ts";
import { HandshakeError, type Handshake } from "./handshake.ts";

/** What the last probe of a server found. */
export type Verification =
    | ({ readonly ok: true; readonly at: number } & Handshake)
    | { readonly ok: false; readonly at: number; readonly reason: string; readonly message: string };

export interface ProberOptions {
    /** Verifies a server once; rejects with a HandshakeError. */
    readonly probe: (name: string, timeoutMs: number, signal: AbortSignal) => Promise<Handshake>;
    /** What is known of a server from earlier probes no longer holds: it changed, or is gone. */
    readonly forget?: (name: string) => void;
    /** Told of every result. */
    readonly onResult: (key: string, result: Verification) => void;
    /** Seconds within which a server that stops answering is noticed. */
    readonly periodSeconds: number;
    /** Probes at the same time; default 16. */
    readonly concurrency?: number;
}

/** A probe begins after this part of the period, and may take the next part: together a little more than one period. */
const INTERVAL_PART = 0.6;
const TIMEOUT_PART = 0.5;
/** A server that needs long for a handshake is given a multiple of what it needs, rather than called dead under load. */
const PATIENCE = 3;
/** The first wait for an answer; doubles with every silence. */
const FIRST_TIMEOUT_MS = 2000;
const LONGEST_TIMEOUT_MS = 30_000;
/** Between attempts while a server is about to become ready. */
const FAST_RETRY_MS = 250;
const FAST_FOR_MS = 15_000;

interface Watched {
    readonly key: string;
    readonly name: string;
    readonly uid: string;
    result: Verification | undefined;
    /** Typical milliseconds of a successful handshake. */
    typicalMs: number;
    /** Probes in a row that were not answered in time. */
    silences: number;
    /** Until then failures are retried quickly. */
    eagerUntil: number;
    timer: NodeJS.Timeout | undefined;
    running: boolean;
    again: boolean;
}

export class Prober {
    /** Handshakes that did not succeed. */
    failures = 0;
    /** Handshakes begun. */
    probes = 0;
    readonly #options: ProberOptions;
    readonly #watched = new Map<string, Watched>();
    readonly #stop = new AbortController();
    readonly #queue: Watched[] = [];
    #running = 0;

    constructor(options: ProberOptions) {
        this.#options = options;
    }

    /** What the last probe of this very server found. */
    resultOf(key: string, uid: string): Verification | undefined {
        const watched = this.#watched.get(key);
        return watched?.uid === uid ? watched.result : undefined;
    }

    /** Probes a server from now on. Does nothing for one that is probed already. */
    watch(key: string, name: string, uid: string): void {
        const known = this.#watched.get(key);
        if (known?.uid === uid || this.#stop.signal.aborted) return;
        this.forget(key);
        const watched: Watched = {
            key,
            name,
            uid,
            result: undefined,
            typicalMs: 0,
            silences: 0,
            eagerUntil: 0,
            timer: undefined,
            running: false,
            again: false,
        };
        this.#watched.set(key, watched);
        this.#eagerly(watched);
    }

    /** Probes now, and quickly for a while: something about the server has changed. */
    kick(key: string): void {
        const watched = this.#watched.get(key);
        if (!watched) return;
        this.#options.forget?.(watched.name);
        this.#eagerly(watched);
    }

    /** Stops probing a server and forgets what was found. */
    forget(key: string): void {
        const watched = this.#watched.get(key);
        if (!watched) return;
        clearTimeout(watched.timer);
        this.#watched.delete(key);
        this.#options.forget?.(watched.name);
    }

    stop(): void {
        this.#stop.abort();
        for (const key of this.#watched.keys()) this.forget(key);
    }

    #eagerly(watched: Watched): void {
        watched.eagerUntil = Date.now() + FAST_FOR_MS;
        clearTimeout(watched.timer);
        if (watched.running) watched.again = true;
        else this.#enqueue(watched);
    }

    #enqueue(watched: Watched): void {
        if (watched.running) return;
        watched.running = true;
        this.#queue.push(watched);
        this.#pump();
    }

    #pump(): void {
        while (this.#running < (this.#options.concurrency ?? 16)) {
            const next = this.#queue.shift();
            if (!next) return;
            this.#running++;
            void this.#probe(next).finally(() => {
                this.#running--;
                this.#pump();
            });
        }
    }

    async #probe(watched: Watched): Promise<void> {
        if (!this.#isWatched(watched)) return;
        const begun = Date.now();
        const result = await this.#attempt(watched);
        watched.running = false;
        if (!this.#isWatched(watched)) return;
        watched.result = result;
        this.#options.onResult(watched.key, result);
        const eager = !result.ok && Date.now() < watched.eagerUntil;
        const interval = this.#options.periodSeconds * 1000 * INTERVAL_PART;
        const wait = watched.again
            ? 0
            : eager
              ? FAST_RETRY_MS
              : Math.max(FAST_RETRY_MS, interval * (0.95 + Math.random() * 0.05) - (Date.now() - begun));
        watched.again = false;
        watched.timer = setTimeout(() => this.#enqueue(watched), wait);
    }

    async #attempt(watched: Watched): Promise<Verification> {
        const begun = Date.now();
        const timeoutMs = this.#timeoutOf(watched);
        this.probes++;
        try {
            const handshake = await this.#options.probe(watched.name, timeoutMs, this.#stop.signal);
            const ms = Date.now() - begun;
            // Rises at once, falls slowly.
            watched.typicalMs = Math.max(ms, watched.typicalMs * 0.9);
            watched.silences = 0;
            return { ok: true, at: Date.now(), ...handshake };
        } catch (error) {
            this.failures++;
            const reason = error instanceof HandshakeError ? error.reason : "HandshakeFailed";
            if (reason === "HandshakeTimeout") watched.silences++;
            return { ok: false, at: Date.now(), reason, message: errorText(error) };
        }
    }

    /** Whole milliseconds. */
    #timeoutOf({ result, typicalMs, silences }: Watched): number {
        const steady = Math.max(this.#options.periodSeconds * 1000 * TIMEOUT_PART, typicalMs * PATIENCE);
        // One that has not answered yet may be slow; but packets also get lost while its network comes up, so the first wait is short.
        const first = Math.min(FIRST_TIMEOUT_MS * 2 ** silences, LONGEST_TIMEOUT_MS / 2);
        return Math.ceil(Math.min(LONGEST_TIMEOUT_MS, result?.ok ? steady : Math.max(steady, first)));
    }

    #isWatched(watched: Watched): boolean {
        return this.#watched.get(watched.key) === watched && !this.#stop.signal.aborted;
    }
}
