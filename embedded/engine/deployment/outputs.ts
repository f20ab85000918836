/** The outputs that components and the stack register for themselves. */
import { equal } from "../compare.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { STACK_TYPE } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { metadataOf, type Deployment } from "./deployment.ts";
import { runAfter } from "./hooks.ts";
import { withKnown } from "./untouched.ts";

/** Takes outputs into the state. Rejects for a resource that was not registered. */
export async function registerOutputs(deployment: Deployment, urn: string, registered: PropertyMap): Promise<void> {
    // One that does not exist, since the operation is not about it, has none.
    if (deployment.skipped.has(urn)) return;
    const done = deployment.news.get(urn);
    if (!done) throw new Error(`outputs of a resource that was not registered: ${urn}`);
    const outputs = outputsOf(deployment, done.state, registered);
    deployment.reporter.redactor.learn(outputs);
    deployment.run.plan?.outputs(urn, done.metadata.old?.outputs ?? {}, outputs);
    const state = { ...done.state, outputs };
    if (!equal(done.state.outputs, outputs)) {
        deployment.journal.change(done.state, state);
        done.state = state;
        await deployment.journal.flush();
    }
    const { op, old, diffs, detailedDiff } = done.metadata;
    if (!state.custom && (op === "create" || op === "update")) await runAfter(deployment, { kind: op, subject: state, old });
    deployment.reporter.outputs({ ...metadataOf(op, undefined, state, { diffs, detailedDiff }), old });
}

/** Gives back what a run that failed only after the stack's outputs were registered took from them: the SDK registers none for a program that throws. */
export async function keepStackOutputs({ news, reporter, journal }: Deployment): Promise<void> {
    const done = reporter.failed ? [...news.values()].find(({ state }) => state.type === STACK_TYPE) : undefined;
    if (!done) return;
    const outputs = { ...done.metadata.old?.outputs, ...done.state.outputs };
    if (equal(done.state.outputs, outputs)) return;
    const state = { ...done.state, outputs };
    journal.change(done.state, state);
    done.state = state;
    await journal.flush();
}

/** Outputs of the stack that could not be made are as they were: a failed run, or one about other resources, did not take them back. */
function outputsOf({ preview, reporter, selection }: Deployment, state: ResourceState, registered: PropertyMap): PropertyMap {
    if (state.type !== STACK_TYPE) return registered;
    const outputs = selection.constrained && !preview ? withKnown(registered, state.outputs) : registered;
    return reporter.failed ? { ...state.outputs, ...outputs } : outputs;
}
