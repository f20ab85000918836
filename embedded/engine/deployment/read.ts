/** Objects that the program reads without owning them (`.get`). They are in the state as external, and never changed. */
import { UserError, messageOf } from "../../common/errors.ts";
import { equal, sameState } from "../compare.ts";
import { PartialError } from "../provider.ts";
import { plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { ReadGoal } from "../steps/goal.ts";
import { packageOf } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { finishedOutputs, now } from "./apply.ts";
import { ask, claim, urnOf } from "./claim.ts";
import { defaultProvider } from "./default-providers.ts";
import { metadataOf, StepFailed, type Deployment, type Done } from "./deployment.ts";
import { leaveUntouched, refuseSkippedNeeds } from "./untouched.ts";

/** Reads one object; `state.outputs` is empty when its id or its provider is not known yet. */
export async function readResource(deployment: Deployment, goal: ReadGoal): Promise<Done> {
    const urn = urnOf(deployment, goal);
    try {
        ask(deployment, urn);
        const { old } = claim(deployment, urn, goal);
        const provider =
            goal.provider ?? (await defaultProvider(deployment, packageOf(goal.type), goal.version, `"${goal.name}" (${goal.type})`));
        const done = await readAs(deployment, goal, stateOf(urn, goal, provider, old), provider, old);
        if (!done.skipped) deployment.news.set(done.state.urn, done);
        return done;
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) throw error;
        deployment.reporter.diagnostic("error", messageOf(error), urn);
        throw new StepFailed(messageOf(error));
    }
}

function stateOf(urn: string, goal: ReadGoal, provider: string, old: ResourceState | undefined): ResourceState {
    return {
        urn,
        custom: true,
        external: true,
        type: goal.type,
        inputs: goal.inputs,
        outputs: {},
        dependencies: goal.dependencies,
        propertyDependencies: {},
        initErrors: [],
        additionalSecretOutputs: goal.additionalSecretOutputs,
        aliases: old && old.urn !== urn ? [old.urn] : [],
        ignoreChanges: [],
        replaceOnChanges: [],
        hideDiff: [],
        provider,
        ...(goal.id && { id: goal.id }),
        ...(goal.parent && { parent: goal.parent }),
        ...(old?.created && { created: old.created }),
        ...(old?.modified && { modified: old.modified }),
    };
}

/**
 * An object that the stack owned and that is now only read is given up when it is the same one; another one is deleted
 * at the end, since this one takes its place.
 */
async function readAs(
    deployment: Deployment,
    goal: ReadGoal,
    state: ResourceState,
    provider: string,
    old: ResourceState | undefined,
): Promise<Done> {
    if (!deployment.selection.includes(state)) return leaveUntouched(deployment, old, state);
    refuseSkippedNeeds(deployment, state);
    const replacing = old !== undefined && !old.external && old.id !== goal.id;
    const op = replacing ? "read-replacement" : "read";
    // A plan is about what is changed; reading changes nothing.
    if (replacing) deployment.run.plan?.decided({ urn: state.urn, ops: [op, "replace"], old, new: state });
    const { journal, reporter } = deployment;
    if (replacing) deployment.replaced.add(state.urn);
    return await deployment.limiter.run(async () => {
        deployment.checkpoint();
        const begun = metadataOf(op, old, state);
        reporter.pre(begun);
        let found: ResourceState;
        let partial: PartialError | undefined;
        try {
            ({ found, partial } = await read(deployment, goal, state, provider));
        } catch (error) {
            throw deployment.failure(begun, error);
        }
        const changed = !old || !equal(old.outputs, found.outputs) || !equal(old.inputs, found.inputs);
        const done: ResourceState = changed ? { ...found, modified: now() } : found;
        if (replacing) deployment.changeOld(old, { ...old, delete: true });
        if (old && sameState(old, done)) journal.keep(done, old);
        else journal.add(done, replacing ? undefined : old);
        await journal.flush();
        if (partial) throw deployment.failure(begun, partial);
        const metadata = metadataOf(op, old, done);
        reporter.done(metadata);
        if (replacing) {
            const replaced = metadataOf("replace", old, done);
            reporter.pre(replaced);
            reporter.done(replaced);
        }
        return { state: done, metadata };
    });
}

async function read(
    deployment: Deployment,
    goal: ReadGoal,
    state: ResourceState,
    reference: string,
): Promise<{ readonly found: ResourceState; readonly partial?: PartialError }> {
    const { provider, known } = await deployment.registry.get(reference);
    if (!goal.id || !known) return { found: state };
    const olds = { inputs: plain(goal.inputs), outputs: plain(goal.inputs) };
    try {
        const { id, props } = await provider.read(goal.id, state.urn, olds, deployment.context(state.urn));
        if (!id) throw new UserError(`there is no object with the id ${goal.id}`);
        return { found: { ...state, id, outputs: finishedOutputs(state, (props ?? {}) as PropertyMap) } };
    } catch (error) {
        if (!(error instanceof PartialError)) throw error;
        const outputs = finishedOutputs(state, error.outputs);
        return { found: { ...state, id: error.id, outputs, initErrors: deployment.reasons(error) }, partial: error };
    }
}
