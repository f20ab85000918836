/** Steps that an earlier run was carrying out when it was interrupted: finds out what became of them. */
import { messageOf } from "../../common/errors.ts";
import { plain } from "../secretness.ts";
import type { PendingOperation, ResourceState } from "../state/snapshot.ts";
import type { Deployment } from "./deployment.ts";
import { isReadable, readObject } from "./refresh.ts";

/** Brings the state in line with what interrupted steps did. What cannot be found out is said as a warning. */
export async function resolvePending(deployment: Deployment): Promise<void> {
    for (const operation of deployment.run.snapshot.pendingOperations) {
        deployment.checkpoint();
        const { urn } = operation.resource;
        try {
            const outcome =
                operation.type === "creating"
                    ? await resolveCreate(deployment, operation.resource)
                    : await resolveOther(deployment, operation);
            deployment.journal.end(operation);
            if (outcome) deployment.reporter.diagnostic("warning", outcome, urn);
        } catch (error) {
            // Kept for the next run: a provider that cannot be reached now may say then what happened.
            deployment.reporter.diagnostic(
                "warning",
                `An earlier run was interrupted while ${operation.type} ${urn}, and what became of it cannot be found out now: ${messageOf(error)}`,
                urn,
            );
        }
    }
    await deployment.journal.flush();
}

async function resolveCreate(deployment: Deployment, state: ResourceState): Promise<string | undefined> {
    const interrupted = `An earlier run was interrupted while creating ${state.urn}`;
    const { provider, known } = await deployment.registry.get(state.provider ?? "");
    const id = known ? await provider.locate?.(state.urn, plain(state.inputs), deployment.context(state.urn)) : undefined;
    if (!id) return `${interrupted}, and the provider ${provider.name} cannot say whether that happened. It counts as not created.`;
    const old = deployment.olds.get(state.urn);
    // The replacement has the name of what it replaces: there is but one object.
    if (old?.id === id && !old.pendingReplacement) return undefined;
    const found = await readObject(deployment, { ...state, id });
    if (!found) return undefined;
    // The object that was wanted again had been waiting for its deletion, in which case it is there anyway.
    const doomed = deployment.doomed.findIndex((other) => other.urn === state.urn && other.id === id);
    for (const saved of doomed < 0 ? [] : deployment.doomed.splice(doomed, 1)) deployment.journal.remove(saved);
    // What depends on the object that is gone comes after it in the state, and depends on this one now.
    if (old?.pendingReplacement) deployment.journal.change(old, found);
    else {
        // It was being created in place of another object: that one is what remains to be deleted.
        if (old) deployment.changeOld(old, { ...old, delete: true });
        deployment.journal.restore(found);
    }
    deployment.olds.set(found.urn, found);
    return `${interrupted}; ${id} exists and is part of the stack now.`;
}

async function resolveOther(deployment: Deployment, { type, resource }: PendingOperation): Promise<string | undefined> {
    const old = deployment.olds.get(resource.urn);
    // Replaced objects are deleted again, which is no error when they are gone.
    if (!old || resource.delete || !isReadable(old)) return undefined;
    const found = await readObject(deployment, old);
    if (!found) {
        deployment.journal.remove(old);
        deployment.olds.delete(old.urn);
        return `An earlier run was interrupted while ${type} ${old.urn}; it no longer exists.`;
    }
    if (found !== old) deployment.changeOld(old, found);
    return undefined;
}
