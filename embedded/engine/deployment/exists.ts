/** Answers whether an object is there, without taking it into the state. */
import { plain } from "../secretness.ts";
import type { ExistenceGoal } from "../steps/goal.ts";
import { packageOf } from "../urn.ts";
import { urnOf } from "./claim.ts";
import { defaultProvider } from "./default-providers.ts";
import type { Deployment } from "./deployment.ts";

/** Undefined when that cannot be known yet, in a preview. */
export async function objectExists(deployment: Deployment, goal: ExistenceGoal): Promise<boolean | undefined> {
    deployment.checkpoint();
    const { id, type, inputs } = goal;
    const reference = goal.provider ?? (await defaultProvider(deployment, packageOf(type), goal.version, `the question for ${type}`));
    const { provider, known } = await deployment.registry.get(reference);
    if (!id || !known) return undefined;
    const urn = urnOf(deployment, { ...goal, name: id });
    const olds = { inputs: plain(inputs), outputs: plain(inputs) };
    return await deployment.limiter.run(async () => Boolean((await provider.read(id, urn, olds, deployment.context(urn))).id));
}
