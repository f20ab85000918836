/** Where policy packs stand in a run: the contract between the deployment, which asks, and the packs, which answer. */
import type { PolicyRemediationEvent, PolicyViolationEvent } from "../events.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import type { PropertyMap } from "../values.ts";

/** A resource as policies see it. */
export interface PolicySubject {
    /** With inputs as the provider completed them; outputs only for rules about the stack. */
    readonly state: ResourceState;
    /** The options the program gave; absent for rules about the stack. */
    readonly goal?: Goal | undefined;
    /** The provider resource that owns it, with its configuration. */
    readonly provider?: ResourceState | undefined;
}

export interface PolicyVerdict {
    readonly violations: readonly PolicyViolationEvent[];
    /** Whether a mandatory rule was broken. */
    readonly refused: boolean;
}

export interface PolicyRemediation {
    readonly inputs: PropertyMap;
    readonly changes: readonly PolicyRemediationEvent[];
    /** Advisory: what could not be corrected, since a value is not known yet. */
    readonly violations: readonly PolicyViolationEvent[];
}

export interface PolicyGate {
    /** Corrects the inputs; called before {@link analyze}, in the order of the packs. */
    remediate(subject: PolicySubject): Promise<PolicyRemediation>;
    /** Judges one resource before its step; a refused one is not carried out. */
    analyze(subject: PolicySubject): Promise<PolicyVerdict>;
    /** Judges all resources of the stack once the program has registered everything, before anything is deleted. */
    analyzeStack(subjects: readonly PolicySubject[]): Promise<PolicyVerdict>;
    close(): Promise<void>;
}
