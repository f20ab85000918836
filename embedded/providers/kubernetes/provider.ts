import type { CheckResult, CreateResult, InvokeResult, ReadResult, UpdateResult } from "@pulumi/pulumi/provider/index.js";
import { UserError } from "../../common/errors.ts";
import { PartialError, type DiffResult, type OldState, type OperationContext, type ResourceProvider } from "../../engine/provider.ts";
import { isObject, type PropertyMap } from "../../engine/values.ts";
import { createObject, isOwn, updateObject, validateObject } from "./apply.ts";
import { awaitReady } from "./await/index.ts";
import { problemNow } from "./await/now.ts";
import { checkInputs } from "./check.ts";
import { Cluster } from "./cluster.ts";
import { diffConfiguration } from "./config.ts";
import { changesBetween, diffInputs } from "./diff.ts";
import { ApiError, explain, isNotFound, NoKindError, UnreachableError } from "./errors.ts";
import { forceNewPaths, isIdentity, PATCH_IDENTITY } from "./forcenew.ts";
import { definedKind, idOf, objectOfId } from "./identity.ts";
import { isKind, isNamespacedKind, targetOf, type GroupVersionKind } from "./kinds.ts";
import { containsUnknown, stringAt, toManifest, type JsonObject, type Manifest } from "./manifest.ts";
import { fieldManagerOf, forcesPatch, replacesUnready, timeoutOf } from "./metadata.ts";
import { callFunction } from "./functions.ts";
import { optionFailures, readOptions, type Options } from "./options.ts";
import { checkpoint, expectedOutputs, importedInputs, liveInputs, previewedOutputs, recordedFieldManager } from "./outputs.ts";
import { relinquish, type Succession } from "./ownership.ts";
import { removeObject, StillThereError } from "./remove.ts";
import { judged, tryUpdate, type ChangedTrial } from "./trial.ts";
import { isComplete, replacingUnready } from "./unready.ts";

/** The version of the official package whose semantics this provider follows. */
export const VERSION = "4.34.2";

export class KubernetesProvider implements ResourceProvider {
    readonly name = "kubernetes";
    readonly version = VERSION;
    #options: Options = readOptions({});
    #cluster = new Cluster(this.#options);
    /** Set by a preview that could not reach the server: it is not asked again. */
    #unreachable = false;
    /** What updates would come to, from their diffs to their previews. */
    /** Custom kinds whose definitions change in this run: in a preview the server still judges by what they were. */
    readonly #changingKinds = new Set<string>();
    readonly #tried = new Map<string, ChangedTrial>();
    /** Resources that are in the state, with the uid of their object once it is known: what a create must not mistake for its own. */
    readonly #inState = new Map<string, string | undefined>();

    async checkConfig(_urn: string, _olds: PropertyMap, news: PropertyMap): Promise<CheckResult> {
        return { inputs: news, failures: optionFailures(news) };
    }

    async diffConfig(_urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
        return diffConfiguration(olds, news);
    }

    async configure(_urn: string, config: PropertyMap): Promise<void> {
        this.#options = readOptions(config);
        this.#cluster = new Cluster(this.#options);
    }

    async check(urn: string, olds: PropertyMap | undefined, news: PropertyMap, context: OperationContext): Promise<CheckResult> {
        const { kind } = targetOf(urn, news);
        if (olds && !this.#inState.has(urn)) this.#inState.set(urn, undefined);
        if (isKind(kind, "apiextensions.k8s.io", "CustomResourceDefinition") && changesBetween(olds?.["spec"], news["spec"]).length)
            this.#changingKinds.add(definedKind(news as JsonObject));
        return checkInputs(urn, olds, news, {
            defaultNamespace: () => this.#cluster.defaultNamespace(),
            isNamespaced: () => this.#isNamespaced(kind, olds),
            randomSeed: context.randomSeed,
        });
    }

    async diff(
        _id: string,
        urn: string,
        olds: OldState,
        news: PropertyMap,
        ignoreChanges: readonly string[],
        context: OperationContext,
    ): Promise<DiffResult> {
        const { kind, patch } = targetOf(urn, news);
        this.#inState.set(urn, stringAt(olds.outputs as JsonObject, "metadata", "uid") || undefined);
        const forceNew = patch ? PATCH_IDENTITY : forceNewPaths(kind, news as JsonObject, this.#options);
        const diff = diffInputs(olds.inputs, news, { ignoreChanges, forceNew });
        if (containsUnknown(news)) return diff;
        if (replacesUnready(news as JsonObject) && (await this.#isUnready(kind, news, context)))
            return replacingUnready(diff, olds.inputs, news);
        if (context.preview && this.#changingKinds.has(`${kind.group}/${kind.kind}`)) return diff;
        if (!diff.changes || diff.replaces?.some((path) => isIdentity(path))) return diff;
        const object = toManifest(news);
        const options = {
            ...this.#succession(urn, object, olds.outputs, patch),
            force: this.#options.enablePatchForce || forcesPatch(object),
            ignoreChanges,
            replaces: Boolean(diff.replaces?.length),
            signal: context.signal,
        };
        const trial = await this.#ifReachable(context, () => tryUpdate(this.#cluster, object, options));
        if (!trial) return diff;
        if (trial.outcome === "unknown" && trial.refusal && context.preview) context.log("warning", trial.refusal.message);
        const real = judged(diff, trial, olds.inputs, news);
        if (trial.outcome === "changed" && context.preview && real.changes && !real.replaces?.length) this.#tried.set(urn, trial);
        return real;
    }

    async create(urn: string, inputs: PropertyMap, context: OperationContext): Promise<CreateResult> {
        const { kind, patch } = targetOf(urn, inputs);
        if (context.preview) {
            if (!patch && !this.#changingKinds.has(`${kind.group}/${kind.kind}`)) await this.#validate(urn, inputs, context);
            return { id: "", outs: inputs };
        }
        const object = toManifest(inputs);
        const manager = fieldManagerOf(urn, object, undefined);
        const live = await createObject(this.#cluster, object, {
            manager,
            force: this.#options.enablePatchForce || forcesPatch(object),
            upsert: patch || this.#options.upsertExistingObjects,
            patches: patch,
            mayBeOwn: (uid) => !this.#inState.has(urn) || ![undefined, uid].includes(this.#inState.get(urn)),
            signal: context.signal,
            status: (text) => context.status(text),
            log: (severity, text) => context.log(severity, text),
        });
        return { id: idOf(live), outs: await this.#awaited(live, manager, inputs, undefined, context) };
    }

    async update(
        id: string,
        urn: string,
        olds: OldState,
        news: PropertyMap,
        ignoreChanges: readonly string[],
        context: OperationContext,
    ): Promise<UpdateResult> {
        if (context.preview) {
            const tried = this.#tried.get(urn);
            this.#tried.delete(urn);
            if (tried?.conflict) throw tried.conflict;
            return {
                outs: tried ? expectedOutputs(tried, tried.succession.manager, news, olds.outputs) : previewedOutputs(olds.outputs, news),
            };
        }
        const object = toManifest(news);
        const succession = this.#succession(urn, object, olds.outputs, targetOf(urn, news).patch);
        const { code, body: live } = await updateObject(this.#cluster, object, {
            ...succession,
            force: this.#options.enablePatchForce || forcesPatch(object),
            ignoreChanges,
            signal: context.signal,
        });
        if (code === 201) context.log("warning", `${id} had been deleted outside of this program: created again`);
        return { outs: await this.#awaited(live, succession.manager, news, olds.outputs, context) };
    }

    async read(id: string, urn: string, olds: OldState | undefined, context: OperationContext): Promise<ReadResult> {
        const { kind, patch } = targetOf(urn, olds?.inputs);
        if (patch && !isObject(olds?.inputs["metadata"]))
            throw new UserError(
                `a Patch resource owns what its program declares and cannot be read by id alone: declare it without import`,
            );
        const object = objectOfId(id, kind, olds?.outputs);
        let live: Manifest;
        try {
            live = await this.#cluster.get(await this.#cluster.pathOf(object, context.signal), context.signal);
        } catch (error) {
            if (isNotFound(error) || error instanceof NoKindError) return { id: "" };
            return this.#readUnreachable(id, object, olds, error, context);
        }
        const known = isObject(olds?.inputs["metadata"]) ? olds : undefined;
        const inputs = known ? liveInputs(live, known.inputs, known.outputs) : importedInputs(live);
        const manager = fieldManagerOf(urn, live, recordedFieldManager(olds?.outputs));
        const props = checkpoint(live, manager, inputs, olds?.outputs);
        const problem = known && !patch ? await problemNow(this.#cluster, live, context.signal) : undefined;
        if (problem) throw new PartialError(id, props, problem, inputs);
        return { id, props, inputs };
    }

    /** Only of an object that this resource made, or where there is none: what somebody else made is not to enter the state. */
    async locate(urn: string, inputs: PropertyMap, context: OperationContext): Promise<string | undefined> {
        if (containsUnknown(inputs)) return undefined;
        const object = toManifest(inputs);
        try {
            const live = await this.#cluster.get(await this.#cluster.pathOf(object, context.signal), context.signal);
            return isOwn(live, fieldManagerOf(urn, object, undefined)) ? idOf(object) : undefined;
        } catch (error) {
            if (isNotFound(error) || error instanceof NoKindError) return idOf(object);
            throw error;
        }
    }

    async delete(id: string, urn: string, olds: OldState, context: OperationContext): Promise<void> {
        const { kind, patch } = targetOf(urn, olds.inputs);
        const known = objectOfId(id, kind, olds.outputs);
        const annotated = (olds.inputs["metadata"] ?? olds.outputs["metadata"]) as JsonObject | undefined;
        const object: Manifest = {
            ...known,
            metadata: { ...known.metadata, annotations: (annotated?.["annotations"] ?? {}) as Record<string, string> },
        };
        try {
            if (patch) {
                await relinquish(this.#cluster, object, fieldManagerOf(urn, object, recordedFieldManager(olds.outputs)), context.signal);
                return;
            }
            await removeObject(this.#cluster, object, {
                signal: context.signal,
                timeoutMs: timeoutOf(object, context.timeoutSeconds),
                status: (text) => context.status(text),
            });
        } catch (error) {
            if (error instanceof StillThereError) {
                const manager = fieldManagerOf(urn, error.live, recordedFieldManager(olds.outputs));
                throw new PartialError(id, checkpoint(error.live, manager, olds.inputs, olds.outputs), [error.message]);
            }
            if (!(error instanceof UnreachableError) || !this.#options.deleteUnreachable) throw error;
            context.log("warning", `${error.message}: removed from the state only, because kubernetes:deleteUnreachable is set`);
        }
    }

    async invoke(token: string, args: PropertyMap): Promise<InvokeResult> {
        return await callFunction(token, args, (kind) => this.#isNamespaced(kind, undefined));
    }

    close(): Promise<void> {
        return this.#cluster.close();
    }

    #succession(urn: string, object: Manifest, outputs: PropertyMap, patch: boolean): Succession {
        const before = recordedFieldManager(outputs);
        const manager = fieldManagerOf(urn, object, before);
        return { manager, predecessor: typeof before === "string" && before !== manager ? before : undefined, takesOver: !patch };
    }

    /** The outputs of an object that was written, once it is ready. */
    async #awaited(
        live: Manifest,
        manager: string,
        inputs: PropertyMap,
        before: PropertyMap | undefined,
        context: OperationContext,
    ): Promise<PropertyMap> {
        const { object, problem } = await awaitReady(this.#cluster, live, {
            timeoutMs: timeoutOf(live, context.timeoutSeconds),
            signal: context.signal,
            status: (text) => context.status(text),
        });
        this.#changingKinds.delete(definedKind(object));
        const outputs = checkpoint(object, manager, inputs, before);
        if (problem) throw new PartialError(idOf(object), outputs, problem);
        return outputs;
    }

    /** Asks the server only for kinds that Kubernetes itself does not have, and of which nothing is known from before. */
    async #isNamespaced(kind: GroupVersionKind, olds: PropertyMap | undefined): Promise<boolean> {
        const known = isNamespacedKind(kind);
        if (known !== undefined) return known;
        if (olds && isObject(olds["metadata"])) return olds["metadata"]["namespace"] !== undefined;
        try {
            return (await this.#cluster.discovery.lookUp(kind))?.namespaced ?? true;
        } catch {
            return true; // As long as nothing is known the usual is assumed; the request itself will tell.
        }
    }

    /** Whether a Job is not complete, as `pulumi.com/replaceUnready` asks. What cannot be read is let be. */
    async #isUnready(kind: GroupVersionKind, news: PropertyMap, context: OperationContext): Promise<boolean> {
        if (!isKind(kind, "batch", "Job")) {
            context.log("warning", "the annotation pulumi.com/replaceUnready has a meaning for Jobs only");
            return false;
        }
        const live = await this.#ifReachable(context, async () => {
            const path = await this.#cluster.pathOf(toManifest(news), context.signal);
            return await this.#cluster.get(path, context.signal).catch(() => undefined);
        });
        return live !== undefined && !isComplete(live);
    }

    /** What the server says of an object in a preview. */
    async #validate(urn: string, inputs: PropertyMap, context: OperationContext): Promise<void> {
        if (containsUnknown(inputs)) return;
        const object = toManifest(inputs);
        const options = {
            manager: fieldManagerOf(urn, object, undefined),
            signal: context.signal,
            warn: (text: string) => context.log("warning", text),
        };
        await this.#ifReachable(context, () => validateObject(this.#cluster, object, options));
    }

    /** Asks the server something that one can do without. That it cannot be asked is no error, and said once in a preview. */
    async #ifReachable<T>(context: OperationContext, question: () => Promise<T>): Promise<T | undefined> {
        if (this.#unreachable) return undefined;
        try {
            return await question();
        } catch (error) {
            const unusable =
                error instanceof UnreachableError ||
                error instanceof UserError ||
                (error instanceof Error && error.cause instanceof ApiError && error.cause.code === 401);
            if (!unusable || context.signal.aborted) throw error;
            if (!context.preview) return undefined;
            if (!this.#unreachable) context.log("warning", `cluster unreachable; previewing without validation: ${error.message}`, "stack");
            this.#unreachable = true;
            return undefined;
        }
    }

    #readUnreachable(id: string, object: Manifest, olds: OldState | undefined, error: unknown, context: OperationContext): ReadResult {
        if (!(error instanceof UnreachableError)) throw explain("read", object, error);
        if (this.#options.deleteUnreachable) {
            context.log("warning", `${error.message}: removed from the state, because kubernetes:deleteUnreachable is set`);
            return { id: "" };
        }
        if (this.#options.skipUpdateUnreachable && olds) {
            context.log("warning", `${error.message}: left as it was, because kubernetes:skipUpdateUnreachable is set`);
            return { id, props: olds.outputs, inputs: olds.inputs };
        }
        throw error;
    }
}
