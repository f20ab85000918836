/**
 * Destroying and refreshing with the program (`--run-program`): it runs for its providers, which get their settings of
 * today, and for its hooks. Everything else that it asks for stays as the state has it.
 */
import { isProviderType, STACK_TYPE } from "../urn.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Deployment } from "./deployment.ts";
import { needsOf } from "./scope.ts";

/** Whether a resource is left as it is because the program runs for others. */
export function isPassive({ passive, skipped }: Deployment, state: ResourceState): boolean {
    if (!passive) return false;
    return !(isProviderType(state.type) || state.type === STACK_TYPE) || needsOf(state).some((urn) => skipped.has(urn));
}

/** Makes what the program has registered part of what there was, as if it had not been asked for. */
export function endPassive(deployment: Deployment): void {
    const { foundAs, news, olds, taken } = deployment;
    for (const [urn, { state, skipped }] of news) {
        if (skipped) continue;
        const before = foundAs.get(urn);
        if (before) olds.delete(before);
        olds.set(urn, state);
    }
    taken.clear();
}

/** Whether resources that an operation without the program would delete have hooks for that, which is said. */
export function needsHooks({ doomed, olds, reporter, selection }: Deployment): boolean {
    const states = [...olds.values(), ...doomed];
    const deletable = selection.deletable(states);
    let needs = false;
    for (const { urn, resourceHooks = {} } of states) {
        const names = [...new Set([...(resourceHooks.beforeDelete ?? []), ...(resourceHooks.afterDelete ?? [])])];
        if (!names.length || !deletable.has(urn)) continue;
        needs = true;
        reporter.diagnostic(
            "error",
            `${urn} has delete hooks (${names.join(", ")}), which are functions of the program. Pass --run-program, so that they run.`,
            urn,
        );
    }
    return needs;
}
