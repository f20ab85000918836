/** Where an update plan stands in a run: the contract between the deployment and a plan that is written or kept to. */
import type { StepOp } from "../events.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Goal } from "../steps/goal.ts";
import type { PropertyMap } from "../values.ts";

/** What was decided about one resource. */
export interface PlannedStep {
    readonly urn: string;
    /** The steps in order; a replacement is `create-replacement, replace, delete-replaced` or the other way round. */
    readonly ops: readonly StepOp[];
    /** The resource as the program asks for it; absent for deletions. */
    readonly goal?: Goal | undefined;
    readonly old?: ResourceState | undefined;
    readonly new?: ResourceState | undefined;
}

export interface PlanGate {
    /** The random bytes from which the provider makes a resource's name: the same in an update as in its plan. */
    seed(urn: string): Uint8Array;
    /** Takes note of a decision; throws {@link UserError} when it is not what was planned. Called before the step begins. */
    decided(step: PlannedStep): void;
    /** Takes note of the outputs that a component or the stack registers; throws {@link UserError} when they are not as planned. */
    outputs(urn: string, before: PropertyMap, after: PropertyMap): void;
    /** Called once the program has registered everything: throws when something planned did not come. */
    complete(): void;
}
