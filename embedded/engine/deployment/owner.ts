/** Which provider owns a resource, before and now. */
import { packageOf, parseProviderReference, parseUrn } from "../urn.ts";
import type { Deployment } from "./deployment.ts";
import { configurationOf } from "./registry.ts";

/**
 * Whether another provider owns a resource than before and the difference of their configurations replaces it.
 */
export async function ownerChanged(deployment: Deployment, before: string | undefined, after: string | undefined): Promise<boolean> {
    if (before === after || !before || !after) return false;
    const old = parseProviderReference(before);
    const now = parseProviderReference(after);
    // One that was replaced in this run is among the doomed.
    const oldState = deployment.olds.get(old.urn) ?? deployment.doomed.find(({ urn, id }) => urn === old.urn && id === old.id);
    const newState = deployment.news.get(now.urn)?.state;
    if (!oldState || !newState || packageOf(parseUrn(old.urn).type) !== packageOf(parseUrn(now.urn).type)) return true;
    const { provider } = await deployment.registry.get(after);
    const diff = await provider.diffConfig(now.urn, configurationOf(oldState.inputs), configurationOf(newState.inputs));
    return Boolean(diff.replaces?.length);
}
