/** Reasons to replace a resource that are not in its provider's diff. */
import { UserError } from "../../common/errors.ts";
import { equal } from "../compare.ts";
import { containsUnknown, plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { PropertyValue } from "../values.ts";
import type { Deployment } from "./deployment.ts";
import { ownerChanged } from "./owner.ts";

/** What forces a replacement: the name of an option or `provider`; undefined when only the provider's diff decides. */
export async function forcedReplacement(deployment: Deployment, old: ResourceState, state: ResourceState): Promise<string | undefined> {
    if (triggered(deployment, old, state)) return "replacementTrigger";
    // A tainted resource is one that somebody wants to have made anew.
    if (old.taint) return "id";
    if (state.replaceWith?.some((urn) => deployment.replaced.has(urn))) return "replaceWith";
    if (state.deletedWith && deployment.replaced.has(state.deletedWith)) return "deletedWith";
    if (old.custom !== state.custom || (await ownerChanged(deployment, old.provider, state.provider))) return "provider";
    return undefined;
}

/** Whether the trigger changed. None, before or now, triggers nothing; one that is not known in a preview does. */
function triggered({ preview }: Deployment, old: ResourceState, state: ResourceState): boolean {
    const [before, now] = [old, state].map(({ replacementTrigger }) => plain({ value: replacementTrigger ?? null })["value"] ?? null) as [
        PropertyValue,
        PropertyValue,
    ];
    if (containsUnknown(now)) {
        if (preview) return true;
        throw new UserError(`The replacementTrigger of ${state.urn} is not known during the update. Use a value that is.`);
    }
    return before !== null && now !== null && (containsUnknown(before) || !equal(before, now));
}
