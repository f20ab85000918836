/** Writes down what a preview decides. */
import { randomBytes } from "node:crypto";
import type { PropertyMap } from "../values.ts";
import type { PlanGate, PlannedStep } from "./gate.ts";
import { inputsBefore, planDiff, plannedGoal, type Plan, type ResourcePlan } from "./plan.ts";

/** As long as those of the official engine. */
const SEED_BYTES = 32;

export class PlanRecorder implements PlanGate {
    readonly plan: Plan = { resources: new Map() };
    readonly #seeds = new Map<string, Uint8Array>();

    seed(urn: string): Uint8Array {
        const seed = this.#seeds.get(urn) ?? randomBytes(SEED_BYTES);
        this.#seeds.set(urn, seed);
        return seed;
    }

    decided(step: PlannedStep): void {
        const { urn, ops, goal } = step;
        const known = this.plan.resources.get(urn) ?? { ops: [] };
        // Objects that were replaced are deleted at the end, which the replacement says already.
        const more = ops.filter((op) => op !== "delete-replaced" || !known.ops.includes(op));
        const entry: ResourcePlan = { ...known, ops: [...known.ops, ...more] };
        if (goal) {
            entry.goal = plannedGoal(goal, step.new, planDiff(inputsBefore(step), step.new?.inputs ?? {}));
            entry.seed = this.seed(urn);
        }
        this.plan.resources.set(urn, entry);
    }

    outputs(urn: string, before: PropertyMap, after: PropertyMap): void {
        const known = this.plan.resources.get(urn);
        if (known?.goal) known.goal = { ...known.goal, outputDiff: planDiff(before, after) };
    }

    complete(): void {}
}
