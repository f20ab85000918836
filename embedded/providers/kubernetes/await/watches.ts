/** One watch for everything that is awaited of a kind in a namespace, however many objects that is. */
import type { Client } from "../client.ts";
import { ApiError, isNotFound } from "../errors.ts";
import { follow, type Objects, type Selection } from "../follow.ts";
import type { Manifest } from "../manifest.ts";

/** What a follower is told. */
export interface Follower {
    changed(objects: Objects): void;
    /** The server cannot be asked for now, and why; undefined when it answers again. */
    lost?(reason: string | undefined): void;
}

/** An object as it was last written: what is older than that is not shown to its follower. */
export interface FollowedObject {
    /** The path of its collection. */
    readonly path: string;
    readonly object: Manifest;
    /** Asks for nothing but the object itself: the collection holds what nobody needs to read. */
    readonly alone: boolean;
}

export interface ObjectFollower {
    /** The object, or undefined when there is none of that name any more. */
    changed(live: Manifest | undefined): void;
    lost?(reason: string | undefined): void;
}

/** How long a watch that nobody needs any more is kept for the next one. Milliseconds. */
const LINGER_MS = 2000;
/** A watch that ran already may lag behind a write for so long before the object itself is asked for. Milliseconds. */
const LAG_MS = 500;

interface Shared {
    readonly stop: AbortController;
    readonly followers: Set<Follower & { fail(error: unknown): void }>;
    objects: Objects | undefined;
    lost: string | undefined;
    linger: NodeJS.Timeout | undefined;
}

export class Watches {
    readonly #client: Client;
    readonly #shared = new Map<string, Shared>();

    constructor(client: Client) {
        this.#client = client;
    }

    /**
     * Tells a follower of all objects of a selection, as they are and after each change, until the signal is aborted.
     * Rejects with what will not pass, as when the user may not see them.
     */
    async follow(selection: Selection, signal: AbortSignal, follower: Follower): Promise<void> {
        const shared = this.#open(selection);
        const end = Promise.withResolvers<void>();
        const entry = { ...bound(follower), fail: end.reject };
        const leave = (): void => end.resolve();
        signal.addEventListener("abort", leave, { once: true });
        if (signal.aborted) leave();
        shared.followers.add(entry);
        clearTimeout(shared.linger);
        try {
            if (shared.objects && !signal.aborted) entry.changed(shared.objects);
            if (shared.lost && !signal.aborted) entry.lost(shared.lost);
            await end.promise;
        } finally {
            signal.removeEventListener("abort", leave);
            shared.followers.delete(entry);
            if (!shared.followers.size) {
                shared.linger = setTimeout(() => this.#close(selection, shared), LINGER_MS);
                shared.linger.unref();
            }
        }
    }

    /** Tells a follower of one object. The watch is that of its kind and namespace; of the object alone where the user may not see more. */
    async followObject(followed: FollowedObject, signal: AbortSignal, follower: ObjectFollower): Promise<void> {
        const name = followed.object.metadata.name ?? "";
        const single: Selection = { path: followed.path, fieldSelector: `metadata.name=${name}` };
        const done = new AbortController();
        const ended = AbortSignal.any([signal, done.signal]);
        const view = this.#viewOf(followed, ended, follower);
        try {
            await this.follow(followed.alone ? single : { path: followed.path }, ended, view);
        } catch (error) {
            if (followed.alone || !(error instanceof ApiError) || error.code !== 403) throw error;
            await this.follow(single, ended, view);
        } finally {
            done.abort();
        }
    }

    close(): void {
        for (const shared of this.#shared.values()) {
            clearTimeout(shared.linger);
            shared.stop.abort();
        }
        this.#shared.clear();
    }

    #viewOf({ path, object }: FollowedObject, signal: AbortSignal, follower: ObjectFollower): Follower {
        const name = object.metadata.name ?? "";
        let seen = false;
        let last: Manifest | undefined;
        let doubt: NodeJS.Timeout | undefined;
        signal.addEventListener("abort", () => clearTimeout(doubt), { once: true });
        /** Neither seen nor reported as deleted: it is gone since before the watch, or the watch is late. */
        const ask = async (): Promise<void> => {
            try {
                await this.#client.get(`${path}/${encodeURIComponent(name)}`, undefined, signal);
            } catch (error) {
                if (isNotFound(error) && !seen && !signal.aborted) follower.changed(undefined);
            }
        };
        return {
            changed(objects) {
                const live = [...objects.values()].find(({ metadata }) => metadata.name === name);
                if (live && isOlder(live, object)) return;
                if (!live && !seen) {
                    doubt ??= setTimeout(() => void ask(), LAG_MS);
                    return;
                }
                if (seen && live === last) return; // Another object of the kind has changed.
                seen = true;
                last = live;
                clearTimeout(doubt);
                follower.changed(live);
            },
            lost: (reason) => follower.lost?.(reason),
        };
    }

    #open(selection: Selection): Shared {
        const key = keyOf(selection);
        const known = this.#shared.get(key);
        if (known) return known;
        const shared: Shared = {
            stop: new AbortController(),
            followers: new Set(),
            objects: undefined,
            lost: undefined,
            linger: undefined,
        };
        this.#shared.set(key, shared);
        const told: Follower = {
            changed(objects) {
                shared.objects = objects;
                for (const { changed } of shared.followers) changed(objects);
            },
            lost(reason) {
                shared.lost = reason;
                for (const { lost } of shared.followers) lost?.(reason);
            },
        };
        follow(this.#client, selection, shared.stop.signal, told).catch((error: unknown) => {
            if (this.#shared.get(key) === shared) this.#shared.delete(key);
            for (const { fail } of shared.followers) fail(error);
        });
        return shared;
    }

    #close(selection: Selection, shared: Shared): void {
        shared.stop.abort();
        if (this.#shared.get(keyOf(selection)) === shared) this.#shared.delete(keyOf(selection));
    }
}

const keyOf = ({ path, fieldSelector = "", labelSelector = "" }: Selection): string => `${path}?${fieldSelector}&${labelSelector}`;

function bound(follower: Follower): Required<Follower> {
    return { changed: (objects) => follower.changed(objects), lost: (reason) => follower.lost?.(reason) };
}

/** Versions of objects of one kind are numbers that grow; what is none is never taken for older. */
function isOlder(live: Manifest, applied: Manifest): boolean {
    const [a, b] = [live.metadata.resourceVersion ?? "", applied.metadata.resourceVersion ?? ""];
    return /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) < BigInt(b);
}
