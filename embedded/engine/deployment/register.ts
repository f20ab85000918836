/** Registers what the program asks for, with the options of its parent and the provider it names, or the default one. */
import type { Goal } from "../steps/goal.ts";
import { isProviderType, packageOf, parseProviderReference, parseUrn } from "../urn.ts";
import { defaultProvider } from "./default-providers.ts";
import type { Deployment, Done } from "./deployment.ts";
import { registerOwned } from "./registration.ts";

/** Registers one resource; returns when its step is done. Rejects with `StepFailed` when it failed and was reported. */
export async function register(deployment: Deployment, asked: Goal): Promise<Done> {
    const parent = asked.parent === undefined ? undefined : deployment.goals.get(asked.parent);
    const goal = parent ? withInherited(asked, parent) : asked;
    const done = await registerOwned(deployment, goal, ownerOf(deployment, goal));
    deployment.goals.set(done.state.urn, goal);
    return done;
}

function ownerOf(deployment: Deployment, { custom, name, provider, type, version }: Goal): (() => Promise<string>) | undefined {
    if (!custom || isProviderType(type)) return undefined;
    return async () => provider ?? (await defaultProvider(deployment, packageOf(type), version, `"${name}" (${type})`));
}

/** What a resource does not say for itself is as its parent has it: protection, what is done at deletion, and the provider. */
function withInherited(goal: Goal, parent: Goal): Goal {
    const provider = parent.provider && (!goal.custom || serves(parent.provider, goal.type)) ? parent.provider : undefined;
    return {
        ...goal,
        deletedWith: goal.deletedWith ?? parent.deletedWith,
        protect: goal.protect ?? parent.protect,
        retainOnDelete: goal.retainOnDelete ?? parent.retainOnDelete,
        provider: goal.provider ?? provider,
    };
}

function serves(reference: string, type: string): boolean {
    return packageOf(parseUrn(parseProviderReference(reference).urn).type) === packageOf(type);
}
