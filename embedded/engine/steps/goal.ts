/** What the program asks for: one resource with its inputs and options, decoded and checked. */
import type { CustomTimeouts } from "../state/snapshot.ts";
import type { PropertyMap, PropertyValue } from "../values.ts";

export interface Goal {
    readonly type: string;
    readonly name: string;
    /** False for components and the stack. */
    readonly custom: boolean;
    readonly inputs: PropertyMap;
    readonly parent?: string | undefined;
    readonly protect?: boolean | undefined;
    readonly dependencies: readonly string[];
    readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
    /** `urn::id` of the provider named by the program; absent for the default provider. */
    readonly provider?: string | undefined;
    /** Version of the SDK package that asks; decides which default provider is used. */
    readonly version: string;
    readonly ignoreChanges: readonly string[];
    readonly replaceOnChanges: readonly string[];
    readonly additionalSecretOutputs: readonly string[];
    readonly hideDiff: readonly string[];
    /** Undefined leaves it to the provider. */
    readonly deleteBeforeReplace?: boolean | undefined;
    /** What the resource may be called in the state. */
    readonly aliases: readonly Alias[];
    readonly customTimeouts?: CustomTimeouts | undefined;
    readonly retainOnDelete?: boolean | undefined;
    readonly deletedWith?: string | undefined;
    /** URNs of resources whose replacement replaces this one too. */
    readonly replaceWith: readonly string[];
    /** A value whose change replaces the resource. */
    readonly replacementTrigger?: PropertyValue | undefined;
    /** The id of an existing object to take over. */
    readonly importId?: string | undefined;
    /** Names of the hooks to run, by moment. */
    readonly hooks: HookBindings;
    /** `file://path#line,column` of the line that asks for it. */
    readonly sourcePosition?: string | undefined;
}

/** An earlier URN, or what was different in it. */
export type Alias = string | AliasSpec;

/** Parts that are absent were as they are now. */
export interface AliasSpec {
    readonly name?: string;
    readonly type?: string;
    readonly stack?: string;
    readonly project?: string;
    /** URN of the parent. */
    readonly parent?: string;
    /** There was no parent but the stack. */
    readonly noParent?: true;
}

/** The lists and maps of a {@link Goal} that nothing is said about; fields that may be absent are. */
export const noOptions = {
    dependencies: [],
    propertyDependencies: {},
    version: "",
    ignoreChanges: [],
    replaceOnChanges: [],
    additionalSecretOutputs: [],
    hideDiff: [],
    aliases: [],
    replaceWith: [],
    hooks: {},
} satisfies Partial<Goal>;

export type HookMoment = "beforeCreate" | "afterCreate" | "beforeUpdate" | "afterUpdate" | "beforeDelete" | "afterDelete" | "onError";
/** Moments without hooks are absent. */
export type HookBindings = Readonly<Partial<Record<HookMoment, readonly string[]>>>;

/** An object that the program only wants to read. */
export interface ReadGoal {
    readonly type: string;
    readonly name: string;
    /** Undefined when it is not known yet, in a preview. */
    readonly id: string | undefined;
    readonly inputs: PropertyMap;
    readonly parent?: string | undefined;
    readonly dependencies: readonly string[];
    readonly provider?: string | undefined;
    readonly version: string;
    readonly additionalSecretOutputs: readonly string[];
}

/** The question whether an object is there. */
export type ExistenceGoal = Pick<ReadGoal, "type" | "id" | "inputs" | "parent" | "provider" | "version">;

export interface InvokeRequest {
    readonly token: string;
    readonly args: PropertyMap;
    readonly provider?: string | undefined;
    readonly version: string;
}
