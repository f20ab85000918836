/** Resources registered with a deployment that policy packs govern, without a program. */
import { join } from "node:path";
import { Deployment } from "../../embedded/engine/deployment/deployment.ts";
import { register } from "../../embedded/engine/deployment/register.ts";
import type { EngineEvent, PolicyLoadEvent } from "../../embedded/engine/events.ts";
import { openPolicies, type PackSource } from "../../embedded/engine/policy/index.ts";
import type { PolicyGate } from "../../embedded/engine/policy/gate.ts";
import { emptySnapshot, type EngineRun, type Snapshot } from "../../embedded/engine/index.ts";
import { converge } from "../../embedded/engine/operations/update.ts";
import { noOptions, type Goal } from "../../embedded/engine/steps/goal.ts";
import type { PropertyMap } from "../../embedded/engine/values.ts";
import { double, World } from "../engine/support/double.ts";

export const PACKS = join(import.meta.dirname, "packs");
export const STACK = "urn:pulumi:unit::test::pulumi:pulumi:Stack::test-unit";
export const urnOf = (name: string): string => `urn:pulumi:unit::test::double:index:Thing::${name}`;

export interface Opened {
    readonly gate: PolicyGate;
    readonly loaded: PolicyLoadEvent[];
    readonly lines: string[];
}

/** Starts packs as a preview's; relative paths are those of the packs here. */
export async function open(
    packs: readonly PackSource[],
    signal: AbortSignal = new AbortController().signal,
    onWait: (text: string) => void = () => {},
): Promise<Opened> {
    const loaded: PolicyLoadEvent[] = [];
    const lines: string[] = [];
    const gate = await openPolicies({
        packs,
        cwd: PACKS,
        facts: {
            stack: "unit",
            project: "test",
            organization: "organization",
            preview: true,
            config: { "test:word": "hello" },
            configSecretKeys: [],
        },
        signal,
        onLoad: (event) => loaded.push(event),
        onLine: (severity, line) => lines.push(`${severity} ${line}`),
        onWait,
    });
    return { gate, loaded, lines };
}

export function thing(name: string, inputs: PropertyMap, more: Partial<Goal> = {}): Goal {
    return {
        type: "double:index:Thing",
        name,
        custom: true,
        inputs,
        parent: STACK,
        ...noOptions,
        ...more,
    };
}

export interface Governed {
    readonly events: readonly EngineEvent[];
    readonly world: World;
    readonly failed: boolean;
    /** Names of the resources whose registration was rejected. */
    readonly rejected: readonly string[];
    readonly snapshot: Snapshot;
    /** `[level] policy (resource): message` of every violation, without the rule's description. */
    readonly violations: readonly string[];
    readonly errors: readonly string[];
}

/** Registers the stack and then these resources, one after the other, as a program would. */
export async function govern(
    gate: PolicyGate,
    preview: boolean,
    goals: readonly Goal[],
    snapshot: Snapshot = emptySnapshot,
    world: World = new World(),
    signal: AbortSignal = new AbortController().signal,
): Promise<Governed> {
    const events: EngineEvent[] = [];
    const rejected: string[] = [];
    const run: EngineRun = {
        project: { name: "test", root: PACKS, runtimeOptions: { typescript: false } },
        stack: "unit",
        organization: "organization",
        config: {},
        configSecretKeys: [],
        snapshot,
        providers: { double: double(world) },
        parallel: 4,
        signal,
        events: (event) => events.push(event),
        persist: async () => {},
        policies: gate,
    };
    const stack = thing("test-unit", {}, { type: "pulumi:pulumi:Stack", custom: false, parent: undefined });
    const result = await converge(new Deployment(run, preview), async (deployment, finish) => {
        for (const goal of [stack, ...goals]) await register(deployment, goal).catch(() => rejected.push(goal.name));
        await finish();
    });
    return {
        events,
        world,
        rejected,
        failed: result.failed,
        snapshot: result.snapshot,
        violations: events.flatMap((event) =>
            event.type === "policy-violation"
                ? [
                      `[${event.enforcementLevel}] ${event.policy} (${event.urn?.split("::").at(-1) ?? ""}): ${event.message.replace(`${event.description}\n`, "")}`,
                  ]
                : [],
        ),
        errors: events.flatMap((event) => (event.type === "diagnostic" && event.severity === "error" ? [event.message] : [])),
    };
}
