/** What a resource would be: its inputs checked and completed by its provider, its new state, and how that differs from the old. */
import { UserError } from "../../common/errors.ts";
import { equal } from "../compare.ts";
import { parsePath, resetPath } from "../paths.ts";
import { INTERNAL, packageRequest } from "../plugins/parameterized.ts";
import type { DiffResult } from "../provider.ts";
import { carrySecrets, plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import { isProviderType, packageOf } from "../urn.ts";
import { Secret, type PropertyMap, type PropertyValue } from "../values.ts";
import { oldStateOf } from "./apply.ts";
import type { Deployment } from "./deployment.ts";
import { configurationOf, type LoadedProvider } from "./registry.ts";

export async function loadedFor(deployment: Deployment, goal: Goal, provider: string | undefined): Promise<LoadedProvider | undefined> {
    if (!goal.custom) return undefined;
    if (!provider)
        return { provider: deployment.registry.make(packageRequest(packageOf(goal.type), goal.inputs, goal.version)), known: true };
    const loaded = await deployment.registry.get(provider);
    if (loaded.provider.name !== packageOf(goal.type)) {
        throw new UserError(
            `The provider passed is one for ${loaded.provider.name}, but the type ${goal.type} belongs to ${packageOf(goal.type)}. Pass a provider of that package.`,
        );
    }
    return loaded;
}

/** The inputs with what `ignoreChanges` names as it was. */
export function withIgnored(goal: Goal, old: ResourceState | undefined): PropertyMap {
    if (!old) return goal.inputs;
    return goal.ignoreChanges.reduce((inputs, path) => resetPath(old.inputs, inputs, parsePath(path)), goal.inputs);
}

/** The inputs as the provider validates and completes them. */
export async function checked(
    deployment: Deployment,
    urn: string,
    goal: Goal,
    old: ResourceState | undefined,
    inputs: PropertyMap,
    loaded: LoadedProvider,
): Promise<PropertyMap> {
    const { provider } = loaded;
    if (!loaded.known) return inputs;
    const forProvider = isProviderType(goal.type);
    const news = forProvider ? configurationOf(inputs) : plain(inputs);
    const olds = old && (forProvider ? configurationOf(old.inputs) : plain(old.inputs));
    const randomSeed = deployment.run.plan?.seed(urn);
    const result = forProvider
        ? await provider.checkConfig(urn, olds ?? {}, news)
        : await provider.check(urn, olds, news, { ...deployment.context(urn), randomSeed });
    if (result.failures?.length) {
        const lines = result.failures.map(({ property, reason }) => (property ? `property "${property}": ${reason}` : reason));
        throw new UserError(`"${goal.name}" (${goal.type}) has invalid inputs:\n${lines.map((line) => `  ${line}`).join("\n")}`);
    }
    const completed = carrySecrets((result.inputs ?? news) as PropertyMap, inputs);
    if (!forProvider) return completed;
    const internal = inputs[INTERNAL];
    return { ...completed, ...(goal.version && { version: goal.version }), ...(internal !== undefined && { [INTERNAL]: internal }) };
}

export async function diffOf(
    deployment: Deployment,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider,
): Promise<DiffResult | undefined> {
    const { provider } = loaded;
    if (isProviderType(state.type)) {
        const diff = await provider.diffConfig(state.urn, configurationOf(old.inputs), configurationOf(state.inputs));
        const same = ["version", INTERNAL].every((key) => equalBare(old.inputs[key], state.inputs[key]));
        return diff.changes === false && !same ? { ...diff, changes: true } : diff;
    }
    if (!loaded.known) return undefined;
    return await provider.diff(
        old.id ?? "",
        state.urn,
        oldStateOf(old),
        plain(state.inputs),
        state.ignoreChanges,
        deployment.context(state.urn),
    );
}

function equalBare(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
    return equal(a instanceof Secret ? a.value : a, b instanceof Secret ? b.value : b);
}

export function stateOf(
    urn: string,
    goal: Goal,
    inputs: PropertyMap,
    provider: string | undefined,
    old: ResourceState | undefined,
): ResourceState {
    const importID = goal.importId ?? old?.importID;
    return {
        urn,
        custom: goal.custom,
        type: goal.type,
        inputs,
        // The outputs of a component are its inputs until it registers its own.
        outputs: goal.custom ? {} : (old?.outputs ?? inputs),
        dependencies: goal.dependencies,
        propertyDependencies: goal.propertyDependencies,
        initErrors: [],
        additionalSecretOutputs: goal.additionalSecretOutputs,
        // The name under which it was found, not all that it may have had.
        aliases: old && old.urn !== urn ? [old.urn] : [],
        ignoreChanges: goal.ignoreChanges,
        replaceOnChanges: goal.replaceOnChanges,
        hideDiff: goal.hideDiff,
        ...(old?.id && goal.custom && { id: old.id }),
        ...(goal.parent && { parent: goal.parent }),
        ...(goal.protect && { protect: true }),
        ...(provider && { provider }),
        ...(goal.customTimeouts && { customTimeouts: goal.customTimeouts }),
        ...(goal.retainOnDelete && { retainOnDelete: true }),
        ...(goal.deletedWith && { deletedWith: goal.deletedWith }),
        ...(Object.keys(goal.hooks).length && { resourceHooks: goal.hooks }),
        ...(goal.replaceWith.length && { replaceWith: goal.replaceWith }),
        ...(goal.replacementTrigger !== undefined && goal.replacementTrigger !== null && { replacementTrigger: goal.replacementTrigger }),
        ...(old?.refreshBeforeUpdate && { refreshBeforeUpdate: true }),
        ...(importID && { importID }),
        ...(old?.created && { created: old.created }),
        ...(old?.modified && { modified: old.modified }),
    };
}
