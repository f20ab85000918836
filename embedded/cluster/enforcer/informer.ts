/** Keeps a copy of one kind of object true: a list, then every change, and again from the list when the stream ends. */
import { messageOf } from "../../common/errors.ts";
import type { ApiClient } from "../api.ts";

interface ListOf<Item> {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly Item[];
}

interface WatchEvent<Item> {
    readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
    readonly object: Item & { readonly message?: string };
}

interface Named {
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

const RETRY_MS = 200;
/** Characters of an error in the log: an answer that refuses names everything twice. */
const SHOWN = 120;
/** How long one stream is asked for: a connection that broke without a sign is noticed then. */
const STREAM_SECONDS = 240;

export interface Informer<Kept> {
    /** By namespace and name; empty until {@link synced}. What was there stays while the API server is away. */
    readonly items: ReadonlyMap<string, Kept>;
    readonly synced: boolean;
}

/**
 * Begins to follow a kind of object.
 * @param path of the list
 * @param keep what of an object to hold; undefined for one that is of no interest
 * @param changed called after every change
 * @param say told once when the API server cannot be asked any more, and when it can again
 */
export function follow<Item extends Named, Kept>(
    api: ApiClient,
    path: string,
    keep: (item: Item) => Kept | undefined,
    changed: () => void,
    say: (text: string) => void,
): Informer<Kept> {
    const state = { items: new Map<string, Kept>(), synced: false };
    let away = false;
    const nameOf = ({ metadata }: Named): string => `${metadata.namespace ?? ""}/${metadata.name}`;
    const set = (items: Map<string, Kept>, item: Item): void => {
        const kept = keep(item);
        if (kept === undefined) items.delete(nameOf(item));
        else items.set(nameOf(item), kept);
    };
    const once = async (): Promise<void> => {
        const list = await api.get<ListOf<Item>>(path);
        const items = new Map<string, Kept>();
        for (const item of list.items) set(items, item);
        state.items = items;
        state.synced = true;
        changed();
        if (away) say(`${path} is followed again`);
        away = false;
        const query = `watch=1&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=${STREAM_SECONDS}`;
        await api.lines(`${path}?${query}`, (STREAM_SECONDS + 30) * 1000, (line) => {
            const { type, object } = JSON.parse(line) as WatchEvent<Item>;
            if (type === "ERROR") throw new Error(object.message ?? "the watch ended with an error");
            if (type === "DELETED") state.items.delete(nameOf(object));
            else if (type !== "BOOKMARK") set(state.items, object);
            changed();
        });
    };
    void (async () => {
        for (;;) {
            try {
                await once();
            } catch (error) {
                if (!away) say(`${path} is asked for until it answers: ${messageOf(error).slice(0, SHOWN)}`);
                away = true;
                await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
            }
        }
    })();
    return state;
}
