/** Carries out what was decided about a resource that the program asks for. */
import { sameState } from "../compare.ts";
import type { StepMetadata } from "../events.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Decision } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { isProviderType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { createObject, finishedOutputs, updateObject } from "./apply.ts";
import { metadataOf, type Deployment, type Done } from "./deployment.ts";
import { correctedAgain } from "./governed.ts";
import { checked } from "./proposal.ts";
import type { LoadedProvider } from "./registry.ts";
import { replaceObject } from "./replace.ts";

/**
 * Carries out a decision; returns when its steps are done. Rejects with `StepFailed` when one failed and was reported.
 * @param asked the inputs as the program gave them, for a replacement
 */
export async function carryOut(
    deployment: Deployment,
    decision: Decision,
    goal: Goal,
    old: ResourceState | undefined,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
    asked: PropertyMap,
): Promise<Done> {
    const { journal, reporter } = deployment;
    if (decision.op === "create") {
        const result = await createObject(deployment, metadataOf("create", undefined, state), state, loaded, (done) => journal.add(done));
        return finished(reporter, metadataOf("create", undefined, result), result);
    }
    if (!old) throw new Error(`nothing to ${decision.op} (${state.urn})`);
    if (decision.op === "same") return await keepObject(deployment, old, state, loaded);
    if (decision.op === "update") {
        const change = { diffs: decision.diffs, detailedDiff: decision.detailedDiff };
        const result = await updateObject(deployment, metadataOf("update", old, state, change), old, state, loaded, (done) =>
            journal.supersede(done, old),
        );
        return finished(reporter, metadataOf("update", old, result, change), result);
    }
    // The names that the provider chose for the old object are not for the new one.
    const inputs = loaded ? await completedAnew(deployment, goal, state, asked, loaded) : state.inputs;
    const { id: _id, created: _created, modified: _modified, importID: _importID, ...rest } = state;
    const outputs = state.custom ? {} : inputs;
    return await replaceObject(deployment, decision, old, { ...rest, inputs, outputs }, loaded);
}

async function completedAnew(
    deployment: Deployment,
    goal: Goal,
    state: ResourceState,
    asked: PropertyMap,
    loaded: LoadedProvider,
): Promise<PropertyMap> {
    const complete = async (inputs: PropertyMap): Promise<PropertyMap> =>
        await checked(deployment, state.urn, goal, undefined, inputs, loaded);
    return await correctedAgain(deployment, goal, { ...state, inputs: await complete(asked) }, complete);
}

async function keepObject(
    deployment: Deployment,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
): Promise<Done> {
    const { journal, reporter } = deployment;
    const kept: ResourceState = { ...state, outputs: finishedOutputs(state, old.outputs) };
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

function finished(reporter: Deployment["reporter"], metadata: StepMetadata, state: ResourceState): Done {
    reporter.done(metadata);
    return { state, metadata };
}
