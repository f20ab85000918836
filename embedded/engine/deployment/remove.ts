/** Deletes what is no longer asked for, in parallel and never before what depends on it. */
import type { StepOp } from "../events.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { deleteObject } from "./apply.ts";
import { Canceled, metadataOf, StepFailed, type Deployment } from "./deployment.ts";
import { dependents } from "./graph.ts";

/** Deletes replaced objects and every old resource that nothing took over. Failures are reported, not thrown. */
export async function removeRest(deployment: Deployment): Promise<void> {
    const rest = [...deployment.olds.values()].filter((old) => !deployment.taken.has(old.urn));
    for (const old of rest) if (old.pendingReplacement) deployment.journal.remove(old);
    const unwanted = rest.filter((old) => !old.pendingReplacement);
    const blocked = unwanted.filter((old) => old.protect);
    for (const old of blocked) {
        deployment.reporter.diagnostic(
            "error",
            `${old.urn} cannot be deleted, because it is protected. Set its protect to false, run "up", and remove it then.`,
            old.urn,
        );
    }
    if (blocked.length) return;
    await removeAll(deployment, [...deployment.doomed, ...unwanted]);
    await deployment.journal.flush();
}

async function removeAll(deployment: Deployment, states: readonly ResourceState[]): Promise<void> {
    const above = dependents(states);
    const urns = new Set(states.filter((state) => !state.retainOnDelete).map(({ urn }) => urn));
    const begun = new Map<ResourceState, Promise<boolean>>();
    let stopped = false;

    const remove = (state: ResourceState): Promise<boolean> => {
        let removal = begun.get(state);
        if (!removal) {
            removal = removeOne(state);
            begun.set(state, removal);
        }
        return removal;
    };
    /** Whether the object is gone afterwards. */
    const removeOne = async (state: ResourceState): Promise<boolean> => {
        const gone = await Promise.all((above.get(state) ?? []).map(remove));
        if (gone.includes(false) || (stopped && !deployment.run.continueOnError) || deployment.canceled) return false;
        const op: StepOp = state.delete ? "delete-replaced" : state.external ? "discard" : "delete";
        const goesWith = state.deletedWith !== undefined && urns.has(state.deletedWith);
        try {
            await deleteObject(deployment, metadataOf(op, state, undefined), state, goesWith, () => deployment.journal.remove(state));
            return true;
        } catch (error) {
            if (!(error instanceof StepFailed || error instanceof Canceled)) throw error;
            stopped = true;
            return false;
        }
    };
    await Promise.all(states.toReversed().map(remove));
}
