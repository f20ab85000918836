/** Snapshot ⇄ `DeploymentV3`: fields in the order of Pulumi's Go types, empty ones left out where those leave them out. */
import { createHash } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import { compareBytes, goJson } from "./json.ts";
import type { CiphertextMemory, Crypter, SecretsManager } from "./secrets.ts";
import type { HookBindings } from "../steps/goal.ts";
import { deserializeMap, deserializeValue, serializeMap, serializeValue, type Sealing } from "./serialize-values.ts";
import type { CustomTimeouts, PendingOperation, ResourceState, Snapshot } from "./snapshot.ts";
import type { DeploymentV3, ManifestV1, OperationV2, ResourceV3, SecretsProvidersV1 } from "./types.ts";

/** The version of Pulumi whose format and semantics are followed. */
const VERSION = "v3.270.0";

/** What a later engine may have written about a resource and this one would lose. `stackTrace` is made anew by each run. */
const UNSUPPORTED = ["viewOf", "extensionRef", "snippetID"] as const;

/** The lists of a deployment, each entry as JSON. */
export interface CheckpointTexts {
    readonly resources: readonly string[];
    readonly pending: readonly string[];
}

/** A deployment's text, assembled from resources that are written once and remembered: a step changes few of them. */
export class CheckpointWriter {
    readonly #stack: string;
    readonly #manager: SecretsManager;
    readonly #memory: CiphertextMemory;
    readonly #texts = new WeakMap<ResourceState, string>();

    /** @param stack the fully qualified name: `organization/PROJECT/STACK` */
    constructor(stack: string, manager: SecretsManager, memory: CiphertextMemory) {
        this.#stack = stack;
        this.#manager = manager;
        this.#memory = memory;
    }

    /** The resources and the pending operations of a snapshot, each as JSON. */
    texts(snapshot: Snapshot): CheckpointTexts {
        return {
            resources: snapshot.resources.map((state) => this.#text(state)),
            pending: snapshot.pendingOperations.map((op) => `{"resource":${this.#text(op.resource)},"type":${goJson(op.type)}}`),
        };
    }

    /** The content of the stack's state file. */
    write(snapshot: Snapshot): string {
        return this.assemble(this.texts(snapshot));
    }

    /** As {@link write}, of what {@link texts} made. */
    assemble({ resources, pending }: CheckpointTexts): string {
        const parts = [
            `"manifest":${goJson(manifest())}`,
            `"secrets_providers":${goJson(this.#manager.provider)}`,
            ...(resources.length ? [`"resources":[${resources.join(",")}]`] : []),
            ...(pending.length ? [`"pending_operations":[${pending.join(",")}]`] : []),
            `"metadata":{}`,
        ];
        return `{"version":3,"checkpoint":{"stack":${goJson(this.#stack)},"latest":{${parts.join(",")}}}}`;
    }

    #text(state: ResourceState): string {
        const known = this.#texts.get(state);
        if (known !== undefined) return known;
        const text = goJson(serializeResource(state, { crypter: this.#manager, memory: this.#memory }));
        this.#texts.set(state, text);
        return text;
    }
}

/** A deployment with its secrets as `sealing` writes them. */
export function serializeDeployment(snapshot: Snapshot, sealing: Sealing, provider?: SecretsProvidersV1): DeploymentV3 {
    const resources = snapshot.resources.map((state) => serializeResource(state, sealing));
    const pending = snapshot.pendingOperations.map((op): OperationV2 => ({
        resource: serializeResource(op.resource, sealing),
        type: op.type,
    }));
    return {
        manifest: manifest(),
        ...(provider && { secrets_providers: provider }),
        ...(resources.length && { resources }),
        ...(pending.length && { pending_operations: pending }),
        metadata: {},
    };
}

/** Says when and for which version of Pulumi something was written. */
export function manifest(): ManifestV1 {
    return { time: goTime(new Date()), magic: createHash("sha256").update(VERSION).digest("hex"), version: VERSION };
}

/** A time as Go writes it: without trailing zeros in the fraction. */
export function goTime(time: Date): string {
    return time.toISOString().replace(/\.?0*Z$/, "Z");
}

export function serializeResource(state: ResourceState, sealing: Sealing): ResourceV3 {
    const place = state.delete ? `${state.urn}::${state.id ?? ""}` : state.urn;
    const inputs = serializeMap(state.inputs, sealing, `${place}|inputs`);
    const outputs = serializeMap(state.outputs, sealing, `${place}|outputs`);
    const trigger = state.replacementTrigger;
    const timeouts = state.customTimeouts && nonZero(state.customTimeouts);
    return compact({
        urn: state.urn,
        custom: state.custom,
        delete: flag(state.delete),
        id: state.id || undefined,
        type: state.type,
        inputs: Object.keys(inputs).length ? inputs : undefined,
        outputs: Object.keys(outputs).length ? outputs : undefined,
        parent: state.parent || undefined,
        protect: flag(state.protect),
        taint: flag(state.taint),
        external: flag(state.external),
        dependencies: list(state.dependencies),
        initErrors: list(state.initErrors),
        provider: state.provider || undefined,
        propertyDependencies: propertyDependencies(state.propertyDependencies),
        pendingReplacement: flag(state.pendingReplacement),
        additionalSecretOutputs: list(state.additionalSecretOutputs),
        aliases: list(state.aliases),
        customTimeouts: timeouts,
        importID: state.importID || undefined,
        retainOnDelete: flag(state.retainOnDelete),
        deletedWith: state.deletedWith || undefined,
        replaceWith: list(state.replaceWith ?? []),
        created: state.created,
        modified: state.modified,
        sourcePosition: state.sourcePosition || undefined,
        ignoreChanges: list(state.ignoreChanges),
        hideDiff: list(state.hideDiff),
        replaceOnChanges: list(state.replaceOnChanges),
        replacementTrigger: trigger === undefined ? undefined : serializeValue(trigger, sealing, `${place}|replacementTrigger`),
        refreshBeforeUpdate: flag(state.refreshBeforeUpdate),
        resourceHooks: storedHooks(state.resourceHooks),
    });
}

function list(values: readonly string[]): string[] | undefined {
    return values.length ? [...values] : undefined;
}

function flag(value: boolean | undefined): true | undefined {
    return value || undefined;
}

type Optional<T> = { [K in keyof T]: T[K] | undefined };

function compact(resource: Optional<Required<ResourceV3>>): ResourceV3 {
    return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== undefined)) as unknown as ResourceV3;
}

function nonZero(timeouts: CustomTimeouts): CustomTimeouts | undefined {
    const { create, update, delete: remove, read } = timeouts;
    if (!create && !update && !remove && !read) return undefined;
    return { ...(create && { create }), ...(update && { update }), ...(remove && { delete: remove }), ...(read && { read }) };
}

/** Pulumi writes the moments with a capital letter and in the order of a map. */
function storedHooks(hooks: HookBindings | undefined): Record<string, string[]> | undefined {
    const entries = Object.entries(hooks ?? {}).map(([moment, names]): [string, string[]] => [
        moment.charAt(0).toUpperCase() + moment.slice(1),
        [...names],
    ]);
    return entries.length ? Object.fromEntries(entries.toSorted(([a], [b]) => compareBytes(a, b))) : undefined;
}

function readHooks(stored: Readonly<Record<string, string[]>>): HookBindings {
    return Object.fromEntries(Object.entries(stored).map(([moment, names]) => [moment.charAt(0).toLowerCase() + moment.slice(1), names]));
}

/** The keys are a map's and sorted; a property without dependencies keeps its empty list. */
function propertyDependencies(map: Readonly<Record<string, readonly string[]>>): Record<string, string[]> | undefined {
    const keys = Object.keys(map).toSorted();
    return keys.length ? Object.fromEntries(keys.map((key) => [key, [...(map[key] ?? [])]])) : undefined;
}

/**
 * Reads a deployment.
 * @throws UserError when it uses what this engine does not support; Error when it is malformed
 */
export function deserializeDeployment(deployment: DeploymentV3, crypter: Crypter, memory?: CiphertextMemory): Snapshot {
    const sealing = { crypter, ...(memory && { memory }) };
    const resource = (stored: ResourceV3): ResourceState => deserializeResource(stored, sealing);
    return {
        resources: (deployment.resources ?? []).map(resource),
        pendingOperations: (deployment.pending_operations ?? []).map((op): PendingOperation => ({
            resource: resource(op.resource),
            type: op.type,
        })),
    };
}

function deserializeResource(
    stored: ResourceV3,
    sealing: { readonly crypter: Crypter; readonly memory?: CiphertextMemory },
): ResourceState {
    const unsupported = UNSUPPORTED.filter((field) => field in stored);
    if (unsupported.length) {
        throw new UserError(
            `The state of ${stored.urn} has ${unsupported.join(", ")}, which the embedded engine does not support. Use the official Pulumi CLI for this stack.`,
        );
    }
    const place = stored.delete ? `${stored.urn}::${stored.id ?? ""}` : stored.urn;
    const {
        inputs,
        outputs,
        dependencies,
        initErrors,
        propertyDependencies,
        additionalSecretOutputs,
        aliases,
        ignoreChanges,
        hideDiff,
        replaceOnChanges,
        replacementTrigger,
        resourceHooks,
    } = stored;
    const rest: Partial<Record<string, unknown>> = { ...stored };
    delete rest["stackTrace"];
    return {
        ...(rest as unknown as Omit<ResourceState, "inputs" | "outputs">),
        inputs: deserializeMap(inputs ?? {}, sealing, `${place}|inputs`),
        outputs: deserializeMap(outputs ?? {}, sealing, `${place}|outputs`),
        dependencies: dependencies ?? [],
        initErrors: initErrors ?? [],
        propertyDependencies: propertyDependencies ?? {},
        additionalSecretOutputs: additionalSecretOutputs ?? [],
        aliases: aliases ?? [],
        ignoreChanges: ignoreChanges ?? [],
        hideDiff: hideDiff ?? [],
        replaceOnChanges: replaceOnChanges ?? [],
        ...(replacementTrigger !== undefined && {
            replacementTrigger: deserializeValue(replacementTrigger, sealing, `${place}|replacementTrigger`),
        }),
        ...(resourceHooks && { resourceHooks: readHooks(resourceHooks) }),
    };
}
