/** Has the policy packs of a run correct and judge a resource before its step. */
import { UserError } from "../../common/errors.ts";
import type { PolicySubject, PolicyVerdict } from "../policy/gate.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import { parseProviderReference } from "../urn.ts";
import type { Deployment } from "./deployment.ts";

/** The resource with its inputs as the packs corrected them; throws {@link UserError} when a mandatory rule refuses it. */
export async function governed(deployment: Deployment, goal: Goal, state: ResourceState): Promise<ResourceState> {
    const { policies } = deployment.run;
    if (!policies) return state;
    const owner = state.provider && parseProviderReference(state.provider).urn;
    const provider = owner ? (deployment.news.get(owner)?.state ?? deployment.olds.get(owner)) : undefined;
    const { inputs, changes } = await policies.remediate({ state, goal, provider });
    for (const change of changes) deployment.reporter.emit(change);
    const corrected = changes.length ? { ...state, inputs } : state;
    deployment.reporter.redactor.learn(corrected.inputs);
    if (told(deployment, await policies.analyze({ state: corrected, goal, provider })))
        throw new UserError(`"${goal.name}" (${goal.type}) is refused by a mandatory policy.`);
    return corrected;
}

/** Has the rules about the whole stack judge it; answers whether it may go on. */
export async function stackGoverned(deployment: Deployment): Promise<boolean> {
    const { policies } = deployment.run;
    if (!policies) return true;
    const subjects = [...deployment.news.values()].map(({ state }): PolicySubject => {
        const owner = state.provider && parseProviderReference(state.provider).urn;
        return { state, provider: owner ? deployment.news.get(owner)?.state : undefined };
    });
    return !told(deployment, await policies.analyzeStack(subjects));
}

function told({ reporter }: Deployment, { violations, refused }: PolicyVerdict): boolean {
    for (const violation of violations) reporter.emit({ ...violation, message: reporter.redactor.clean(violation.message) });
    if (refused) reporter.failed = true;
    return refused;
}
