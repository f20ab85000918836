/** The outputs that components and the stack register for themselves. */
import { equal } from "../compare.ts";
import type { PropertyMap } from "../values.ts";
import { metadataOf, type Deployment } from "./deployment.ts";
import { runAfter } from "./hooks.ts";

/** Takes outputs into the state. Rejects for a resource that was not registered. */
export async function registerOutputs(deployment: Deployment, urn: string, outputs: PropertyMap): Promise<void> {
    const done = deployment.news.get(urn);
    if (!done) throw new Error(`outputs of a resource that was not registered: ${urn}`);
    deployment.reporter.redactor.learn(outputs);
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
