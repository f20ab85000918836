/** Objects that the program reads without owning them (`.get`). They are in the state as external, and never changed. */
import { UserError, messageOf } from "../../common/errors.ts";
import { plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { ReadGoal } from "../steps/goal.ts";
import { makeUrn, packageOf } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { finishedOutputs } from "./apply.ts";
import { defaultProvider } from "./default-providers.ts";
import { metadataOf, StepFailed, type Deployment, type Done } from "./deployment.ts";

/** Reads one object; `state.outputs` is empty when its id or its provider is not known yet. */
export async function readResource(deployment: Deployment, goal: ReadGoal): Promise<Done> {
    const { stack, project } = deployment.run;
    const urn = makeUrn(stack, project.name, goal.type, goal.name, goal.parent);
    const subject = `"${goal.name}" (${goal.type})`;
    try {
        if (deployment.asked.has(urn))
            throw new UserError(
                `Duplicate resource URN "${urn}": two resources have the same type, name and parent. Give one of them another name.`,
            );
        deployment.asked.add(urn);
        const old = deployment.olds.get(urn);
        if (old) deployment.taken.add(urn);
        if (old && !old.external && old.id !== goal.id) {
            throw new UserError(
                `${subject} is managed by this stack with the id ${old.id ?? "(none)"} and cannot be read with the id ${goal.id ?? "(unknown)"} under the same name. Give the read resource another name.`,
            );
        }
        if (packageOf(goal.type) === "pulumi")
            throw new UserError(`${subject} is not supported by the embedded engine. Stack references need the official engine.`);
        const provider = goal.provider ?? (await defaultProvider(deployment, packageOf(goal.type), goal.version, subject));
        const state: ResourceState = {
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
            aliases: [],
            ignoreChanges: [],
            replaceOnChanges: [],
            hideDiff: [],
            provider,
            ...(goal.id && { id: goal.id }),
            ...(goal.parent && { parent: goal.parent }),
        };
        const done = await deployment.limiter.run(() => read(deployment, goal, state, provider, old));
        deployment.news.set(urn, done);
        return done;
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) throw error;
        deployment.reporter.diagnostic("error", messageOf(error), urn);
        throw new StepFailed(messageOf(error));
    }
}

async function read(
    deployment: Deployment,
    goal: ReadGoal,
    state: ResourceState,
    reference: string,
    old: ResourceState | undefined,
): Promise<Done> {
    deployment.checkpoint();
    const { journal, reporter, registry } = deployment;
    const metadata = metadataOf("read", old, state);
    reporter.pre(metadata);
    const { provider, known } = await registry.get(reference);
    let done = state;
    if (goal.id && known) {
        try {
            const result = await provider.read(
                goal.id,
                state.urn,
                { inputs: plain(goal.inputs), outputs: plain(goal.inputs) },
                deployment.context(state.urn),
            );
            if (!result.id) throw new UserError(`there is no object with the id ${goal.id}`);
            done = { ...state, id: result.id, outputs: finishedOutputs(state, (result.props ?? {}) as PropertyMap) };
        } catch (error) {
            throw deployment.failure(metadata, error);
        }
    }
    journal.add(done, old);
    await journal.flush();
    const finished = metadataOf("read", old, done);
    reporter.done(finished);
    return { state: done, metadata: finished };
}
