/** Deletes what is no longer asked for, in parallel and never before what depends on it. */
import { messageOf } from "../../common/errors.ts";
import type { StepOp } from "../events.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { deleteObject } from "./apply.ts";
import { Canceled, metadataOf, StepFailed, type Deployment } from "./deployment.ts";
import { dependents } from "./graph.ts";

/** Deletes replaced objects and every old resource that nothing took over. Failures are reported, not thrown. */
export async function removeRest(deployment: Deployment): Promise<void> {
    const { doomed, olds, reporter, run, selection, taken } = deployment;
    const deletable = selection.deletable([...olds.values(), ...doomed]);
    const rest = [...olds.values()].filter((old) => !taken.has(old.urn) && deletable.has(old.urn));
    const unwanted = rest.filter((old) => !old.pendingReplacement);
    if (refused(deployment, unwanted)) return;
    try {
        for (const old of unwanted) run.plan?.decided({ urn: old.urn, ops: [opOf(old)], old });
    } catch (error) {
        return reporter.diagnostic("error", messageOf(error));
    }
    for (const old of rest) if (old.pendingReplacement) forget(deployment, old);
    await removeAll(deployment, [...doomed.filter(({ urn }) => deletable.has(urn)), ...unwanted]);
    await deployment.journal.flush();
}

function opOf(state: ResourceState): StepOp {
    if (state.external) return state.delete ? "discard-replaced" : "discard";
    return state.delete ? "delete-replaced" : "delete";
}

/** Whether something of it must not be deleted, which is said of all that must not. */
function refused({ reporter, run, selection }: Deployment, unwanted: readonly ResourceState[]): boolean {
    const refusals = unwanted.flatMap((old): [string, string][] => {
        if (old.protect) {
            return [
                [old.urn, `${old.urn} cannot be deleted, because it is protected. Set its protect to false, run "up", and remove it then.`],
            ];
        }
        if (!run.scope?.targets.length || run.scope.targetDependents || selection.names(old.urn)) return [];
        return [
            [
                old.urn,
                `${old.urn} would be deleted with what it depends on, but is not among the targets. Add it with --target, or pass --target-dependents.`,
            ],
        ];
    });
    for (const [urn, message] of refusals) reporter.diagnostic("error", message, urn);
    return refusals.length > 0;
}

/** Takes a resource out of the state whose object was deleted to be made again, which nobody asked for. */
function forget({ journal, reporter }: Deployment, old: ResourceState): void {
    const metadata = metadataOf("remove-pending-replace", old, undefined);
    reporter.pre(metadata);
    journal.remove(old);
    reporter.done(metadata);
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
        const goesWith = state.deletedWith !== undefined && urns.has(state.deletedWith);
        try {
            const metadata = metadataOf(opOf(state), state, undefined);
            await deleteObject(deployment, metadata, state, goesWith, () => deployment.journal.remove(state));
            // The object is gone, and a hook after that has failed.
            if (deployment.failed.has(state.urn)) stopped = true;
            return true;
        } catch (error) {
            if (!(error instanceof StepFailed || error instanceof Canceled)) throw error;
            stopped = true;
            return false;
        }
    };
    await Promise.all(states.toReversed().map(remove));
}
