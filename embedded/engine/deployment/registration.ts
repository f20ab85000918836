/** Registers what the program asks for: finds the old state, has the inputs checked and compared, and decides on the steps. */
import { UserError, messageOf } from "../../common/errors.ts";
import { withHashes } from "../assets.ts";
import { locateProgram } from "../location.ts";
import { containsUnknown } from "../secretness.ts";
import { decide, opsOf } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { carryOut } from "./carry-out.ts";
import { ask, claim, urnOf, type Claim } from "./claim.ts";
import { metadataOf, StepFailed, type Deployment, type Done } from "./deployment.ts";
import { forcedReplacement } from "./forced.ts";
import { governed } from "./governed.ts";
import { importObject, isImport } from "./import.ts";
import { isPassive } from "./passive.ts";
import { checked, diffOf, loadedFor, stateOf, withIgnored } from "./proposal.ts";
import { refuseReplacement } from "./replace.ts";
import { leaveUntouched, refuseSkippedNeeds } from "./untouched.ts";

/**
 * Registers one resource; returns when its step is done. Rejects with {@link StepFailed} when it failed and was reported.
 * @param owner gives the reference of the provider that owns it; undefined for providers, components and the stack
 */
export async function registerOwned(deployment: Deployment, goal: Goal, owner?: () => Promise<string>): Promise<Done> {
    deployment.checkpoint();
    const urn = urnOf(deployment, goal);
    try {
        ask(deployment, urn);
    } catch (error) {
        throw refused(deployment, urn, messageOf(error));
    }
    const needed = [goal.parent, goal.deletedWith, ...goal.dependencies, ...goal.replaceWith];
    const blocked = needed.find((other) => other && deployment.failed.has(other));
    if (blocked) {
        deployment.failed.add(urn);
        throw new StepFailed(`not tried, since ${blocked} failed`);
    }
    let done: Done;
    try {
        const claimed = claim(deployment, urn, goal);
        done = await converge(deployment, claimed, goal, await owner?.());
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) throw error;
        throw refused(deployment, urn, messageOf(error));
    }
    if (!done.skipped) deployment.news.set(done.state.urn, done);
    return done;
}

function refused(deployment: Deployment, urn: string, message: string): StepFailed {
    deployment.reporter.diagnostic("error", message, urn);
    return new StepFailed(deployment.reporter.redactor.clean(message));
}

async function converge(deployment: Deployment, { urn, old }: Claim, goal: Goal, provider: string | undefined): Promise<Done> {
    const wanted = stateOf(urn, goal, goal.inputs, provider, old);
    if (!deployment.selection.includes(wanted) || isPassive(deployment, wanted)) return leaveUntouched(deployment, old, wanted);
    refuseSkippedNeeds(deployment, wanted);
    if (!deployment.preview) refuseUnknown(goal);

    const loaded = await loadedFor(deployment, goal, provider);
    const importId = loaded && isImport(old, goal.importId) ? goal.importId : undefined;
    const found =
        loaded && importId
            ? await importObject(deployment, old, stateOf(urn, goal, goal.inputs, provider, undefined), importId, loaded)
            : old;
    const managed = found && !found.external ? found : undefined;
    const asked = withIgnored({ ...goal, inputs: await withHashes(goal.inputs, () => locateProgram(deployment.run).folder) }, managed);
    const completed = loaded ? await checked(deployment, urn, goal, managed, asked, loaded) : asked;
    deployment.reporter.redactor.learn(completed);
    const state = await governed(deployment, goal, stateOf(urn, goal, completed, provider, managed), async (corrected) =>
        loaded ? await checked(deployment, urn, goal, managed, corrected, loaded) : corrected,
    );

    // What was deleted to make room is made again, whatever else is different.
    const compared = managed?.pendingReplacement ? undefined : managed;
    const forced = compared && (await forcedReplacement(deployment, compared, state));
    const diff = compared && loaded && !forced ? await diffOf(deployment, compared, state, loaded) : undefined;
    const { replaceOnChanges, deleteBeforeReplace } = goal;
    const decision = decide({ old: found, inputs: state.inputs, custom: goal.custom, diff, forced, replaceOnChanges, deleteBeforeReplace });
    if (decision.op === "replace" && managed) refuseReplacement(deployment, decision, goal, managed, state);
    if (decision.op === "replace" || decision.op === "recreate") deployment.replaced.add(urn);
    const ops = importId ? [old ? ("import-replacement" as const) : ("import" as const)] : [];
    if (importId && found && decision.op === "same") {
        deployment.run.plan?.decided({ urn, ops, goal, old, new: found });
        return { state: found, metadata: metadataOf(old ? "import-replacement" : "import", found, found) };
    }
    deployment.run.plan?.decided({ urn, ops: [...ops, ...opsOf(decision)], goal, old, new: state });
    return await carryOut(deployment, decision, goal, found, state, loaded, asked);
}

/** An update can only do what it knows: unknown values are of previews, and of resources that were left out. */
function refuseUnknown(goal: Goal): void {
    if (!goal.custom) return;
    const name = Object.entries(goal.inputs).find(([, value]) => containsUnknown(value))?.[0];
    if (name !== undefined) {
        throw new UserError(
            `"${goal.name}" (${goal.type}): the value of "${name}" is not known during the update. Update what it comes from, too.`,
        );
    }
}
