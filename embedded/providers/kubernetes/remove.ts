import { leavingText } from "./await/leaving.ts";
import { podsOf } from "./await/rules.ts";
import type { Cluster } from "./cluster.ts";
import { explain, isNotFound, NoKindError } from "./errors.ts";
import type { Objects } from "./follow.ts";
import { describeObject, kindOf, listAt, stringAt, type Manifest } from "./manifest.ts";
import { deletionPropagation, skipsAwait } from "./metadata.ts";

export interface RemoveOptions {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    status(text: string): void;
}

/** The object has been asked to go, but is still there: it stays in the state. */
export class StillThereError extends Error {
    override readonly name = "StillThereError";
    readonly live: Manifest;
    constructor(message: string, live: Manifest) {
        super(message);
        this.live = live;
    }
}

/** Kinds that are not waited for with `pulumi.com/skipAwait`, as the official provider has it; all others are. */
const SKIPPING: ReadonlySet<string> = new Set([
    "Namespace",
    "Pod",
    "ReplicationController",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "Job",
]);

/**
 * Deletes an object and waits until it is gone. That it is gone already, or that its kind is, is as good.
 * @throws StillThereError when it is still there in the end, with what holds it
 */
export async function removeObject(cluster: Cluster, object: Manifest, options: RemoveOptions): Promise<void> {
    try {
        const path = await cluster.pathOf(object, options.signal);
        const { body } = await cluster.client.request<Manifest>("DELETE", path, {
            body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: deletionPropagation(object) },
            signal: options.signal,
            status: (text) => options.status(text),
        });
        if (body.kind === "Status" || !body.metadata?.uid) return;
        if (skipsAwait(object) && SKIPPING.has(object.kind)) return;
        await untilGone(cluster, body, options);
    } catch (error) {
        if (isNotFound(error) || error instanceof NoKindError) return;
        throw explain("delete", object, error);
    }
}

async function untilGone(cluster: Cluster, deleted: Manifest, { signal, timeoutMs, status }: RemoveOptions): Promise<void> {
    const stop = new AbortController();
    const outcome = Promise.withResolvers<"gone" | "timeout" | "interrupted">();
    const interrupted = (): void => outcome.resolve("interrupted");
    let live = deleted;
    let pods: readonly Manifest[] = [];
    const rest = (): string => `${holds(live)}${leavingText(pods)}`;
    const show = (): void => status(`waiting until it is gone${rest()}`);
    const timer = setTimeout(() => outcome.resolve("timeout"), timeoutMs);
    signal.addEventListener("abort", interrupted, { once: true });
    if (signal.aborted) interrupted();
    try {
        const resource = await cluster.find(kindOf(deleted), signal);
        const path = resource.path(deleted.metadata.namespace, "");
        const changed = (found: Manifest | undefined): void => {
            if (found?.metadata.uid !== deleted.metadata.uid) return outcome.resolve("gone");
            live = found ?? live;
            show();
        };
        const isMine = podsOf(deleted);
        if (isMine) {
            const seePods = (objects: Objects): void => {
                pods = [...objects.values()].filter(isMine);
                show();
            };
            const folder = `/api/v1/namespaces/${deleted.metadata.namespace ?? ""}/pods`;
            // They explain only: who may not see pods waits all the same.
            cluster.watches.follow({ path: folder }, stop.signal, { changed: seePods }).catch(() => {});
        }
        cluster.watches
            .followObject({ path, object: deleted, alone: deleted.kind === "Secret" }, stop.signal, { changed })
            .catch(outcome.reject);
        const end = await outcome.promise;
        if (end === "gone") return;
        const why =
            end === "timeout"
                ? `is still there after ${Math.round(timeoutMs / 1000)} s`
                : "is being deleted, but the run was interrupted before it was gone";
        throw new StillThereError(`${describeObject(deleted)} ${why}${rest()}`, live);
    } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", interrupted);
        stop.abort();
    }
}

const NAMESPACE_BLOCKS: ReadonlySet<string> = new Set([
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
]);

/** What keeps an object from going: of a namespace what is left in it, otherwise the finalizers. */
export function holds(live: Manifest): string {
    const blocks = listAt(live, "status", "conditions").filter(
        (entry) => NAMESPACE_BLOCKS.has(stringAt(entry, "type")) && stringAt(entry, "status") === "True",
    );
    if (blocks.length) return `: ${blocks.map((entry) => stringAt(entry, "message")).join("; ")}`;
    const finalizers = (live.metadata.finalizers ?? []).filter((name) => name !== "foregroundDeletion");
    if (finalizers.length) return `: held by the finalizer ${finalizers.join(", ")}`;
    return live.metadata.finalizers?.length ? ": what it owns goes first" : "";
}
