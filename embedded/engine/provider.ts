/**
 * What the engine asks of a provider: the SDK's own `Provider` interface, with what the plugin protocol sends beside
 * the properties (preview, timeout, ignored changes, the old inputs) and the configuration of the provider itself.
 */
import type * as sdk from "@pulumi/pulumi/provider/index.js";
import type { PropertyMap } from "./values.ts";

/** Sent beside the properties of every operation. */
export interface OperationContext {
    /** True when nothing may be changed: `create` and `update` then only say what the outputs would be. */
    readonly preview: boolean;
    /** From `customTimeouts`; undefined lets the provider use its own default. Seconds. */
    readonly timeoutSeconds?: number | undefined;
    /** From which `check` makes names, so that an update makes those of its plan; absent lets them be random. */
    readonly randomSeed?: Uint8Array | undefined;
    /** Aborted when the user interrupts: stop waiting, leave things whole, report what exists (see {@link PartialError}). */
    readonly signal: AbortSignal;
    /** What relative paths of the program are relative to. Default: this process's folder. */
    readonly folder?: string;
    /** Says on the resource's line what is being done or awaited ("waiting for 1 of 2 pods: image being pulled"). */
    status(text: string): void;
    /** Adds a message to the resource's diagnostics, or to the stack's where it is of no single resource. Never contains a secret. */
    log(severity: "debug" | "info" | "warning" | "error", text: string, of?: "resource" | "stack"): void;
}

export interface DiffResult extends sdk.DiffResult {
    /** Kind of change by property path, for example `spec.template.spec.containers[0].image`. */
    readonly detailedDiff?: Readonly<Record<string, PropertyDiffKind>>;
}

export type PropertyDiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** The inputs of the last update beside its outputs: both may hold Unknown in a preview, neither holds Secret. */
export interface OldState {
    readonly inputs: PropertyMap;
    readonly outputs: PropertyMap;
}

/**
 * A provider, one instance per provider resource of the program. Values reach it without secret marks, may hold
 * `Unknown` in a preview, and never hold `OutputValue`. What it returns may hold `Secret` and, in a preview, `Unknown`;
 * an output whose name is that of a secret input is made secret by the engine.
 */
export interface ResourceProvider extends Omit<
    sdk.Provider,
    "diff" | "check" | "create" | "read" | "update" | "delete" | "construct" | "call" | "invoke"
> {
    /** The package's name as in type tokens: `kubernetes`, `random`, `tls`, `command`. */
    readonly name: string;
    readonly version: string;

    /** Validates and completes the provider's own configuration. Unknown values are allowed in a preview. */
    checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<sdk.CheckResult>;
    /** Whether a change of the provider's own configuration replaces it, and with it every resource it made. */
    diffConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult>;
    /** Takes the configuration into use. With Unknown in it every preview answer is allowed to be unknown, and nothing else is called. */
    configure(urn: string, config: PropertyMap): Promise<void>;

    /** Validates new inputs and fills defaults (autonames from `randomSeed` or the old inputs). Failures name the property. */
    check(urn: string, olds: PropertyMap | undefined, news: PropertyMap, context: OperationContext): Promise<sdk.CheckResult>;
    diff(
        id: string,
        urn: string,
        olds: OldState,
        news: PropertyMap,
        ignoreChanges: readonly string[],
        context: OperationContext,
    ): Promise<DiffResult>;
    create(urn: string, inputs: PropertyMap, context: OperationContext): Promise<sdk.CreateResult>;
    update(
        id: string,
        urn: string,
        olds: OldState,
        news: PropertyMap,
        ignoreChanges: readonly string[],
        context: OperationContext,
    ): Promise<sdk.UpdateResult>;
    /** An empty or absent `id` in the result says that the object no longer exists. */
    read(id: string, urn: string, olds: OldState | undefined, context: OperationContext): Promise<sdk.ReadResult>;
    delete(id: string, urn: string, olds: OldState, context: OperationContext): Promise<void>;
    /**
     * The id of the object that these checked inputs name, whether or not it exists (for Kubernetes `namespace/name`);
     * undefined when the id is only known after creation. After a create that was interrupted the engine asks this, reads
     * the object, and takes it into the state when it is there, so that it is neither orphaned nor in the way.
     */
    locate?(urn: string, inputs: PropertyMap, context: OperationContext): Promise<string | undefined>;
    /** Runs a function of the package; there is no resource whose line a status could be shown on. */
    invoke?(token: string, args: PropertyMap, context?: OperationContext): Promise<sdk.InvokeResult>;
    /** Releases connections. Called once at the end. */
    close(): Promise<void>;
}

/**
 * An operation that failed after the object had come to exist: the engine keeps it in the state with these outputs and
 * reports the reasons.
 */
export class PartialError extends Error {
    override readonly name = "PartialError";
    readonly id: string;
    readonly outputs: PropertyMap;
    /** Of a read: the inputs that the object stands for now. */
    readonly inputs: PropertyMap | undefined;
    constructor(id: string, outputs: PropertyMap, reasons: readonly string[], inputs?: PropertyMap) {
        super(reasons.join("\n"));
        this.id = id;
        this.outputs = outputs;
        this.inputs = inputs;
    }
}

/** An operation of which nobody knows whether it happened: the state says so, and the next run tries to find out. */
export class OutcomeUnknown extends Error {
    override readonly name = "OutcomeUnknown";
}

/** Makes the providers of a run. The table is `embedded/providers/index.ts`; a package that is not in it is refused by name. */
export type ProviderFactory = () => ResourceProvider;
export type ProviderTable = Readonly<Record<string, ProviderFactory>>;
