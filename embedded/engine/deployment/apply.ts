/** Carries out single steps: each calls the provider, records the outcome and has it stored before it counts as done. */
import { randomUUID } from "node:crypto";
import type { CreateResult } from "@pulumi/pulumi/provider/index.js";
import { messageOf } from "../../common/errors.ts";
import type { StepMetadata } from "../events.ts";
import { OutcomeUnknown, PartialError, type OldState, type OperationContext } from "../provider.ts";
import { markRevealing } from "../redact.ts";
import { carrySecrets, markSecret, plain } from "../secretness.ts";
import type { PendingOperation, PendingOperationType, ResourceState } from "../state/snapshot.ts";
import { isProviderType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { UNKNOWN_STRING } from "../wire.ts";
import { Canceled, type Deployment } from "./deployment.ts";
import { runAfter, runBefore, withErrorHooks, type HookedStep } from "./hooks.ts";
import type { LoadedProvider } from "./registry.ts";

/**
 * Outputs as the state keeps them: secret where the inputs of the same name are, where the program says so, and
 * wherever a secret of the inputs turns up in a text.
 */
export function finishedOutputs(state: ResourceState, outputs: PropertyMap): PropertyMap {
    // The kubernetes provider keeps a copy of the inputs among its outputs, as the official one does.
    const inputs = { ...state.inputs, __inputs: state.inputs };
    return markRevealing(markSecret(carrySecrets(outputs, inputs), state.additionalSecretOutputs), state.inputs);
}

/** Generated outputs, which no input decides, stay secret once they are, and so do old secrets that turn up in a text. */
function keptSecret(outputs: PropertyMap, old: ResourceState, state: ResourceState): PropertyMap {
    const kept = carrySecrets(outputs, Object.fromEntries(Object.entries(old.outputs).filter(([key]) => !(key in state.inputs))));
    return markRevealing(kept, { inputs: old.inputs, outputs: old.outputs });
}

export function oldStateOf(state: ResourceState): OldState {
    return { inputs: plain(state.inputs), outputs: plain(state.outputs) };
}

export function now(): string {
    return new Date().toISOString();
}

/** What a step did: the new state, and whether it is only partly what was asked for. */
interface Outcome {
    readonly state: ResourceState;
    readonly partial?: PartialError;
}

/**
 * Runs a step that changes something outside: says so in the state first, and afterwards what became of it.
 * `finish` records the outcome. Rejects, after reporting, when the step failed.
 */
async function changing(
    deployment: Deployment,
    metadata: StepMetadata,
    type: PendingOperationType,
    about: ResourceState,
    hooked: HookedStep,
    work: () => Promise<Outcome>,
    finish: (state: ResourceState) => void,
): Promise<ResourceState> {
    const { journal, reporter } = deployment;
    return await deployment.limiter.run(async () => {
        deployment.checkpoint();
        reporter.pre(metadata);
        let operation: PendingOperation | undefined;
        try {
            await runBefore(deployment, hooked);
            deployment.checkpoint();
            // Components and providers exist in the state alone: nothing can be left behind.
            if (!deployment.preview && about.custom && !isProviderType(about.type)) operation = await journal.begin(type, about);
            const { state, partial } = await work();
            reporter.redactor.learn(state.outputs);
            finish(state);
            if (operation) journal.end(operation);
            await journal.flush();
            if (partial) throw partial;
            // Those of a component run when it has registered its outputs.
            if (state.custom || hooked.kind === "delete") await runAfter(deployment, { ...hooked, subject: state });
            return state;
        } catch (error) {
            if (error instanceof Canceled) throw error;
            // After an interruption nobody knows whether it happened, unless the provider says so: the next run finds out.
            const unknown = error instanceof OutcomeUnknown || (deployment.canceled && !(error instanceof PartialError));
            if (operation && !unknown) journal.end(operation);
            await journal.flush().catch(() => {}); // reported by the step that follows
            throw deployment.failure(metadata, error);
        }
    });
}

/**
 * The creation of an object, which can be tried again: once the object exists, though not as it should be, it is updated
 * rather than created a second time.
 */
function creation({ provider }: LoadedProvider, state: ResourceState, context: OperationContext): () => Promise<CreateResult> {
    let existing: PartialError | undefined;
    return async () => {
        const inputs = plain(state.inputs);
        try {
            if (!existing) return await provider.create(state.urn, inputs, context);
            const { id, outputs } = existing;
            const { outs } = await provider.update(id, state.urn, { inputs, outputs }, inputs, state.ignoreChanges, context);
            return { id, outs: outs ?? outputs };
        } catch (error) {
            if (error instanceof PartialError) existing = error;
            else if (existing) throw new PartialError(existing.id, existing.outputs, [messageOf(error)]);
            throw error;
        }
    };
}

/** Creates the object of `state`, which then takes the place of `superseded` in the state. */
export async function createObject(
    deployment: Deployment,
    metadata: StepMetadata,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
    finish: (state: ResourceState) => void,
): Promise<ResourceState> {
    return await changing(
        deployment,
        metadata,
        "creating",
        state,
        { kind: "create", subject: state },
        async () => {
            const stamped: ResourceState = { ...state, created: now(), modified: now() };
            if (!loaded) return { state: stamped };
            if (isProviderType(state.type)) {
                const id = deployment.preview ? UNKNOWN_STRING : randomUUID();
                await deployment.registry.use(state.urn, id, loaded.provider, state.inputs);
                return { state: { ...stamped, id, outputs: state.inputs } };
            }
            // A provider that cannot be configured yet cannot say what would come out.
            if (!loaded.known) return { state: stamped };
            const context = deployment.context(state.urn, state.customTimeouts?.create);
            const create = creation(loaded, state, context);
            try {
                const { id, outs } = await withErrorHooks(deployment, { kind: "create", subject: state }, () => create());
                if (!deployment.preview && !id) throw new Error(`the provider ${loaded.provider.name} returned no id`);
                const outputs = finishedOutputs(state, (outs ?? {}) as PropertyMap);
                return { state: { ...stamped, ...(deployment.preview ? {} : { id }), outputs } };
            } catch (error) {
                if (!(error instanceof PartialError)) throw error;
                return {
                    state: {
                        ...stamped,
                        id: error.id,
                        outputs: finishedOutputs(state, error.outputs),
                        initErrors: deployment.reasons(error),
                    },
                    partial: error,
                };
            }
        },
        finish,
    );
}

/** Updates the object of `old` to what `state` says. */
export async function updateObject(
    deployment: Deployment,
    metadata: StepMetadata,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
    finish: (state: ResourceState) => void,
): Promise<ResourceState> {
    return await changing(
        deployment,
        metadata,
        "updating",
        old,
        { kind: "update", subject: state, old },
        async () => {
            const stamped: ResourceState = { ...state, modified: now() };
            if (!loaded) return { state: stamped };
            if (isProviderType(state.type)) {
                await deployment.registry.use(state.urn, old.id ?? "", loaded.provider, state.inputs);
                return { state: { ...stamped, outputs: state.inputs } };
            }
            if (!loaded.known) return { state: { ...stamped, outputs: {} } };
            const context = deployment.context(state.urn, state.customTimeouts?.update);
            try {
                const { outs } = await withErrorHooks(
                    deployment,
                    { kind: "update", subject: state, old },
                    async () =>
                        await loaded.provider.update(
                            old.id ?? "",
                            state.urn,
                            oldStateOf(old),
                            plain(state.inputs),
                            state.ignoreChanges,
                            context,
                        ),
                );
                return { state: { ...stamped, outputs: keptSecret(finishedOutputs(state, (outs ?? {}) as PropertyMap), old, state) } };
            } catch (error) {
                if (!(error instanceof PartialError)) throw error;
                return {
                    state: {
                        ...stamped,
                        outputs: keptSecret(finishedOutputs(state, error.outputs), old, state),
                        initErrors: deployment.reasons(error),
                    },
                    partial: error,
                };
            }
        },
        finish,
    );
}

/** Deletes the object of `old`, unless it is to be kept or goes with another. `finish` records that it is gone. */
export async function deleteObject(
    deployment: Deployment,
    metadata: StepMetadata,
    old: ResourceState,
    goesWith: boolean,
    finish: () => void,
): Promise<void> {
    await changing(
        deployment,
        metadata,
        "deleting",
        old,
        { kind: "delete", subject: old },
        async () => {
            const untouched = !old.custom || old.external || old.retainOnDelete || goesWith || isProviderType(old.type);
            if (!untouched && !deployment.preview) {
                if (!old.provider || !old.id) throw new Error("the state names no provider and id for it");
                const { provider } = await deployment.registry.get(old.provider);
                const { id } = old;
                const context = deployment.context(old.urn, old.customTimeouts?.delete);
                await withErrorHooks(deployment, { kind: "delete", subject: old }, async () => {
                    await provider.delete(id, old.urn, oldStateOf(old), context);
                });
            }
            return { state: old };
        },
        finish,
    );
    deployment.reporter.done(metadata);
}
