import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import { explain, isNotFound, NoKindError } from "./errors.ts";
import { describeObject, isJsonObject, type Manifest } from "./manifest.ts";
import { deletionPropagation } from "./metadata.ts";

export interface RemoveOptions {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    status(text: string): void;
}

export async function removeObject(cluster: Cluster, object: Manifest, options: RemoveOptions): Promise<void> {
    try {
        const path = await cluster.pathOf(object, options.signal);
        const { body } = await cluster.client.request("DELETE", path, {
            body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: deletionPropagation(object) },
            signal: options.signal,
        });
        if (body["kind"] === "Status" || !isJsonObject(body["metadata"])) return;
        for (;;) {
            await cluster.get(path, options.signal);
            await sleep(200, undefined, { signal: options.signal });
        }
    } catch (error) {
        if (isNotFound(error) || error instanceof NoKindError) return;
        throw explain("delete", object, error);
    }
}
void describeObject;
