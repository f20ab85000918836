/** Makes an owned object what it should be, and touches nothing that belongs to someone else. */
import type { MCPServer } from "../api/mcpserver.ts";
import { apply, isApplied, stamped } from "../kubernetes/apply.ts";
import { ApiError, isNotFound } from "../kubernetes/client.ts";
import { keyOf, pathOf, type KubernetesObject, type Resource } from "../kubernetes/objects.ts";
import type { Reflector } from "../kubernetes/reflector.ts";
import type { ControllerContext } from "./context.ts";

/** The spec cannot be acted on, and trying again at once would not help. */
export class NotAccepted extends Error {
    override readonly name = "NotAccepted";
    readonly reason: string;
    constructor(reason: string, message: string) {
        super(message);
        this.reason = reason;
    }
}

/** An older object of the same name is on its way out. */
export class StillGoing extends Error {
    override readonly name = "StillGoing";
}

/**
 * The live object after it was made equal to `desired`; without a request when it is already.
 * @throws NotAccepted when the name is taken or the API server finds the object invalid
 */
export async function ensure<T extends KubernetesObject>(
    context: Pick<ControllerContext, "client" | "logger">,
    server: MCPServer,
    resource: Resource,
    cache: Reflector<T>,
    desired: T,
): Promise<T> {
    const wanted = stamped(desired);
    const { namespace, uid } = server.metadata;
    let live: T | undefined = cache.get(keyOf(wanted));
    // The cache holds labelled objects only: whoever took the name may be outside it.
    if (!live || !isOwnedBy(live, uid)) live = await read<T>(context, resource, namespace, wanted.metadata.name);
    if (live) {
        if (live.metadata.deletionTimestamp) throw new StillGoing(`${resource.kind} ${live.metadata.name} is being deleted`);
        if (!isOwnedBy(live, uid)) throw foreign(live, resource);
        if (isApplied(wanted, live)) return live;
    }
    try {
        const after = await apply(context.client, resource, namespace, wanted);
        cache.observe(after);
        context.logger.info(live ? "changed" : "created", { server: server.metadata.name, kind: resource.kind });
        return cache.get(keyOf(wanted)) ?? after;
    } catch (error) {
        if (error instanceof ApiError && [400, 403, 422].includes(error.status)) {
            throw new NotAccepted("Refused", `the API server refuses the ${resource.kind}: ${error.message}`);
        }
        throw error;
    }
}

export function isOwnedBy(object: KubernetesObject, uid: string): boolean {
    return object.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid) ?? false;
}

async function read<T>(
    context: Pick<ControllerContext, "client">,
    resource: Resource,
    namespace: string,
    name: string,
): Promise<T | undefined> {
    try {
        return await context.client.request<T>({ path: pathOf(resource, namespace, name) });
    } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
    }
}

function foreign(live: KubernetesObject, resource: Resource): Error {
    const owner = live.metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner?.kind === "MCPServer")
        return new StillGoing(`${resource.kind} ${live.metadata.name} still belongs to a deleted MCPServer of the same name`);
    return new NotAccepted(
        "NameTaken",
        `a ${resource.kind} named ${live.metadata.name} exists in this namespace and was not made by the operator; delete it or give the MCPServer another name`,
    );
}
