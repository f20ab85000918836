/** What an update plan holds, and how a resource's planned inputs are told from its old ones. */
import { equal } from "../compare.ts";
import type { StepOp } from "../events.ts";
import type { CustomTimeouts, ResourceState } from "../state/snapshot.ts";
import type { Alias } from "../steps/goal.ts";
import type { Goal } from "../steps/goal.ts";
import type { PropertyMap, PropertyValue } from "../values.ts";
import type { PlannedStep } from "./gate.ts";

/** Top-level properties that change. */
export interface PlanDiff {
    readonly adds: PropertyMap;
    readonly deletes: readonly string[];
    /** The new values. */
    readonly updates: PropertyMap;
}

/** A resource as the program asked for it when the plan was made. */
export interface PlannedGoal {
    readonly type: string;
    readonly name: string;
    readonly custom: boolean;
    readonly inputDiff: PlanDiff;
    readonly outputDiff: PlanDiff;
    readonly parent?: string | undefined;
    readonly protect: boolean;
    readonly dependencies: readonly string[];
    /** `urn::id`; the id is that of unknown values when the provider is yet to be made. */
    readonly provider?: string | undefined;
    readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
    readonly deleteBeforeReplace?: boolean | undefined;
    readonly ignoreChanges: readonly string[];
    readonly additionalSecretOutputs: readonly string[];
    readonly aliases: readonly Alias[];
    readonly importId?: string | undefined;
    readonly customTimeouts: CustomTimeouts;
}

export interface ResourcePlan {
    /** Absent for resources that go. */
    goal?: PlannedGoal;
    ops: readonly StepOp[];
    /** Random bytes from which names are made, so that the update makes those of the plan. */
    seed?: Uint8Array;
}

export interface Plan {
    /** By URN. */
    readonly resources: Map<string, ResourcePlan>;
}

export const noDiff: PlanDiff = { adds: {}, deletes: [], updates: {} };

export function planDiff(olds: PropertyMap, news: PropertyMap): PlanDiff {
    const pick = (keep: (key: string, value: PropertyValue) => boolean): PropertyMap =>
        Object.fromEntries(Object.entries(news).filter(([key, value]) => keep(key, value)));
    return {
        adds: pick((key) => !(key in olds)),
        deletes: Object.keys(olds).filter((key) => !(key in news)),
        updates: pick((key, value) => key in olds && !equal(olds[key], value)),
    };
}

/** The inputs from which a step starts; none for objects that are made. */
export function inputsBefore({ ops, old }: Pick<PlannedStep, "ops" | "old">): PropertyMap {
    return !old || old.external || ops.includes("create") ? {} : old.inputs;
}

/** @param state what becomes of the goal: with the provider that was found for it */
export function plannedGoal(goal: Goal, state: ResourceState | undefined, inputDiff: PlanDiff): PlannedGoal {
    return {
        type: goal.type,
        name: goal.name,
        custom: goal.custom,
        inputDiff,
        outputDiff: noDiff,
        parent: goal.parent,
        protect: goal.protect ?? false,
        dependencies: goal.dependencies,
        provider: goal.provider ?? state?.provider,
        propertyDependencies: goal.propertyDependencies,
        deleteBeforeReplace: goal.deleteBeforeReplace,
        ignoreChanges: goal.ignoreChanges,
        additionalSecretOutputs: goal.additionalSecretOutputs,
        aliases: goal.aliases,
        importId: goal.importId,
        customTimeouts: goal.customTimeouts ?? {},
    };
}
