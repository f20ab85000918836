/** Removes what a server that is gone has left behind, when the garbage collector has not. */
import { APPLIED_ANNOTATION } from "../kubernetes/apply.ts";
import { isConflict, isNotFound } from "../kubernetes/client.ts";
import { DEPLOYMENTS, pathOf, SERVICES, type KubernetesObject, type Resource } from "../kubernetes/objects.ts";
import { MCP_SERVERS, serverKeyOf, type ControllerContext } from "./context.ts";

/** How long the garbage collector is given. */
const GRACE_MS = 5000;

export class Sweeper {
    readonly #context: ControllerContext;
    readonly #absentSince = new Map<string, number>();

    constructor(context: ControllerContext) {
        this.#context = context;
    }

    /** The server exists: nothing of it is an orphan. */
    present(key: string): void {
        this.#absentSince.delete(key);
    }

    /**
     * Deletes what is labelled with a server that does not exist.
     * @returns milliseconds after which to look again, or undefined when nothing is left
     */
    async sweep(key: string): Promise<number | undefined> {
        const { caches, client, logger } = this.#context;
        // An empty cache is no proof of absence.
        if (!Object.values(caches).every(({ hasSynced }) => hasSynced)) return GRACE_MS;
        const orphans = [...orphansOf(key, DEPLOYMENTS, caches.deployments.list()), ...orphansOf(key, SERVICES, caches.services.list())];
        if (!orphans.length) {
            this.#absentSince.delete(key);
            return undefined;
        }
        const since = this.#absentSince.get(key) ?? Date.now();
        this.#absentSince.set(key, since);
        const left = since + GRACE_MS - Date.now();
        if (left > 0) return left;
        const [namespace = "", name = ""] = key.split("/");
        // Asked once more, past the cache: a deletion cannot be taken back.
        if (await this.#exists(namespace, name)) return GRACE_MS;
        for (const { resource, object } of orphans) {
            const { uid } = object.metadata;
            const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", preconditions: { uid } };
            try {
                await client.request({ method: "DELETE", path: pathOf(resource, namespace, object.metadata.name), body });
                logger.info("deleted an orphan", { server: name, kind: resource.kind });
            } catch (error) {
                if (!isNotFound(error) && !isConflict(error)) throw error;
            }
        }
        return GRACE_MS;
    }

    async #exists(namespace: string, name: string): Promise<boolean> {
        try {
            await this.#context.client.request({ path: pathOf(MCP_SERVERS, namespace, name) });
            return true;
        } catch (error) {
            if (isNotFound(error)) return false;
            throw error;
        }
    }
}

interface Orphan {
    readonly resource: Resource;
    readonly object: KubernetesObject;
}

function orphansOf(key: string, resource: Resource, objects: readonly KubernetesObject[]): Orphan[] {
    return objects
        .filter(
            (object) =>
                serverKeyOf(object) === key && !object.metadata.deletionTimestamp && object.metadata.annotations?.[APPLIED_ANNOTATION],
        )
        .map((object) => ({ resource, object }));
}
