/** What an operation is given and what it answers: the contract between the engine and its command line. */
import type { EventSink, StepOp } from "./events.ts";
import type { PlanGate } from "./plan/gate.ts";
import type { PluginSetting } from "./plugins/locate.ts";
import type { PolicyGate } from "./policy/gate.ts";
import type { ProviderTable } from "./provider.ts";
import type { Redactor } from "./redact.ts";
import type { Snapshot } from "./state/snapshot.ts";
import type { PropertyMap } from "./values.ts";

export interface ProjectOfRun {
    readonly name: string;
    /** The folder of `Pulumi.yaml`. */
    readonly root: string;
    /** `main` of `Pulumi.yaml`: a folder, in which the program then runs, or a file. */
    readonly main?: string;
    /** `plugins.providers` of `Pulumi.yaml`. */
    readonly plugins?: readonly PluginSetting[];
    /** `runtime.options` of `Pulumi.yaml`. */
    readonly runtimeOptions: Readonly<Record<string, unknown>>;
}

export interface EngineRun {
    readonly project: ProjectOfRun;
    readonly stack: string;
    readonly organization: string;
    /** `namespace:key` → value, secrets decrypted. */
    readonly config: Readonly<Record<string, string>>;
    readonly configSecretKeys: readonly string[];
    /** The state before the operation. */
    readonly snapshot: Snapshot;
    readonly providers: ProviderTable;
    /** How many steps may run at once; 0 or less is no limit. */
    readonly parallel: number;
    /** Aborted when the user interrupts: no new steps begin, running ones are asked to end. */
    readonly signal: AbortSignal;
    readonly events: EventSink;
    /** Takes secrets out of what is said; absent for one that hides all of them. */
    readonly redactor?: Redactor;
    /** Stores the state; called after every step and before steps that change something, one call at a time. Absent in a preview. */
    readonly persist?: (snapshot: Snapshot) => Promise<void>;
    /** Goes on with what does not depend on a failed resource, deletions included. */
    readonly continueOnError?: boolean;
    /** Which resources the operation is about; absent for all. */
    readonly scope?: Scope;
    /** What policy packs say of the resources; absent without packs. */
    readonly policies?: PolicyGate;
    /** Writes down what is decided, or holds the run to what was written down. */
    readonly plan?: PlanGate;
    /** The outputs of another stack, for stack references; rejects with a sentence when there is none of that name. */
    readonly stackOutputs?: (name: string) => Promise<PropertyMap>;
}

/** `--target`, `--exclude` and what belongs to them. URNs may hold `*` (within a segment between `::`) and `**` (anything). */
export interface Scope {
    readonly targets: readonly string[];
    readonly targetDependents: boolean;
    readonly excludes: readonly string[];
    readonly excludeDependents: boolean;
}

export interface OperationResult {
    /** The state after the operation, also after one that failed. */
    readonly snapshot: Snapshot;
    readonly changes: Readonly<Partial<Record<StepOp, number>>>;
    readonly failed: boolean;
    readonly canceled: boolean;
    /** The stack's outputs. */
    readonly outputs: PropertyMap;
}
