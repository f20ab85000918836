/**
 * What a stack consists of, as the engine works with it: the parsed form of a `DeploymentV3`, secrets decrypted into
 * `Secret`. `serialize.ts` turns it into JSON and back.
 */
import type { HookBindings } from "../steps/goal.ts";
import type { PropertyMap, PropertyValue } from "../values.ts";

/** How long a provider may take for an operation, in seconds; 0 or absent is the provider's own default. */
export interface CustomTimeouts {
    readonly create?: number;
    readonly update?: number;
    readonly delete?: number;
    readonly read?: number;
}

/** One resource of a stack, with the names and meanings of `ResourceV3`; lists and maps are empty rather than absent. */
export interface ResourceState {
    readonly urn: string;
    /** False for components and for the stack itself: no provider owns them. */
    readonly custom: boolean;
    /** True for an object that was replaced and still has to be deleted. */
    readonly delete?: boolean;
    readonly id?: string;
    readonly type: string;
    readonly inputs: PropertyMap;
    readonly outputs: PropertyMap;
    readonly parent?: string;
    readonly protect?: boolean;
    /** True for an object that the next update replaces (`pulumi state taint`). */
    readonly taint?: boolean;
    /** True for an object that was only read (`.get`): never updated or deleted by the engine. */
    readonly external?: boolean;
    readonly dependencies: readonly string[];
    readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
    /** Reasons why the object exists but is not what was asked for; the next update tries again. */
    readonly initErrors: readonly string[];
    /** `urn::id` of the provider resource. */
    readonly provider?: string;
    /** True when the object was deleted so that its replacement can be created, which has not happened yet. */
    readonly pendingReplacement?: boolean;
    readonly additionalSecretOutputs: readonly string[];
    readonly aliases: readonly string[];
    readonly customTimeouts?: CustomTimeouts;
    readonly importID?: string;
    readonly retainOnDelete?: boolean;
    readonly deletedWith?: string;
    /** URNs of resources whose replacement replaces this one too. */
    readonly replaceWith?: readonly string[];
    /** The value whose change replaces the resource. */
    readonly replacementTrigger?: PropertyValue;
    /** True when the provider wants the object read before each update. */
    readonly refreshBeforeUpdate?: boolean;
    /** Names of the hooks to run, by moment. */
    readonly resourceHooks?: HookBindings;
    /** RFC 3339 times of the object's creation and last change. */
    readonly created?: string;
    readonly modified?: string;
    readonly sourcePosition?: string;
    readonly ignoreChanges: readonly string[];
    readonly replaceOnChanges: readonly string[];
    readonly hideDiff: readonly string[];
}

/** The lists and maps of a {@link ResourceState} that holds nothing but itself. */
export const nothingKept = {
    dependencies: [],
    propertyDependencies: {},
    initErrors: [],
    additionalSecretOutputs: [],
    aliases: [],
    ignoreChanges: [],
    replaceOnChanges: [],
    hideDiff: [],
} satisfies Partial<ResourceState>;

export type PendingOperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

/** A step that was running when the snapshot was taken: whether it happened is not known. */
export interface PendingOperation {
    readonly resource: ResourceState;
    readonly type: PendingOperationType;
}

/** Everything known about a stack. `resources` is in dependency order: what is depended on comes first. */
export interface Snapshot {
    readonly resources: readonly ResourceState[];
    readonly pendingOperations: readonly PendingOperation[];
}

export const emptySnapshot: Snapshot = { resources: [], pendingOperations: [] };
