/** Runs of the engine without a program's process: resources are registered one after the other, as a program would ask for them. */
import { expect } from "@jest/globals";
import { Deployment, StepFailed, type Done } from "../../../embedded/engine/deployment/deployment.ts";
import { registerOutputs } from "../../../embedded/engine/deployment/outputs.ts";
import { readResource } from "../../../embedded/engine/deployment/read.ts";
import { register } from "../../../embedded/engine/deployment/register.ts";
import { needsOf } from "../../../embedded/engine/deployment/scope.ts";
import type { EngineEvent } from "../../../embedded/engine/events.ts";
import { emptySnapshot, type EngineRun, type OperationResult, type ResourceState, type Snapshot } from "../../../embedded/engine/index.ts";
import { converge } from "../../../embedded/engine/operations/update.ts";
import type { Scope } from "../../../embedded/engine/run.ts";
import { noOptions, type Goal, type ReadGoal } from "../../../embedded/engine/steps/goal.ts";
import { STACK_TYPE } from "../../../embedded/engine/urn.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { double, nameOf, World } from "./double.ts";

export const THING = "double:index:Thing";
export const GROUP = "test:group:Group";
export const PROVIDER = "pulumi:providers:double";
export const STACK = `urn:pulumi:unit::test::${STACK_TYPE}::test-unit`;

/** The URN of a thing without a parent. */
export function thing(name: string, type = THING): string {
    return `urn:pulumi:unit::test::${type}::${name}`;
}

export interface Registered extends Done {
    readonly urn: string;
    readonly outputs: PropertyMap;
    /** Reference for the option `provider`. */
    readonly reference: string;
}

export interface Program {
    /** Registers a thing of the double; undefined when that failed. */
    thing(name: string, inputs?: PropertyMap, goal?: Partial<Goal>): Promise<Registered | undefined>;
    group(name: string, goal?: Partial<Goal>): Promise<Registered | undefined>;
    provider(name: string, inputs?: PropertyMap, goal?: Partial<Goal>): Promise<Registered | undefined>;
    read(name: string, id: string | undefined, goal?: Partial<ReadGoal>): Promise<Registered | undefined>;
    outputs(outputs: PropertyMap): Promise<void>;
    readonly deployment: Deployment;
}

export interface Direct extends OperationResult {
    readonly events: readonly EngineEvent[];
    readonly diagnostics: readonly string[];
    /** Every step that changed something or was not the same, in order: `create a`. Components, providers and the stack only when they did. */
    readonly steps: readonly string[];
    readonly calls: readonly string[];
    readonly stored: number;
}

export type RunOptions = Partial<Omit<EngineRun, "scope">> & { readonly scope?: Partial<Scope>; readonly preview?: boolean };

/** A stack on which one run follows the other, with one world and one state. */
export class Stack {
    readonly world: World;
    snapshot: Snapshot = emptySnapshot;
    readonly #providers: EngineRun["providers"];

    constructor(world = new World(), providers: EngineRun["providers"] = { double: double(world) }) {
        this.world = world;
        this.#providers = providers;
    }

    /** An update, or with `preview` what it would do, which leaves the state. */
    async up(program: (program: Program) => Promise<unknown>, options: RunOptions = {}): Promise<Direct> {
        const { preview = false, ...more } = options;
        return await this.run(
            async (run) =>
                await converge(new Deployment(run, preview), async (deployment, finish) => {
                    await host(deployment, program);
                    if (!deployment.canceled) await finish();
                }),
            more,
            preview,
        );
    }

    /** Any operation. */
    async run(operation: (run: EngineRun) => Promise<OperationResult>, options: RunOptions = {}, preview = false): Promise<Direct> {
        const events: EngineEvent[] = [];
        let stored = 0;
        const { scope, preview: _preview, ...more } = options;
        this.world.calls.length = 0;
        const result = await operation({
            project: { name: "test", root: import.meta.dirname, runtimeOptions: {} },
            stack: "unit",
            organization: "organization",
            config: {},
            configSecretKeys: [],
            snapshot: this.snapshot,
            providers: this.#providers,
            parallel: 16,
            signal: new AbortController().signal,
            events: (event) => events.push(event),
            persist: async () => void stored++,
            ...(scope && { scope: { targets: [], excludes: [], targetDependents: false, excludeDependents: false, ...scope } }),
            ...more,
        });
        if (!preview) this.snapshot = result.snapshot;
        return {
            ...result,
            events,
            stored,
            calls: [...this.world.calls],
            diagnostics: events.flatMap((event) => (event.type === "diagnostic" ? [`${event.severity}: ${event.message}`] : [])),
            steps: events.flatMap((event) => {
                if (event.type !== "resource-outputs") return [];
                const { op, urn } = event.metadata;
                return op === "same" || urn === STACK ? [] : [`${op} ${nameOf(urn)}`];
            }),
        };
    }

    /** Resources of the state by name, without the stack and default providers; doomed ones as `a (delete)`. */
    names(): string[] {
        return this.snapshot.resources.flatMap(({ urn, delete: doomed }) => {
            const name = nameOf(urn);
            return urn === STACK || name === "default" ? [] : [doomed ? `${name} (delete)` : name];
        });
    }
}

/** A registration with everything left to the engine. */
function base(name: string, more: Partial<Goal>): Goal {
    return {
        type: THING,
        name,
        custom: true,
        inputs: {},
        parent: STACK,
        ...noOptions,
        ...more,
    };
}

async function host(deployment: Deployment, program: (program: Program) => Promise<unknown>): Promise<void> {
    const settled = async (work: Promise<Done>): Promise<Registered | undefined> => {
        try {
            const done = await work;
            const { urn, id, outputs } = done.state;
            return { ...done, urn, outputs, reference: `${urn}::${id ?? ""}` };
        } catch (error) {
            if (error instanceof StepFailed || deployment.canceled) return undefined;
            throw error;
        }
    };
    const ask = (goal: Goal): Promise<Registered | undefined> => settled(register(deployment, goal));
    await ask(base("test-unit", { type: STACK_TYPE, custom: false, parent: undefined }));
    await program({
        deployment,
        thing: (name, inputs = {}, goal = {}) => ask(base(name, { inputs, ...goal })),
        group: (name, goal = {}) => ask(base(name, { type: GROUP, custom: false, ...goal })),
        provider: (name, inputs = {}, goal = {}) => ask(base(name, { type: PROVIDER, inputs, ...goal })),
        read: (name, id, goal = {}) =>
            settled(
                readResource(deployment, {
                    type: THING,
                    name,
                    id,
                    inputs: {},
                    parent: STACK,
                    dependencies: [],
                    version: "",
                    additionalSecretOutputs: [],
                    ...goal,
                }),
            ),
        outputs: (outputs) => registerOutputs(deployment, STACK, outputs),
    });
}

/** Everything a resource needs comes before it. */
export function expectInOrder(resources: readonly ResourceState[]): void {
    const seen = new Set<string>();
    for (const state of resources) {
        expect([...seen]).toEqual(expect.arrayContaining(needsOf(state)));
        seen.add(state.urn);
    }
}
