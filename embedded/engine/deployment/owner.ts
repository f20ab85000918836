/** Which provider owns a resource, before and now. */
import { isDefaultProvider, packageOf, parseProviderReference, parseUrn } from "../urn.ts";
import type { Deployment } from "./deployment.ts";
import { configurationOf } from "./registry.ts";

/**
 * Whether another provider owns a resource than before, so that it has to be replaced. From one default provider to
 * another it is not, unless their configurations say so.
 */
export async function ownerChanged(deployment: Deployment, before: string | undefined, after: string | undefined): Promise<boolean> {
    if (before === after || !before || !after) return false;
    const old = parseProviderReference(before);
    const now = parseProviderReference(after);
    const oldState = deployment.olds.get(old.urn);
    const newState = deployment.news.get(now.urn)?.state;
    // The provider itself was renamed: an alias says that it is the same one.
    if (newState && old.id === now.id) return false;
    if (!isDefaultProvider(old.urn) || !isDefaultProvider(now.urn)) return true;
    if (!oldState || !newState || packageOf(parseUrn(old.urn).type) !== packageOf(parseUrn(now.urn).type)) return true;
    const { provider } = await deployment.registry.get(after);
    const diff = await provider.diffConfig(now.urn, configurationOf(oldState.inputs), configurationOf(newState.inputs));
    return Boolean(diff.replaces?.length);
}
