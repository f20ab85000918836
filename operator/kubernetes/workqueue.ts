/** A queue of keys: one key is worked on by one worker at a time, and is queued at most once while it waits. */
import { delayOf, type Backoff } from "./backoff.ts";

export interface WorkQueueOptions {
    /** Handles one key; a rejection is retried with growing delay. A number asks to be called again after so many milliseconds. */
    readonly handle: (key: string) => Promise<number | undefined>;
    /** Told of every rejection, before the retry. */
    readonly onError?: (key: string, error: unknown, retryInMs: number) => void;
    /** Keys handled at the same time; default 4. */
    readonly workers?: number;
    /** Default: 100 ms to 30 s. */
    readonly backoff?: Backoff;
}

export class WorkQueue {
    readonly #options: WorkQueueOptions;
    readonly #waiting = new Set<string>();
    readonly #running = new Set<string>();
    /** Keys that were added while they were worked on. */
    readonly #again = new Set<string>();
    readonly #timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
    readonly #failures = new Map<string, number>();
    #idle: (() => void)[] = [];
    #started = false;
    #stopped = false;

    constructor(options: WorkQueueOptions) {
        this.#options = options;
    }

    /** Keys that wait, without those that are due later. */
    get depth(): number {
        return this.#waiting.size + this.#again.size;
    }

    /** Queues a key as soon as possible. */
    add(key: string): void {
        if (this.#stopped) return;
        if (this.#running.has(key)) this.#again.add(key);
        else this.#waiting.add(key);
        this.#pump();
    }

    /** Queues a key after `ms`; of several times for one key the earliest counts. */
    addAfter(key: string, ms: number): void {
        if (this.#stopped) return;
        const at = Date.now() + ms;
        const known = this.#timers.get(key);
        if (known && known.at <= at) return;
        if (known) clearTimeout(known.timer);
        const timer = setTimeout(() => {
            this.#timers.delete(key);
            this.add(key);
        }, ms);
        this.#timers.set(key, { at, timer });
    }

    /** Begins to work: until then keys only gather. */
    start(): void {
        this.#started = true;
        this.#pump();
    }

    /** Takes no more keys, forgets those that wait, and resolves when those under way are done. */
    async stop(): Promise<void> {
        this.#stopped = true;
        for (const { timer } of this.#timers.values()) clearTimeout(timer);
        this.#timers.clear();
        this.#waiting.clear();
        this.#again.clear();
        if (this.#running.size) await new Promise<void>((resolve) => this.#idle.push(resolve));
    }

    #pump(): void {
        if (!this.#started) return;
        for (const key of this.#waiting) {
            if (this.#running.size >= (this.#options.workers ?? 4)) return;
            this.#waiting.delete(key);
            this.#running.add(key);
            void this.#work(key);
        }
    }

    async #work(key: string): Promise<void> {
        try {
            const after = await this.#options.handle(key);
            this.#failures.delete(key);
            if (after !== undefined) this.addAfter(key, after);
        } catch (error) {
            const failures = (this.#failures.get(key) ?? 0) + 1;
            this.#failures.set(key, failures);
            const delay = delayOf(this.#options.backoff ?? { baseMs: 100, capMs: 30_000 }, failures);
            this.#options.onError?.(key, error, delay);
            this.addAfter(key, delay);
        }
        this.#running.delete(key);
        if (this.#again.delete(key)) this.#waiting.add(key);
        if (!this.#running.size) for (const resolve of this.#idle.splice(0)) resolve();
        this.#pump();
    }
}
