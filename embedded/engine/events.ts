/** What happens during an operation, in order: everything a display shows and a digest counts. */
import type { PropertyDiffKind } from "./provider.ts";
import type { ResourceState } from "./state/snapshot.ts";
import type { PropertyMap } from "./values.ts";

/** Pulumi's names of steps. */
export type StepOp =
    | "same"
    | "create"
    | "update"
    | "delete"
    | "replace"
    | "create-replacement"
    | "delete-replaced"
    | "read"
    | "read-replacement"
    | "refresh"
    | "discard"
    | "discard-replaced"
    | "import"
    | "import-replacement"
    | "remove-pending-replace";

export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

/** A resource before or after a step, as far as it is known. Values still carry their Secret and Unknown marks. */
export type StepState = Partial<ResourceState> & Pick<ResourceState, "urn" | "type" | "custom" | "inputs" | "outputs">;

export interface StepMetadata {
    readonly op: StepOp;
    readonly urn: string;
    readonly type: string;
    readonly provider: string;
    /** False for the parts of a replacement (create-replacement, delete-replaced): the step "replace" stands for them and is what is counted. */
    readonly logical: boolean;
    readonly old?: StepState | undefined;
    readonly new?: StepState | undefined;
    /** Names of the properties that differ, and of those that force the replacement. */
    readonly diffs?: readonly string[] | undefined;
    readonly keys?: readonly string[] | undefined;
    readonly detailedDiff?: Readonly<Record<string, PropertyDiffKind>> | undefined;
}

export type EngineEvent =
    | { readonly type: "prelude"; readonly config: Readonly<Record<string, string>> }
    | { readonly type: "resource-pre"; readonly metadata: StepMetadata; readonly planning: boolean }
    | { readonly type: "resource-status"; readonly urn: string; readonly text: string }
    | { readonly type: "resource-outputs"; readonly metadata: StepMetadata; readonly planning: boolean }
    | { readonly type: "resource-failed"; readonly metadata: StepMetadata; readonly error: string }
    | {
          readonly type: "diagnostic";
          readonly severity: Severity;
          readonly message: string;
          readonly urn?: string | undefined;
          readonly ephemeral?: boolean | undefined;
      }
    | {
          readonly type: "summary";
          readonly changes: Readonly<Partial<Record<StepOp, number>>>;
          readonly durationMs: number;
          readonly planning: boolean;
          readonly maybeCorrupt: boolean;
      }
    | PolicyLoadEvent
    | PolicyViolationEvent
    | PolicyRemediationEvent
    | { readonly type: "cancel" };

/** A policy pack is ready: it is asked about what follows. */
export interface PolicyLoadEvent {
    readonly type: "policy-load";
    readonly pack: string;
    readonly packVersion: string;
    /** Where it is, as the user named it. */
    readonly path: string;
}

/** What a rule of a policy pack found. A mandatory one fails the operation. */
export interface PolicyViolationEvent {
    readonly type: "policy-violation";
    /** Absent for rules about the whole stack that name no resource. */
    readonly urn?: string | undefined;
    readonly message: string;
    readonly pack: string;
    readonly packVersion: string;
    readonly policy: string;
    readonly description: string;
    readonly enforcementLevel: "advisory" | "mandatory";
    readonly severity?: "low" | "medium" | "high" | "critical" | undefined;
}

/** A rule has corrected the inputs of a resource. */
export interface PolicyRemediationEvent {
    readonly type: "policy-remediation";
    readonly urn: string;
    readonly pack: string;
    readonly packVersion: string;
    readonly policy: string;
    readonly before: PropertyMap;
    readonly after: PropertyMap;
}

export type EventSink = (event: EngineEvent) => void;
