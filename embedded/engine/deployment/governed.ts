/** Has the policy packs of a run correct and judge a resource before its step. */
import { messageOf } from "../../common/errors.ts";
import { withHashes } from "../assets.ts";
import { locateProgram } from "../location.ts";
import type { PolicyViolationEvent } from "../events.ts";
import type { PolicyGate, PolicyRemediation, PolicySubject, PolicyVerdict } from "../policy/gate.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import { parseProviderReference } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { Canceled, StepFailed, type Deployment } from "./deployment.ts";

/** What the program asked for, which the state of a resource does not hold, by URN. */
const goals = new WeakMap<Deployment, Map<string, Goal>>();
/** Previews in which a mandatory rule was broken: they go on to their end, and fail there. */
const refusedPreviews = new WeakSet<Deployment>();
/** Failures of packs that were told: each stops every resource, and is told once. */
const told = new WeakSet<object>();

/**
 * The resource with its inputs as the packs corrected them. In an update it rejects with {@link StepFailed} when a
 * mandatory rule refuses it; a preview goes on, so that every violation is seen.
 * @param recheck has the provider validate and complete inputs that were corrected
 */
export async function governed(
    deployment: Deployment,
    goal: Goal,
    state: ResourceState,
    recheck: (inputs: PropertyMap) => Promise<PropertyMap>,
): Promise<ResourceState> {
    const { policies } = deployment.run;
    if (!policies) return state;
    remember(deployment, state.urn, goal);
    const { inputs, changes, violations } = await remediated(deployment, policies, goal, state, recheck);
    for (const change of changes) deployment.reporter.emit(change);
    tell(deployment, violations);
    const corrected = changes.length ? { ...state, inputs } : state;
    deployment.reporter.redactor.learn(corrected.inputs);
    const verdict = await asked(deployment, state.urn, () => policies.analyze(subjectOf(deployment, corrected, goal)));
    tell(deployment, verdict.violations);
    if (!refused(deployment, verdict)) return corrected;
    throw new StepFailed(`"${goal.name}" (${goal.type}) is refused by a mandatory policy`);
}

/** The inputs of a replacement, which the provider completed anew, with the same corrections; nothing is told twice. */
export async function correctedAgain(
    deployment: Deployment,
    goal: Goal,
    state: ResourceState,
    recheck: (inputs: PropertyMap) => Promise<PropertyMap>,
): Promise<PropertyMap> {
    const { policies } = deployment.run;
    return policies ? (await remediated(deployment, policies, goal, state, recheck)).inputs : state.inputs;
}

/** Has the rules about the whole stack judge it; answers whether the run may go on, which a preview always may. */
export async function stackGoverned(deployment: Deployment): Promise<boolean> {
    const { policies } = deployment.run;
    // What failed is missing: rules about the whole would speak about a part.
    if (!policies || deployment.failed.size) return true;
    const subjects = [...deployment.news.values()].map(({ state }) => subjectOf(deployment, state, goals.get(deployment)?.get(state.urn)));
    try {
        const verdict = await asked(deployment, undefined, () => policies.analyzeStack(subjects));
        tell(deployment, verdict.violations);
        return !refused(deployment, verdict);
    } catch (error) {
        if (error instanceof StepFailed || error instanceof Canceled) return false;
        throw error;
    }
}

/** Fails a preview in which a mandatory rule was broken, once everything else was looked at. */
export function concludePolicies(deployment: Deployment): void {
    if (refusedPreviews.has(deployment)) deployment.reporter.failed = true;
}

/** Whether a verdict stops what it is about: in a preview nothing does. */
function refused(deployment: Deployment, verdict: PolicyVerdict): boolean {
    if (!verdict.refused) return false;
    if (deployment.preview) refusedPreviews.add(deployment);
    else deployment.reporter.failed = true;
    return !deployment.preview;
}

async function remediated(
    deployment: Deployment,
    policies: PolicyGate,
    goal: Goal,
    state: ResourceState,
    recheck: (inputs: PropertyMap) => Promise<PropertyMap>,
): Promise<PolicyRemediation> {
    const answer = await asked(deployment, state.urn, () => policies.remediate(subjectOf(deployment, state, goal)));
    if (!answer.changes.length) return answer;
    const hashed = await withHashes(answer.inputs, () => locateProgram(deployment.run).folder);
    return { ...answer, inputs: await recheck(hashed) };
}

function remember(deployment: Deployment, urn: string, goal: Goal): void {
    const known = goals.get(deployment) ?? new Map<string, Goal>();
    goals.set(deployment, known.set(urn, goal));
}

function subjectOf(deployment: Deployment, state: ResourceState, goal: Goal | undefined): PolicySubject {
    const owner = state.provider && parseProviderReference(state.provider).urn;
    const provider = owner ? (deployment.news.get(owner)?.state ?? deployment.olds.get(owner)) : undefined;
    return { state, goal, provider };
}

/** Asks the packs; a pack that failed is reported with the first resource it failed for, and stops the others quietly. */
async function asked<T>(deployment: Deployment, urn: string | undefined, question: () => Promise<T>): Promise<T> {
    try {
        return await question();
    } catch (error) {
        // Packs end with an interruption: that is no failure of theirs.
        deployment.checkpoint();
        if (typeof error !== "object" || error === null) throw error;
        if (!told.has(error)) {
            told.add(error);
            deployment.reporter.diagnostic("error", messageOf(error), urn);
        }
        throw new StepFailed(deployment.reporter.redactor.clean(messageOf(error)));
    }
}

function tell({ reporter }: Deployment, violations: readonly PolicyViolationEvent[]): void {
    for (const violation of violations) reporter.emit({ ...violation, message: reporter.redactor.clean(violation.message) });
}
