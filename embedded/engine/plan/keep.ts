/** Holds an update to its plan: nothing else is done, nothing more, and nothing planned is left out. */
import { randomBytes } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import type { StepOp } from "../events.ts";
import type { PropertyMap } from "../values.ts";
import { optionDifferences, valueDifferences } from "./differences.ts";
import type { PlanGate, PlannedStep } from "./gate.ts";
import { inputsBefore, noDiff, plannedGoal, type Plan, type ResourcePlan } from "./plan.ts";

/** What steps come to, in the order of their weight. */
const WEIGHTS = ["same", "update", "replace"];
/** Steps that only look. */
const LOOKS: ReadonlySet<StepOp> = new Set<StepOp>(["read", "read-replacement", "refresh", "discard", "discard-replaced"]);

export class PlanKeeper implements PlanGate {
    readonly #plan: Plan;
    readonly #source: string;
    readonly #seen = new Set<string>();

    /** @param source the plan's file, or what else it is of, for messages */
    constructor(plan: Plan, source: string) {
        this.#plan = plan;
        this.#source = source;
    }

    seed(urn: string): Uint8Array {
        return this.#plan.resources.get(urn)?.seed ?? randomBytes(32);
    }

    decided(step: PlannedStep): void {
        const { urn, ops, goal } = step;
        const planned = this.#plan.resources.get(urn);
        if (goal) this.#seen.add(urn);
        const op = opOf(ops);
        if (goal && !planned && !step.old) throw this.#violation(urn, ["it is not in the plan, but would be created"]);
        if (goal && planned && !planned.goal)
            throw this.#violation(urn, [`planned ${opOf(planned.ops)}, found that the program asks for it`]);
        const differences = goal ? this.#differences(step, planned) : [];
        const allowed = planned ? opOf(planned.ops) : "same";
        if (!allows(allowed, op, planned)) differences.push(`planned ${planned ? allowed : "nothing"}, found ${op}`);
        if (differences.length) throw this.#violation(urn, differences);
    }

    outputs(urn: string, before: PropertyMap, after: PropertyMap): void {
        const planned = this.#plan.resources.get(urn)?.goal;
        if (!planned) return;
        const differences = valueDifferences("output", planned.outputDiff, before, after);
        if (differences.length) throw this.#violation(urn, differences);
    }

    complete(): void {
        const missing = [...this.#plan.resources].filter(
            ([urn, { goal, ops }]) => goal && !this.#seen.has(urn) && !ops.every((op) => LOOKS.has(op)),
        );
        if (!missing.length) return;
        const lines = missing.map(([urn, { ops }]) => `  - ${urn}: planned ${opOf(ops)}, but the program did not ask for it`);
        throw new UserError(`The update is not as planned in ${this.#source}:\n${lines.join("\n")}\n${AGAIN}`);
    }

    #differences(step: PlannedStep, planned: ResourcePlan | undefined): string[] {
        const { goal, old } = step;
        if (!goal) return [];
        const news = step.new?.inputs ?? {};
        const olds = inputsBefore(step);
        if (!planned?.goal) return old ? valueDifferences("property", noDiff, olds, news) : [];
        return [
            ...optionDifferences(planned.goal, plannedGoal(goal, step.new, noDiff)),
            ...valueDifferences("property", planned.goal.inputDiff, olds, news),
        ];
    }

    #violation(urn: string, differences: readonly string[]): UserError {
        return new UserError(
            `${urn} is not as planned in ${this.#source}:\n${differences.map((text) => `  - ${text}`).join("\n")}\n${AGAIN}`,
        );
    }
}

const AGAIN = `Make a new plan with "preview --save-plan", or undo what has changed since.`;

/** The one word for a resource's steps. */
function opOf(ops: readonly StepOp[]): StepOp {
    if (ops.includes("replace")) return "replace";
    return ops.at(-1) ?? "same";
}

/** Whether a step is no more than what was planned. */
function allows(planned: StepOp, op: StepOp, plan: ResourcePlan | undefined): boolean {
    if (planned === op || plan?.ops.includes(op)) return true;
    if (planned === "create") return op === "same";
    const [limit, weight] = [WEIGHTS.indexOf(planned), WEIGHTS.indexOf(op)];
    return limit >= 0 && weight >= 0 && weight <= limit;
}
