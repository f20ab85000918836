/** A plan as the JSON of Pulumi's `apitype.DeploymentPlanV1`, secrets encrypted as in the stack's state. */
import { messageOf, UserError } from "../../common/errors.ts";
import { isMap } from "../config/yaml.ts";
import { secretStrings } from "../secretness.ts";
import { goJson } from "../state/json.ts";
import type { Crypter } from "../state/secrets.ts";
import { deserializeMap, serializeMap } from "../state/serialize-values.ts";
import { manifest } from "../state/serialize.ts";
import type { CustomTimeouts } from "../state/snapshot.ts";
import type { ManifestV1, StoredValue } from "../state/types.ts";
import type { Alias, AliasSpec } from "../steps/goal.ts";
import type { StepOp } from "../events.ts";
import type { Plan, PlanDiff, PlannedGoal, ResourcePlan } from "./plan.ts";

type StoredMap = Record<string, StoredValue>;

interface PlanDiffV1 {
    adds?: StoredMap;
    deletes?: string[];
    updates?: StoredMap;
}

/** Go's struct of aliases has no names of its own for JSON. */
interface AliasV1 {
    URN: string;
    Name: string;
    Type: string;
    Project: string;
    Stack: string;
    Parent: string;
    NoParent: boolean;
}

interface GoalV1 {
    type: string;
    name: string;
    custom: boolean;
    inputDiff: PlanDiffV1;
    outputDiff: PlanDiffV1;
    parent?: string;
    protect: boolean;
    dependencies?: string[];
    provider?: string;
    propertyDependencies?: Record<string, string[]>;
    deleteBeforeReplace?: boolean;
    ignoreChanges?: string[];
    additionalSecretOutputs?: string[];
    aliases?: string[];
    structuredAliases?: AliasV1[];
    id?: string;
    customTimeouts: CustomTimeouts;
}

interface ResourcePlanV1 {
    goal?: GoalV1;
    steps?: StepOp[];
    /** Outputs, which only inform: this engine writes none. */
    state: StoredMap | null;
    /** In base64. */
    seed?: string;
}

interface DeploymentPlanV1 {
    manifest: ManifestV1;
    /** As the stack's settings file has it, secrets encrypted. */
    config?: StoredMap;
    resourcePlans?: Record<string, ResourcePlanV1>;
}

/** Whether a plan holds a secret, so that it needs a key to be written. */
export function holdsSecrets(plan: Plan): boolean {
    return [...plan.resources.values()].some(({ goal }) =>
        [goal?.inputDiff, goal?.outputDiff].some((diff) => diff && [diff.adds, diff.updates].some((map) => secretStrings(map).length)),
    );
}

/** The text of a plan's file. */
export function writePlan(plan: Plan, config: StoredMap, crypter: Crypter): string {
    const resourcePlans = Object.fromEntries(
        [...plan.resources].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([urn, entry]) => [urn, entryOf(urn, entry, crypter)]),
    );
    const file: DeploymentPlanV1 = {
        manifest: manifest(),
        // Pulumi's configuration has texts only; a settings file may have numbers and booleans.
        ...(Object.keys(config).length && {
            config: Object.fromEntries(
                Object.entries(config).map(([key, value]) => [key, isMap(value) || Array.isArray(value) ? value : String(value)]),
            ),
        }),
        ...(Object.keys(resourcePlans).length && { resourcePlans }),
    };
    return `${goJson(file, "    ")}\n`;
}

function entryOf(urn: string, { goal, ops, seed }: ResourcePlan, crypter: Crypter): ResourcePlanV1 {
    return {
        ...(goal && { goal: goalOf(urn, goal, crypter) }),
        ...(ops.length && { steps: [...ops] }),
        state: null,
        ...(seed && { seed: Buffer.from(seed).toString("base64") }),
    };
}

function goalOf(urn: string, goal: PlannedGoal, crypter: Crypter): GoalV1 {
    const diff = ({ adds, deletes, updates }: PlanDiff, place: string): PlanDiffV1 => ({
        ...(Object.keys(adds).length && { adds: serializeMap(adds, { crypter }, `${urn}|${place}`) }),
        ...(deletes.length && { deletes: [...deletes] }),
        ...(Object.keys(updates).length && { updates: serializeMap(updates, { crypter }, `${urn}|${place}`) }),
    });
    return {
        type: goal.type,
        name: goal.name,
        custom: goal.custom,
        inputDiff: diff(goal.inputDiff, "inputs"),
        outputDiff: diff(goal.outputDiff, "outputs"),
        ...(goal.parent && { parent: goal.parent }),
        protect: goal.protect,
        ...listed("dependencies", goal.dependencies),
        ...(goal.provider && { provider: goal.provider }),
        ...(Object.keys(goal.propertyDependencies).length && {
            propertyDependencies: Object.fromEntries(
                Object.entries(goal.propertyDependencies)
                    .toSorted(([a], [b]) => (a < b ? -1 : 1))
                    .map(([key, urns]) => [key, [...urns]]),
            ),
        }),
        ...(goal.deleteBeforeReplace !== undefined && { deleteBeforeReplace: goal.deleteBeforeReplace }),
        ...listed("ignoreChanges", goal.ignoreChanges),
        ...listed("additionalSecretOutputs", goal.additionalSecretOutputs),
        ...(goal.aliases.length && { structuredAliases: goal.aliases.map(aliasOf) }),
        ...(goal.importId && { id: goal.importId }),
        customTimeouts: goal.customTimeouts,
    };
}

function listed(name: string, values: readonly string[]): object {
    return values.length ? { [name]: [...values] } : {};
}

function aliasOf(alias: Alias): AliasV1 {
    const spec: AliasSpec & { readonly urn?: string } = typeof alias === "string" ? { urn: alias } : alias;
    const { urn = "", name = "", type = "", project = "", stack = "", parent = "", noParent = false } = spec;
    return { URN: urn, Name: name, Type: type, Project: project, Stack: stack, Parent: parent, NoParent: noParent };
}

/**
 * Reads the text of a plan's file.
 * @param source the file, for messages
 * @param stack the URNs of the stack begin with this: `urn:pulumi:STACK::PROJECT::`
 * @throws UserError when it is none, is of another stack, or its secrets do not open
 */
export function readPlan(text: string, source: string, stack: string, crypter: Crypter): Plan {
    const file = parse(text, source);
    if (!isMap(file) || !isMap(file["manifest"]))
        throw new UserError(`${source} (--plan) is not an update plan: make one with "preview --save-plan".`);
    const entries = Object.entries((file as unknown as DeploymentPlanV1).resourcePlans ?? {});
    const foreign = entries.find(([urn]) => !urn.startsWith(stack));
    if (foreign)
        throw new UserError(
            `${source} (--plan) is the plan of another stack: it holds ${foreign[0]}, the stack's names begin with ${stack}.`,
        );
    try {
        return { resources: new Map(entries.map(([urn, entry]) => [urn, entryFrom(urn, entry, crypter)])) };
    } catch (error) {
        throw new UserError(
            `${source} (--plan) cannot be read: ${messageOf(error)}. Make it anew with "preview --save-plan", with the passphrase of the stack.`,
        );
    }
}

function parse(text: string, source: string): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new UserError(`${source} (--plan) is not JSON: ${messageOf(error)}`);
    }
}

function entryFrom(urn: string, { goal, steps, seed }: ResourcePlanV1, crypter: Crypter): ResourcePlan {
    return { ...(goal && { goal: goalFrom(urn, goal, crypter) }), ops: steps ?? [], ...(seed && { seed: Buffer.from(seed, "base64") }) };
}

function goalFrom(urn: string, goal: GoalV1, crypter: Crypter): PlannedGoal {
    const diff = ({ adds, deletes, updates }: PlanDiffV1 = {}): PlanDiff => ({
        adds: deserializeMap(adds ?? {}, { crypter }, urn),
        deletes: deletes ?? [],
        updates: deserializeMap(updates ?? {}, { crypter }, urn),
    });
    return {
        type: goal.type,
        name: goal.name,
        custom: goal.custom,
        inputDiff: diff(goal.inputDiff),
        outputDiff: diff(goal.outputDiff),
        parent: goal.parent,
        protect: goal.protect,
        dependencies: goal.dependencies ?? [],
        provider: goal.provider,
        propertyDependencies: goal.propertyDependencies ?? {},
        deleteBeforeReplace: goal.deleteBeforeReplace,
        ignoreChanges: goal.ignoreChanges ?? [],
        additionalSecretOutputs: goal.additionalSecretOutputs ?? [],
        aliases: [...(goal.aliases ?? []), ...(goal.structuredAliases ?? []).map(aliasFrom)],
        importId: goal.id,
        customTimeouts: goal.customTimeouts ?? {},
    };
}

function aliasFrom({ URN, Name, Type, Project, Stack, Parent, NoParent }: AliasV1): Alias {
    if (URN) return URN;
    return {
        ...(Name && { name: Name }),
        ...(Type && { type: Type }),
        ...(Project && { project: Project }),
        ...(Stack && { stack: Stack }),
        ...(Parent && { parent: Parent }),
        ...(NoParent && { noParent: NoParent }),
    };
}
