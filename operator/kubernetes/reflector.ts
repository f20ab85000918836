/**
 * A cache of all objects of one resource in one namespace, kept true by list and watch. It never stops and never goes blind:
 * every failure leads to another attempt, a watch that may be dead is replaced, and the whole list is compared now and then.
 */
import { errorText, type Logger } from "../common/log.ts";
import { delayOf, pause, type Backoff } from "./backoff.ts";
import { apiErrorOf, isExpired, type ApiClient } from "./client.ts";
import { compareVersions, keyOf, pathOf, type KubernetesObject, type Resource } from "./objects.ts";

export interface ReflectorOptions<T extends KubernetesObject> {
    readonly client: Pick<ApiClient, "request" | "watch">;
    readonly resource: Resource;
    readonly namespace: string;
    readonly labelSelector?: string;
    readonly logger: Logger;
    /** Called after the cache has changed; `current` is undefined for what is gone. */
    readonly onChange?: (key: string, current: T | undefined, previous: T | undefined) => void;
    /** Objects per page of a list; default 500. */
    readonly pageSize?: number;
    /** Seconds after which the server ends a watch, which is then opened anew; default 30. Also bounds how long a dead connection goes unnoticed. */
    readonly watchSeconds?: number;
    /** Milliseconds between comparisons of the cache with a whole list; default 10 minutes. */
    readonly relistMs?: number;
    /** Milliseconds a watch's answer may take to begin; default 15 000. */
    readonly answerMs?: number;
    /** Default: 250 ms to 5 s. One client with a few watches does not endanger a server, and a short cap means a short outage after one. */
    readonly backoff?: Backoff;
}

interface List {
    readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
    readonly items?: readonly KubernetesObject[];
}

interface WatchEvent {
    readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
    readonly object: KubernetesObject;
}

/** A watch that ends sooner than this without an error still waits before the next. */
const SHORT_WATCH_MS = 1000;
/** A watch whose end the server has missed by this much is given up. */
const OVERDUE_MS = 5000;

export class Reflector<T extends KubernetesObject> {
    /** Changes that a list showed although the watch had already passed them. */
    missedEvents = 0;
    /** Lists made; 1 after a smooth start. */
    lists = 0;
    /** Failed lists and watches. */
    failures = 0;

    readonly #options: ReflectorOptions<T>;
    readonly #path: string;
    readonly #store = new Map<string, T>();
    readonly #synced = Promise.withResolvers<void>();
    #hasSynced = false;
    /** How far the watch has come. */
    #version: string | undefined;
    #listedAt = 0;

    constructor(options: ReflectorOptions<T>) {
        this.#options = options;
        this.#path = pathOf(options.resource, options.namespace);
    }

    /** Whether the cache has held everything once. Nothing may be deleted for being absent from it before. */
    get hasSynced(): boolean {
        return this.#hasSynced;
    }

    /** Resolves when {@link hasSynced} becomes true. */
    synced(): Promise<void> {
        return this.#synced.promise;
    }

    get(key: string): T | undefined {
        return this.#store.get(key);
    }

    list(): T[] {
        return [...this.#store.values()];
    }

    /** Takes in what the API server answered to a write, so that the next look at the cache is not older than one's own writes. */
    observe(object: T): void {
        const known = this.#store.get(keyOf(object));
        if (compareVersions(object.metadata.resourceVersion, known?.metadata.resourceVersion) > 0)
            this.#store.set(keyOf(object), slim(object));
    }

    /** Lists and watches until `signal` is aborted. Never rejects. */
    async run(signal: AbortSignal): Promise<void> {
        const { logger, resource, relistMs = 600_000, backoff = { baseMs: 250, capMs: 5000 } } = this.#options;
        let failures = 0;
        while (!signal.aborted) {
            const begun = Date.now();
            try {
                if (this.#version === undefined || Date.now() - this.#listedAt > relistMs) {
                    await this.#list(signal);
                    failures = 0;
                }
                await this.#watch(signal, () => (failures = 0));
                if (Date.now() - begun < SHORT_WATCH_MS) await pause(delayOf(backoff, 1), signal);
            } catch (error) {
                if (signal.aborted) return;
                this.failures++;
                failures++;
                // Versions are forgotten as a matter of course: list again at once, and wait only if that does not help.
                if (isExpired(error)) this.#version = undefined;
                const delay = isExpired(error) && failures === 1 ? 0 : delayOf(backoff, failures);
                logger.warn("watch interrupted", { resource: resource.plural, error: errorText(error), retryInMs: Math.round(delay) });
                await pause(delay, signal);
            }
        }
    }

    async #list(signal: AbortSignal): Promise<void> {
        const { client, labelSelector, pageSize = 500 } = this.#options;
        const items: KubernetesObject[] = [];
        let next: string | undefined;
        let version: string | undefined;
        do {
            const query = { limit: pageSize, continue: next, labelSelector };
            const page = await client.request<List>({ path: this.#path, query, signal });
            items.push(...(page.items ?? []));
            version = page.metadata.resourceVersion;
            next = page.metadata.continue || undefined;
        } while (next);
        this.lists++;
        this.#replace(items, version);
        this.#version = version ?? "0";
        this.#listedAt = Date.now();
        if (!this.#hasSynced) {
            this.#hasSynced = true;
            this.#synced.resolve();
        }
    }

    #replace(items: readonly KubernetesObject[], version: string | undefined): void {
        const seen = new Set<string>();
        for (const item of items) {
            seen.add(keyOf(item));
            const changed = this.#put(item);
            const passed = this.#version !== undefined && compareVersions(item.metadata.resourceVersion, this.#version) <= 0;
            if (changed && passed) this.missedEvents++;
        }
        for (const [key, object] of this.#store) {
            // What was written after the list was made is not missing from it.
            if (!seen.has(key) && compareVersions(object.metadata.resourceVersion, version) <= 0) this.#remove(key);
        }
    }

    async #watch(signal: AbortSignal, onOpen: () => void): Promise<void> {
        const { client, labelSelector, watchSeconds = 30, answerMs = 15_000 } = this.#options;
        const seconds = watchSeconds + Math.round(Math.random() * watchSeconds);
        const dead = new AbortController();
        const give = (what: string, ms: number): NodeJS.Timeout => setTimeout(() => dead.abort(new Error(what)), ms);
        const answer = give("the watch was not answered", answerMs);
        const overdue = give("the watch is overdue: its connection may be dead", seconds * 1000 + OVERDUE_MS);
        let open = false;
        try {
            const query = {
                watch: true,
                allowWatchBookmarks: true,
                resourceVersion: this.#version,
                timeoutSeconds: seconds,
                labelSelector,
            };
            await client.watch(
                { path: this.#path, query, signal: AbortSignal.any([signal, dead.signal]) },
                (line) => this.#take(line),
                () => {
                    if (open) return;
                    open = true;
                    clearTimeout(answer);
                    onOpen();
                },
            );
        } finally {
            clearTimeout(answer);
            clearTimeout(overdue);
        }
    }

    #take(line: string): void {
        const { type, object } = JSON.parse(line) as WatchEvent;
        if (type === "ERROR") throw apiErrorOf(0, JSON.stringify(object));
        if (!object?.metadata?.resourceVersion) throw new Error(`a watch event of type ${String(type)} has no resourceVersion`);
        if (type === "DELETED") {
            const known = this.#store.get(keyOf(object));
            // One of the same name that was made since has been observed already.
            if (compareVersions(known?.metadata.resourceVersion, object.metadata.resourceVersion) <= 0) this.#remove(keyOf(object));
        } else if (type !== "BOOKMARK") {
            this.#put(object);
        }
        this.#version = object.metadata.resourceVersion;
    }

    #put(raw: KubernetesObject): boolean {
        const key = keyOf(raw);
        const previous = this.#store.get(key);
        if (previous && compareVersions(raw.metadata.resourceVersion, previous.metadata.resourceVersion) <= 0) return false;
        const current = slim({ ...raw, apiVersion: this.#options.resource.apiVersion, kind: this.#options.resource.kind } as T);
        this.#store.set(key, current);
        this.#tell(key, current, previous);
        return true;
    }

    #remove(key: string): void {
        const previous = this.#store.get(key);
        if (!this.#store.delete(key)) return;
        this.#tell(key, undefined, previous);
    }

    #tell(key: string, current: T | undefined, previous: T | undefined): void {
        try {
            this.#options.onChange?.(key, current, previous);
        } catch (error) {
            this.#options.logger.error("a handler of changes failed", { key, error: errorText(error) });
        }
    }
}

/** Without the record of who owns which field, which is often the larger half of an object. */
function slim<T extends KubernetesObject>(object: T): T {
    const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & { managedFields?: unknown };
    return { ...object, metadata };
}
