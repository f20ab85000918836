/** Registers what the program asks for: finds the old state, has the inputs checked and compared, and carries out the steps. */
import { messageOf } from "../../common/errors.ts";
import { withHashes } from "../assets.ts";
import { equal } from "../compare.ts";
import type { StepMetadata } from "../events.ts";
import { locateProgram } from "../location.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { decide, opsOf, type Decision } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { isProviderType, makeUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { createObject, finishedOutputs, updateObject } from "./apply.ts";
import { metadataOf, StepFailed, type Deployment, type Done } from "./deployment.ts";
import { correctedAgain, governed } from "./governed.ts";
import { runBefore } from "./hooks.ts";
import { ownerChanged } from "./owner.ts";
import { checked, diffOf, loadedFor, stateOf, withIgnored } from "./proposal.ts";
import type { LoadedProvider } from "./registry.ts";
import { replaceObject } from "./replace.ts";

/**
 * Registers one resource; returns when its step is done. Rejects with {@link StepFailed} when it failed and was reported.
 * @param owner gives the reference of the provider that owns it; undefined for providers, components and the stack
 */
export async function registerOwned(deployment: Deployment, goal: Goal, owner?: () => Promise<string>): Promise<Done> {
    deployment.checkpoint();
    const { stack, project } = deployment.run;
    const urn = makeUrn(stack, project.name, goal.type, goal.name, goal.parent);
    if (deployment.asked.has(urn)) {
        throw refused(
            deployment,
            urn,
            `Duplicate resource URN "${urn}": two resources have the same type, name and parent. Give one of them another name.`,
        );
    }
    deployment.asked.add(urn);
    const blocked = [goal.parent, ...goal.dependencies].find((dependency) => dependency && deployment.failed.has(dependency));
    if (blocked) {
        deployment.failed.add(urn);
        throw new StepFailed(`not tried, since ${blocked} failed`);
    }
    const old = findOld(deployment, urn, goal.aliases);
    if (old) deployment.taken.add(old.urn);
    let done: Done;
    try {
        done = await converge(deployment, urn, goal, old, await owner?.());
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) throw error;
        throw refused(deployment, urn, messageOf(error));
    }
    deployment.news.set(urn, done);
    return done;
}

function refused(deployment: Deployment, urn: string, message: string): StepFailed {
    deployment.reporter.diagnostic("error", message, urn);
    return new StepFailed(deployment.reporter.redactor.clean(message));
}

function findOld(deployment: Deployment, urn: string, aliases: readonly string[]): ResourceState | undefined {
    for (const name of [urn, ...aliases]) {
        const old = deployment.olds.get(name);
        if (old && !deployment.taken.has(old.urn)) return old;
    }
    return undefined;
}

async function converge(
    deployment: Deployment,
    urn: string,
    goal: Goal,
    old: ResourceState | undefined,
    provider: string | undefined,
): Promise<Done> {
    const loaded = await loadedFor(deployment, goal, provider);
    const managed = old && !old.external ? old : undefined;
    const asked = withIgnored({ ...goal, inputs: await withHashes(goal.inputs, () => locateProgram(deployment.run).folder) }, managed);
    const completed = loaded ? await checked(deployment, urn, goal, managed, asked, loaded) : asked;
    deployment.reporter.redactor.learn(completed);
    const state = await governed(deployment, goal, stateOf(urn, goal, completed, provider, managed), async (corrected) =>
        loaded ? await checked(deployment, urn, goal, managed, corrected, loaded) : corrected,
    );
    const { inputs } = state;

    const providerChanged = managed ? await ownerChanged(deployment, managed.provider, provider) : false;
    const diff =
        managed && loaded && !managed.pendingReplacement && !providerChanged ? await diffOf(deployment, managed, state, loaded) : undefined;
    const decision = decide({
        old,
        inputs,
        custom: goal.custom,
        diff,
        providerChanged,
        replaceOnChanges: goal.replaceOnChanges,
        deleteBeforeReplace: goal.deleteBeforeReplace,
    });
    deployment.run.plan?.decided({ urn, ops: opsOf(decision), goal, old, new: state });
    return await carryOut(deployment, decision, goal, old, state, loaded, asked);
}

async function carryOut(
    deployment: Deployment,
    decision: Decision,
    goal: Goal,
    old: ResourceState | undefined,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
    asked: PropertyMap,
): Promise<Done> {
    const { journal, reporter } = deployment;
    if (decision.op === "same" && old) return await keepObject(deployment, old, state, loaded);
    if (decision.op === "update" && old) {
        const change = { diffs: decision.diffs, detailedDiff: decision.detailedDiff };
        const result = await updateObject(deployment, metadataOf("update", old, state, change), old, state, loaded, (done) =>
            journal.add(done, old),
        );
        return finished(reporter, metadataOf("update", old, result, change), result);
    }
    if (decision.op === "create" && !loaded) {
        const metadata = metadataOf("create", undefined, state);
        reporter.pre(metadata);
        await beforeComponent(deployment, metadata, state);
        journal.add(state, old);
        await journal.flush();
        return finished(reporter, metadata, state);
    }
    if (!loaded) throw new Error(`a component cannot be replaced (${state.urn})`);
    if (decision.op === "create") {
        const result = await createObject(deployment, metadataOf("create", undefined, state), state, loaded, (done) =>
            journal.add(done, old),
        );
        return finished(reporter, metadataOf("create", undefined, result), result);
    }
    if (!old || decision.op === "same" || decision.op === "update") throw new Error(`nothing to replace (${state.urn})`);
    // The names that the provider chose for the old object are not for the new one.
    const completed = await checked(deployment, state.urn, goal, undefined, asked, loaded);
    const inputs = await correctedAgain(
        deployment,
        goal,
        { ...state, inputs: completed },
        async (corrected) => await checked(deployment, state.urn, goal, undefined, corrected, loaded),
    );
    const { id: _id, created: _created, modified: _modified, ...rest } = state;
    return await replaceObject(deployment, decision, goal, old, { ...rest, inputs, outputs: {} }, loaded);
}

async function beforeComponent(deployment: Deployment, metadata: StepMetadata, state: ResourceState): Promise<void> {
    try {
        await runBefore(deployment, { kind: "create", subject: state });
    } catch (error) {
        throw deployment.failure(metadata, error);
    }
}

async function keepObject(
    deployment: Deployment,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
): Promise<Done> {
    const { journal, reporter } = deployment;
    const kept: ResourceState = { ...state, outputs: finishedOutputs(state, old.outputs), ...(old.modified && { modified: old.modified }) };
    const metadata = metadataOf("same", old, kept);
    reporter.pre(metadata);
    if (loaded && isProviderType(kept.type)) await deployment.registry.use(kept.urn, kept.id ?? "", loaded.provider, kept.inputs);
    if (sameState(old, kept)) journal.keep(kept, old);
    else {
        journal.add(kept, old);
        await journal.flush();
    }
    return finished(reporter, metadata, kept);
}

export function finished(reporter: Deployment["reporter"], metadata: StepMetadata, state: ResourceState): Done {
    reporter.done(metadata);
    return { state, metadata };
}

function sameState(a: ResourceState, b: ResourceState): boolean {
    // All fields of a resource state are property values in shape.
    return equal(a as unknown as PropertyMap, b as unknown as PropertyMap);
}
