/** Following objects as they change: one list, then a watch that is taken up again wherever it breaks off. */
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../common/errors.ts";
import type { Client, Query } from "./client.ts";
import { ApiError, UnreachableError } from "./errors.ts";
import { stringAt, type JsonObject, type Manifest } from "./manifest.ts";

export interface Selection {
    /** The path of the collection. */
    readonly path: string;
    readonly fieldSelector?: string | undefined;
    readonly labelSelector?: string | undefined;
}

/** The objects of a selection by uid. */
export type Objects = ReadonlyMap<string, Manifest>;

interface WatchEvent {
    readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
    readonly object: Manifest;
}

/** The server ends a watch by itself after this time, so that a connection that died in silence is found out. Seconds. */
const WATCH_SECONDS = 240;

/**
 * Calls `changed` with all objects of a selection, first as they are and then after each change, until the signal is
 * aborted, and `lost` with why the server cannot be asked for now, and with undefined once it can again. Rejects only
 * with what will not pass: a server that is gone for a while is waited for.
 */
export async function follow(
    client: Client,
    selection: Selection,
    signal: AbortSignal,
    { changed, lost }: { changed(objects: Objects): void; lost?(reason: string | undefined): void },
): Promise<void> {
    let since: string | undefined;
    let objects = new Map<string, Manifest>();
    let isLost = false;
    const lose = (reason: string): void => {
        isLost = true;
        lost?.(reason);
    };
    for (let delay = 100; !signal.aborted;) {
        try {
            if (since === undefined) {
                const { body: list } = await client.request("GET", selection.path, { query: queryOf(selection), signal, status: lose });
                objects = new Map((list["items"] as readonly Manifest[]).map((item) => [keyOf(item), withKind(item, list)]));
                since = stringAt(list, "metadata", "resourceVersion");
                changed(objects);
            }
            const query = {
                ...queryOf(selection),
                watch: true,
                allowWatchBookmarks: true,
                resourceVersion: since,
                timeoutSeconds: WATCH_SECONDS,
            };
            const stream = await client.stream(selection.path, query, signal);
            delay = 100;
            if (isLost) lost?.(undefined);
            isLost = false;
            for await (const event of events(stream)) {
                if (event.type === "ERROR") throw new ApiError(event.object as JsonObject as never, Number(event.object["code"] ?? 500));
                since = event.object.metadata.resourceVersion ?? since;
                if (event.type === "BOOKMARK") continue;
                if (event.type === "DELETED") objects.delete(keyOf(event.object));
                else objects.set(keyOf(event.object), event.object);
                changed(objects);
            }
        } catch (error) {
            if (signal.aborted) return;
            if (error instanceof ApiError && (error.code === 410 || error.code === 504)) since = undefined;
            else if (!mayPass(error)) throw error;
            else if (error instanceof UnreachableError || error instanceof ApiError) lose(messageOf(error));
        }
        // A server that ends watches at once must not be asked in a tight loop.
        await sleep(delay, undefined, { signal }).catch(() => {});
        delay = Math.min(delay * 2, 3000);
    }
}

function mayPass(error: unknown): boolean {
    if (error instanceof ApiError) return error.code === 429 || error.code >= 500;
    return error instanceof UnreachableError || (error as { code?: string }).code !== undefined || error instanceof SyntaxError;
}

function queryOf({ fieldSelector, labelSelector }: Selection): Query {
    return { fieldSelector, labelSelector };
}

const keyOf = (object: Manifest): string => object.metadata.uid ?? `${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`;

/** Items of a list do not say what they are; the list does. */
function withKind(item: Manifest, list: JsonObject): Manifest {
    return { ...item, apiVersion: stringAt(list, "apiVersion"), kind: stringAt(list, "kind").replace(/List$/, "") };
}

async function* events(stream: IncomingMessage): AsyncGenerator<WatchEvent> {
    stream.setEncoding("utf8");
    let rest = "";
    for await (const chunk of stream) {
        const lines = (rest + (chunk as string)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line) yield JSON.parse(line) as WatchEvent;
    }
}
