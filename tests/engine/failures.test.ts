import { describe, expect, test } from "@jest/globals";
import { UserError } from "../../embedded/common/errors.ts";
import { destroy, emptySnapshot, refresh, type Snapshot } from "../../embedded/engine/index.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram } from "./support/runs.ts";

const program = "steered.ts";

/** A thing that may fail, with what depends on it in every way, and what does not. */
const around = (failOn?: string): unknown => [
    { name: "bad", args: { failOn } },
    { name: "input", from: { value: "bad.generated" } },
    { name: "ordered", dependsOn: ["bad"] },
    { name: "indirect", dependsOn: ["ordered"] },
    { name: "child", parent: "bad" },
    { name: "independent", args: { delayMs: 100 } },
    { name: "later", dependsOn: ["independent"] },
];

describe("a resource that fails", () => {
    test("stops what depends on it and nothing else; nothing is deleted, and the next update goes on", async () => {
        const world = new World();
        const providers = { double: double(world) };
        const first = await runProgram({ program, providers, steer: [{ name: "unwanted" }] });
        world.calls.length = 0;
        const ran = await runProgram({ program, providers, snapshot: first.snapshot, steer: around("create") });
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics).toEqual(["error: creating failed: refused by the double"]);
        expect(world.calls).toEqual(["create independent", "create later"]);
        expect(ran.snapshot.pendingOperations).toEqual([]);
        expect(find(ran.snapshot, "unwanted").id).toBeTruthy();

        world.calls.length = 0;
        const next = await runProgram({ program, providers, snapshot: ran.snapshot, steer: around() });
        expect(next.failed).toBe(false);
        expect(world.calls.toSorted()).toEqual([
            "create bad",
            "create child",
            "create indirect",
            "create input",
            "create ordered",
            "delete unwanted",
        ]);
        expect(world.names()).toEqual(["bad", "child", "independent", "indirect", "input", "later", "ordered"]);
    });

    test("after its object came to exist is kept with the reasons, and brought right by the next update", async () => {
        const world = new World();
        const providers = { double: double(world) };
        const ran = await runProgram({ program, providers, steer: [{ name: "a", args: { partialOn: "create" } }] });
        expect(ran.diagnostics).toEqual(["error: creating failed: the object exists, but it never became ready"]);
        expect(find(ran.snapshot, "a")).toMatchObject({ initErrors: ["it never became ready"], outputs: { generated: "half" } });
        expect(ran.stored.at(-1)).toEqual(ran.snapshot);

        world.calls.length = 0;
        const next = await runProgram({
            program,
            providers,
            snapshot: ran.snapshot,
            steer: [{ name: "a", args: { partialOn: "create" } }],
        });
        expect(next).toMatchObject({ failed: false, changes: { same: 1, update: 1 } });
        expect(find(next.snapshot, "a").initErrors).toEqual([]);
        expect(world.calls).toEqual(["update a"]);
    });

    test("in its deletion keeps what it depends on; --continue-on-error deletes the rest", async () => {
        const world = new World();
        const providers = { double: double(world) };
        const { snapshot } = await runProgram({
            program,
            providers,
            steer: [
                { name: "base" },
                { name: "stuck", args: { failOn: "delete" }, dependsOn: ["base"] },
                { name: "other" },
                { name: "above", dependsOn: ["other"], args: { delayMs: 50 } },
            ],
        });
        const ran = await runProgram({ program, providers, snapshot, continueOnError: true }, (run) => destroy(run, { preview: false }));
        expect(ran.failed).toBe(true);
        expect(world.names()).toEqual(["base", "stuck"]);
        expect(ran.snapshot.resources.map(({ urn }) => urn.split("::").at(-1))).toEqual(["test-unit", "default", "base", "stuck"]);
    });

    test("for want of an id is refused", async () => {
        const world = new World();
        const providers = { double: double(world, { create: async () => ({ id: "" }) }) };
        const ran = await runProgram({ program, providers, steer: [{ name: "a" }] });
        expect(ran.diagnostics).toEqual(["error: creating failed: the provider double returned no id"]);
    });
});

/** A disk on which the state with `a` in it has no place. */
const fullDisk = async (snapshot: Snapshot): Promise<void> => {
    if (snapshot.resources.some(({ urn }) => urn.endsWith("::a"))) throw new UserError("no space left on the device");
};

test("a state that cannot be stored stops the update before anything more is done, and says so", async () => {
    const world = new World();
    const providers = { double: double(world) };
    const ran = await runProgram({ program, providers, persist: fullDisk, steer: [{ name: "a" }, { name: "b", dependsOn: ["a"] }] });
    expect(ran.failed).toBe(true);
    expect(ran.diagnostics.join("\n")).toContain("The state could not be stored: no space left on the device");
    expect(world.calls).toEqual(["create a"]);
});

test("at most as many steps run at once as asked for", async () => {
    const world = new World();
    const steer = Array.from({ length: 8 }, (_, i) => ({ name: `t${i}`, args: { delayMs: 30 } }));
    await runProgram({ program, providers: { double: double(world) }, steer, parallel: 3 });
    expect(world.mostRunning).toBe(3);
    expect(world.objects.size).toBe(8);
});

describe("an interruption", () => {
    test("lets running steps finish, begins no new ones, and leaves a true state to go on from", async () => {
        const world = new World();
        const providers = { double: double(world) };
        const controller = new AbortController();
        world.before = (call) => {
            if (call === "create b") setTimeout(() => controller.abort(), 50);
        };
        const steer = [{ name: "a" }, { name: "b", dependsOn: ["a"], args: { delayMs: 200 } }, { name: "c", dependsOn: ["b"] }];
        const started = Date.now();
        const ran = await runProgram({ program, providers, steer, signal: controller.signal });
        expect(Date.now() - started).toBeLessThan(20_000);
        expect(ran.canceled).toBe(true);
        expect(ran.events).toContainEqual({ type: "cancel" });
        expect(world.names()).toEqual(["a", "b"]);
        expect(find(ran.snapshot, "b").id).toBeTruthy();
        expect(ran.snapshot.pendingOperations).toEqual([]);
        expect(ran.stored.at(-1)).toEqual(ran.snapshot);
        world.calls.length = 0;
        const next = await runProgram({ program, providers, steer, snapshot: ran.snapshot });
        expect(next.failed).toBe(false);
        expect(world.calls).toEqual(["create c"]);
    });

    test("waits for a step that takes its time, also when the program is gone by then", async () => {
        const world = new World();
        const controller = new AbortController();
        world.before = () => void setTimeout(() => controller.abort(), 20);
        const ran = await runProgram({
            program,
            providers: { double: double(world) },
            steer: [{ name: "slow", args: { delayMs: 2500 } }],
            signal: controller.signal,
        });
        expect(ran).toMatchObject({ canceled: true, snapshot: { pendingOperations: [] } });
        expect(find(ran.snapshot, "slow").id).toBe([...world.objects.keys()][0]);
    });

    test("reaches waiting providers; a step that they give up stays in the state as unfinished", async () => {
        const world = new World();
        const controller = new AbortController();
        const providers = {
            double: double(world, {
                create: (_urn, _inputs, context) =>
                    new Promise((_resolve, reject) => {
                        context.signal.addEventListener("abort", () => reject(new Error("stopped waiting")));
                        setTimeout(() => controller.abort(), 20);
                    }),
            }),
        };
        const ran = await runProgram({ program, providers, steer: [{ name: "a" }], signal: controller.signal });
        expect(ran).toMatchObject({
            canceled: true,
            snapshot: { pendingOperations: [{ type: "creating", resource: { type: "double:index:Thing" } }] },
        });
        const next = await runProgram({ program, providers: { double: double(world) }, steer: [{ name: "a" }], snapshot: ran.snapshot });
        expect(next.failed).toBe(false);
        expect(next.diagnostics).toEqual([expect.stringMatching(/interrupted while creating .*::a, and the provider double cannot say/)]);
        expect(next.snapshot.pendingOperations).toEqual([]);
    });
});

test("an empty stack is refreshed and destroyed without a word", async () => {
    for (const operation of [refresh, destroy]) {
        const ran = await runProgram({ program, providers: {}, snapshot: emptySnapshot }, (run) => operation(run, { preview: false }));
        expect(ran).toMatchObject({ failed: false, changes: {}, snapshot: emptySnapshot, diagnostics: [] });
    }
});
