/** Functions of the program around steps: before them, after them, and when they fail. */
import { UserError, messageOf } from "../../common/errors.ts";
import { PartialError } from "../provider.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { HookMoment } from "../steps/goal.ts";
import { parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { isUnknownString } from "../wire.ts";
import type { Deployment } from "./deployment.ts";

/** What a hook is told of its resource. */
export interface HookCall {
    readonly urn: string;
    /** Empty while it is not known. */
    readonly id: string;
    readonly name: string;
    readonly type: string;
    readonly newInputs: PropertyMap | undefined;
    readonly oldInputs: PropertyMap | undefined;
    readonly newOutputs: PropertyMap | undefined;
    readonly oldOutputs: PropertyMap | undefined;
}

export interface ErrorHookCall extends HookCall {
    readonly failedOperation: StepKind;
    /** The reasons of all attempts, the last one first. */
    readonly errors: readonly string[];
}

export interface ResourceHook {
    readonly name: string;
    /** Whether it runs in previews, too. */
    readonly onDryRun: boolean;
    /** Whether a failure is only a warning. */
    readonly ignoreErrors: boolean;
    run(call: HookCall): Promise<void>;
}

export interface ErrorHook {
    readonly name: string;
    wantsRetry(call: ErrorHookCall): Promise<boolean>;
}

/** The hooks that a program registered. */
export class Hooks {
    readonly #resource = new Map<string, ResourceHook>();
    readonly #error = new Map<string, ErrorHook>();

    addResourceHook(hook: ResourceHook): void {
        this.#refuseTaken(hook.name);
        this.#resource.set(hook.name, hook);
    }

    addErrorHook(hook: ErrorHook): void {
        this.#refuseTaken(hook.name);
        this.#error.set(hook.name, hook);
    }

    #refuseTaken(name: string): void {
        if (!name) throw new UserError("A hook of the program has no name. Give it one.");
        if (this.#resource.has(name) || this.#error.has(name))
            throw new UserError(`The program has two hooks of the name "${name}". Give one of them another name.`);
    }

    resourceHook(name: string): ResourceHook {
        return this.#resource.get(name) ?? missing(name);
    }

    errorHook(name: string): ErrorHook {
        return this.#error.get(name) ?? missing(name);
    }
}

function missing(name: string): never {
    throw new UserError(
        `the hook "${name}" is not registered by the program. Register it under that name until the resources that name it are gone.`,
    );
}

export type StepKind = "create" | "update" | "delete";

/** A step with the resource whose hooks count: as it is to be, or as it was for a deletion. */
export interface HookedStep {
    readonly kind: StepKind;
    readonly subject: ResourceState;
    /** What it was before an update. */
    readonly old?: { readonly inputs: PropertyMap; readonly outputs: PropertyMap } | undefined;
}

const momentBefore = { create: "beforeCreate", update: "beforeUpdate", delete: "beforeDelete" } as const;
const momentAfter = { create: "afterCreate", update: "afterUpdate", delete: "afterDelete" } as const;
/** How often an operation is tried at most when error hooks go on asking for it. */
const MOST_ATTEMPTS = 100;

/** Runs the hooks before a step; rejects when one fails, which stops the step. */
export async function runBefore(deployment: Deployment, step: HookedStep): Promise<void> {
    await runHooks(deployment, momentBefore[step.kind], step);
}

/**
 * Runs the hooks after a step that is done and stored. One that fails fails the run, and what depends on the resource is
 * not tried, unless the run goes on after errors: the resource itself is as it was asked for.
 */
export async function runAfter(deployment: Deployment, step: HookedStep): Promise<void> {
    try {
        await runHooks(deployment, momentAfter[step.kind], step);
    } catch (error) {
        const { urn } = step.subject;
        deployment.reporter.diagnostic("error", messageOf(error), urn);
        if (!deployment.run.continueOnError) deployment.failed.add(urn);
    }
}

async function runHooks(deployment: Deployment, moment: HookMoment, step: HookedStep): Promise<void> {
    const { subject } = step;
    for (const name of subject.resourceHooks?.[moment] ?? []) {
        const hook = deployment.hooks.resourceHook(name);
        if (deployment.preview && !hook.onDryRun) continue;
        const happened = moment.startsWith("after");
        try {
            await hook.run(callOf(step, happened));
        } catch (error) {
            const message = `the ${moment} hook "${name}" failed: ${messageOf(error)}`;
            if (!hook.ignoreErrors) throw new Error(message, { cause: error });
            deployment.reporter.diagnostic("warning", message, subject.urn);
        }
    }
}

/**
 * Carries out an operation of a provider, again as long as it fails and one of the resource's error hooks asks for it.
 * Rejects with what the last attempt failed with.
 */
export async function withErrorHooks<T>(deployment: Deployment, step: HookedStep, operation: () => Promise<T>): Promise<T> {
    const { subject } = step;
    const names = subject.resourceHooks?.onError ?? [];
    if (!names.length) return await operation();
    const errors: string[] = [];
    for (;;) {
        try {
            return await operation();
        } catch (error) {
            errors.unshift(messageOf(error));
            if (deployment.canceled || !(await retryWanted(deployment, step, names, errors, error)) || deployment.canceled) throw error;
            const count = `${errors.length} of at most ${MOST_ATTEMPTS}`;
            if (errors.length >= MOST_ATTEMPTS) {
                deployment.reporter.diagnostic(
                    "warning",
                    `its error hooks ask for the ${step.kind} again: ${count} attempts failed`,
                    subject.urn,
                );
                throw error;
            }
            const text = `trying the ${step.kind} again, as its error hook asks (${count} attempts failed): ${errors[0] ?? ""}`;
            deployment.reporter.diagnostic("warning", text, subject.urn);
        }
    }
}

async function retryWanted(
    deployment: Deployment,
    step: HookedStep,
    names: readonly string[],
    errors: readonly string[],
    reason: unknown,
): Promise<boolean> {
    const call: ErrorHookCall = { ...callOf(step, false), failedOperation: step.kind, errors };
    let wanted = false;
    for (const name of names) {
        try {
            wanted = (await deployment.hooks.errorHook(name).wantsRetry(call)) || wanted;
        } catch (error) {
            const reasons = [messageOf(reason), `the error hook "${name}" failed: ${messageOf(error)}`];
            throw reason instanceof PartialError
                ? new PartialError(reason.id, reason.outputs, reasons)
                : new Error(reasons.join("\n"), { cause: error });
        }
    }
    return wanted;
}

/** @param happened whether there are new outputs to tell */
function callOf({ kind, subject, old }: HookedStep, happened: boolean): HookCall {
    const { urn, id = "" } = subject;
    const { name, type } = parseUrn(urn);
    const now = kind === "delete" ? undefined : subject;
    const before = kind === "delete" ? subject : old;
    return {
        urn,
        id: isUnknownString(id) ? "" : id,
        name,
        type,
        newInputs: now?.inputs,
        oldInputs: before?.inputs,
        newOutputs: happened ? now?.outputs : undefined,
        oldOutputs: before?.outputs,
    };
}
