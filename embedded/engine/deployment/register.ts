/** Registers what the program asks for, with the provider it names or the default one. */
import type { Goal } from "../steps/goal.ts";
import { isProviderType, packageOf } from "../urn.ts";
import { defaultProvider } from "./default-providers.ts";
import type { Deployment, Done } from "./deployment.ts";
import { registerOwned } from "./registration.ts";

/** Registers one resource; returns when its step is done. Rejects with `StepFailed` when it failed and was reported. */
export async function register(deployment: Deployment, goal: Goal): Promise<Done> {
    if (!goal.custom || isProviderType(goal.type)) return await registerOwned(deployment, goal);
    return await registerOwned(
        deployment,
        goal,
        async () =>
            goal.provider ?? (await defaultProvider(deployment, packageOf(goal.type), goal.version, `"${goal.name}" (${goal.type})`)),
    );
}
