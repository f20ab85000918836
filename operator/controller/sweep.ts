/** Removes what a server that is gone has left behind, when the garbage collector has not. */
import { APPLIED_ANNOTATION } from "../kubernetes/apply.ts";
import { isConflict, isNotFound } from "../kubernetes/client.ts";
import { DEPLOYMENTS, pathOf, SERVICES, type KubernetesObject, type Resource } from "../kubernetes/objects.ts";
import { isOwnedBy } from "./ensure.ts";
import { MCP_SERVERS, serverKeyOf, type ControllerContext } from "./context.ts";

/** How long the garbage collector is given. */
const GRACE_MS = 5000;

export class Sweeper {
    readonly #context: ControllerContext;
    readonly #absentSince = new Map<string, number>();

    constructor(context: ControllerContext) {
        this.#context = context;
    }

    /** The server has all its objects: nothing is waited for. */
    settled(key: string): void {
        this.#absentSince.delete(key);
    }

    /**
     * Deletes what is labelled with a server that does not exist.
     * @param uid of a server of this name that does exist: what belonged to an earlier one of the same name is deleted
     * @returns milliseconds after which to look again, or undefined when nothing is left
     */
    async sweep(key: string, uid?: string): Promise<number | undefined> {
        const { caches, client, logger } = this.#context;
        // An empty cache is no proof of absence.
        if (!Object.values(caches).every(({ hasSynced }) => hasSynced)) return GRACE_MS;
        const orphans = [
            ...orphansOf(key, uid, DEPLOYMENTS, caches.deployments.list()),
            ...orphansOf(key, uid, SERVICES, caches.services.list()),
        ];
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
        if ((await this.#uidOf(namespace, name)) !== uid) return GRACE_MS;
        for (const { resource, object } of orphans) {
            const preconditions = { uid: object.metadata.uid };
            const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", preconditions };
            try {
                await client.request({ method: "DELETE", path: pathOf(resource, namespace, object.metadata.name), body });
                logger.info("deleted an orphan", { server: name, kind: resource.kind });
            } catch (error) {
                if (!isNotFound(error) && !isConflict(error)) throw error;
            }
        }
        return GRACE_MS;
    }

    async #uidOf(namespace: string, name: string): Promise<string | undefined> {
        try {
            return (await this.#context.client.request<KubernetesObject>({ path: pathOf(MCP_SERVERS, namespace, name) })).metadata.uid;
        } catch (error) {
            if (isNotFound(error)) return undefined;
            throw error;
        }
    }
}

interface Orphan {
    readonly resource: Resource;
    readonly object: KubernetesObject;
}

function orphansOf(key: string, uid: string | undefined, resource: Resource, objects: readonly KubernetesObject[]): Orphan[] {
    return objects
        .filter((object) => serverKeyOf(object) === key && object.metadata.annotations?.[APPLIED_ANNOTATION])
        .filter((object) => !object.metadata.deletionTimestamp && !(uid !== undefined && isOwnedBy(object, uid)))
        .map((object) => ({ resource, object }));
}
