/** Registers what the program asks for: finds the old state, has the inputs checked and compared, and carries out the steps. */
import { UserError, messageOf } from "../../common/errors.ts";
import { equal } from "../compare.ts";
import type { StepMetadata } from "../events.ts";
import { parsePath, resetPath } from "../paths.ts";
import type { DiffResult } from "../provider.ts";
import { carrySecrets, plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { decide, type Decision } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { isProviderType, makeUrn, packageOf } from "../urn.ts";
import { Secret, type PropertyMap, type PropertyValue } from "../values.ts";
import { createObject, finishedOutputs, oldStateOf, updateObject } from "./apply.ts";
import { defaultProvider, ownerChanged } from "./default-providers.ts";
import { metadataOf, StepFailed, type Deployment, type Done } from "./deployment.ts";
import { configurationOf, type LoadedProvider } from "./registry.ts";
import { replaceObject } from "./replace.ts";

/** Registers one resource; returns when its step is done. Rejects with {@link StepFailed} when it failed and was reported. */
export async function register(deployment: Deployment, goal: Goal): Promise<Done> {
    deployment.checkpoint();
    const { stack, project } = deployment.run;
    const urn = makeUrn(stack, project.name, goal.type, goal.name, goal.parent);
    if (deployment.asked.has(urn)) {
        throw refused(
            deployment,
            urn,
            `Duplicate resource URN "${urn}": two resources have the same type, name and parent. Give one of them another name.`,
        );
    }
    deployment.asked.add(urn);
    const blocked = [goal.parent, ...goal.dependencies].find((dependency) => dependency && deployment.failed.has(dependency));
    if (blocked) {
        deployment.failed.add(urn);
        throw new StepFailed(`not tried, since ${blocked} failed`);
    }
    const old = findOld(deployment, urn, goal.aliases);
    if (old) deployment.taken.add(old.urn);
    let done: Done;
    try {
        done = await registerCustomOrComponent(deployment, urn, goal, old);
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) throw error;
        throw refused(deployment, urn, messageOf(error));
    }
    deployment.news.set(urn, done);
    return done;
}

function refused(deployment: Deployment, urn: string, message: string): StepFailed {
    deployment.reporter.diagnostic("error", message, urn);
    return new StepFailed(deployment.reporter.redactor.clean(message));
}

function findOld(deployment: Deployment, urn: string, aliases: readonly string[]): ResourceState | undefined {
    for (const name of [urn, ...aliases]) {
        const old = deployment.olds.get(name);
        if (old && !deployment.taken.has(old.urn)) return old;
    }
    return undefined;
}

async function registerCustomOrComponent(deployment: Deployment, urn: string, goal: Goal, old: ResourceState | undefined): Promise<Done> {
    const provider = goal.custom && !isProviderType(goal.type) ? await providerOf(deployment, goal) : undefined;
    const loaded = await loadedFor(deployment, goal, provider);
    const managed = old && !old.external ? old : undefined;
    const asked = withIgnored(goal, managed);
    const inputs = loaded ? await checked(deployment, urn, goal, managed, asked, loaded) : asked;
    const state = stateOf(urn, goal, inputs, provider, managed);
    deployment.reporter.redactor.learn(inputs);

    const providerChanged = managed ? await ownerChanged(deployment, managed.provider, provider) : false;
    const diff =
        managed && loaded && !managed.pendingReplacement && !providerChanged ? await diffOf(deployment, managed, state, loaded) : undefined;
    const decision = decide({
        old,
        inputs,
        custom: goal.custom,
        diff,
        providerChanged,
        replaceOnChanges: goal.replaceOnChanges,
        deleteBeforeReplace: goal.deleteBeforeReplace,
    });
    return await carryOut(deployment, decision, goal, old, state, loaded, asked);
}

async function carryOut(
    deployment: Deployment,
    decision: Decision,
    goal: Goal,
    old: ResourceState | undefined,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
    asked: PropertyMap,
): Promise<Done> {
    const { journal, reporter } = deployment;
    if (decision.op === "same" && old) return await keepObject(deployment, old, state, loaded);
    if (decision.op === "update" && old) {
        const change = { diffs: decision.diffs, detailedDiff: decision.detailedDiff };
        const result = await updateObject(deployment, metadataOf("update", old, state, change), old, state, loaded, (done) =>
            journal.add(done, old),
        );
        return finished(reporter, metadataOf("update", old, result, change), result);
    }
    if (decision.op === "create" && !loaded) {
        const metadata = metadataOf("create", undefined, state);
        reporter.pre(metadata);
        journal.add(state, old);
        await journal.flush();
        return finished(reporter, metadata, state);
    }
    if (!loaded) throw new Error(`a component cannot be replaced (${state.urn})`);
    if (decision.op === "create") {
        const result = await createObject(deployment, metadataOf("create", undefined, state), state, loaded, (done) =>
            journal.add(done, old),
        );
        return finished(reporter, metadataOf("create", undefined, result), result);
    }
    if (!old || decision.op === "same" || decision.op === "update") throw new Error(`nothing to replace (${state.urn})`);
    // The names that the provider chose for the old object are not for the new one.
    const inputs = await checked(deployment, state.urn, goal, undefined, asked, loaded);
    const { id: _id, created: _created, modified: _modified, ...rest } = state;
    return await replaceObject(deployment, decision, goal, old, { ...rest, inputs, outputs: {} }, loaded);
}

async function keepObject(
    deployment: Deployment,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
): Promise<Done> {
    const { journal, reporter } = deployment;
    const kept: ResourceState = { ...state, outputs: finishedOutputs(state, old.outputs), ...(old.modified && { modified: old.modified }) };
    const metadata = metadataOf("same", old, kept);
    reporter.pre(metadata);
    if (loaded && isProviderType(kept.type)) await deployment.registry.use(kept.urn, kept.id ?? "", loaded.provider, kept.inputs);
    if (sameState(old, kept)) journal.keep(kept, old);
    else {
        journal.add(kept, old);
        await journal.flush();
    }
    return finished(reporter, metadata, kept);
}

export function finished(reporter: Deployment["reporter"], metadata: StepMetadata, state: ResourceState): Done {
    reporter.done(metadata);
    return { state, metadata };
}

function sameState(a: ResourceState, b: ResourceState): boolean {
    // All fields of a resource state are property values in shape.
    return equal(a as unknown as PropertyMap, b as unknown as PropertyMap);
}

/** The reference of the provider that owns what is asked for. */
async function providerOf(deployment: Deployment, goal: Goal): Promise<string> {
    return goal.provider ?? (await defaultProvider(deployment, packageOf(goal.type), goal.version, `"${goal.name}" (${goal.type})`));
}

async function loadedFor(deployment: Deployment, goal: Goal, provider: string | undefined): Promise<LoadedProvider | undefined> {
    if (!goal.custom) return undefined;
    if (!provider) return { provider: deployment.registry.make(packageOf(goal.type)), known: true };
    const loaded = await deployment.registry.get(provider);
    if (loaded.provider.name !== packageOf(goal.type)) {
        throw new UserError(
            `The provider passed is one for ${loaded.provider.name}, but the type ${goal.type} belongs to ${packageOf(goal.type)}. Pass a provider of that package.`,
        );
    }
    return loaded;
}

/** The inputs with what `ignoreChanges` names as it was. */
function withIgnored(goal: Goal, old: ResourceState | undefined): PropertyMap {
    if (!old) return goal.inputs;
    return goal.ignoreChanges.reduce((inputs, path) => resetPath(old.inputs, inputs, parsePath(path)), goal.inputs);
}

/** The inputs as the provider validates and completes them. */
async function checked(
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
    const result = forProvider
        ? await provider.checkConfig(urn, olds ?? {}, news)
        : await provider.check(urn, olds, news, deployment.context(urn));
    if (result.failures?.length) {
        const lines = result.failures.map(({ property, reason }) => (property ? `property "${property}": ${reason}` : reason));
        throw new UserError(`"${goal.name}" (${goal.type}) has invalid inputs:\n${lines.map((line) => `  ${line}`).join("\n")}`);
    }
    const completed = carrySecrets((result.inputs ?? news) as PropertyMap, inputs);
    return forProvider && goal.version ? { ...completed, version: goal.version } : completed;
}

async function diffOf(
    deployment: Deployment,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider,
): Promise<DiffResult | undefined> {
    const { provider } = loaded;
    if (isProviderType(state.type)) {
        const diff = await provider.diffConfig(state.urn, configurationOf(old.inputs), configurationOf(state.inputs));
        return diff.changes === false && !equalBare(old.inputs["version"], state.inputs["version"]) ? { ...diff, changes: true } : diff;
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

function stateOf(
    urn: string,
    goal: Goal,
    inputs: PropertyMap,
    provider: string | undefined,
    old: ResourceState | undefined,
): ResourceState {
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
        aliases: goal.aliases,
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
        ...(old?.importID && { importID: old.importID }),
        ...(old?.created && { created: old.created }),
        ...(old?.modified && { modified: old.modified }),
    };
}
