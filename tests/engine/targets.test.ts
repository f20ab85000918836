/** Operations about some of the resources. Sources as in `steps.test.ts`. */
import { describe, expect, test } from "@jest/globals";
import { registerOutputs } from "../../embedded/engine/deployment/outputs.ts";
import { destroy, refresh } from "../../embedded/engine/index.ts";
import type { Scope } from "../../embedded/engine/run.ts";
import { Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { expectInOrder, GROUP, Stack, THING, thing, type Direct, type Program } from "./support/direct.ts";
import { find } from "./support/runs.ts";

const a = thing("a");
const b = thing("b");
const c = thing("c");

/** `b` depends on `a`, `c` stands alone; `value` changes them. */
const three =
    (value: number) =>
    async (program: Program): Promise<void> => {
        await program.thing("a", { value });
        await program.thing("b", { value }, { dependencies: [a] });
        await program.thing("c", { value });
    };

/** A stack with the three. */
async function made(): Promise<Stack> {
    const stack = new Stack();
    await stack.up(three(1));
    return stack;
}

const destroyed = (stack: Stack, scope: Partial<Scope>, preview = false): Promise<Direct> =>
    stack.run((run) => destroy(run, { preview }), { scope }, preview);

const invalid = async (program: Program): Promise<void> => {
    await program.thing("a", { invalid: true });
    await program.thing("c", { value: 1 });
};

const without = async (program: Program): Promise<void> => void (await program.thing("c", { value: 1 }));

const withOutputs =
    (outputs: PropertyMap) =>
    async (program: Program): Promise<void> => {
        await three(1)(program);
        await program.group("new");
        await registerOutputs(program.deployment, thing("new", GROUP), { url: "x" });
        await program.outputs(outputs);
    };

describe("an update about some resources", () => {
    test.each<[string, Partial<Scope>, string[]]>([
        ["of targets touches only these", { targets: [a] }, ["update a"]],
        ["of targets takes patterns", { targets: ["**::a", "urn:pulumi:*::*::*::c"] }, ["update a"]],
        ["of targets takes patterns of anything", { targets: ["**c", "**::a"] }, ["update a", "update c"]],
        ["of targets and their dependents", { targets: [a], targetDependents: true }, ["update a", "update b"]],
        ["without excluded ones", { excludes: [a] }, ["update b", "update c"]],
        ["without excluded ones and their dependents", { excludes: [a], excludeDependents: true }, ["update c"]],
        ["of a target on its own", { targets: [b] }, ["update b"]],
    ])("%s (engine/target_test.go)", async (_what, scope, calls) => {
        const stack = await made();
        expect(await stack.up(three(2), { scope, preview: true })).toMatchObject({ failed: false, steps: calls });
        const before = stack.snapshot;
        const ran = await stack.up(three(2), { scope });
        expect({ diagnostics: ran.diagnostics.filter((text) => text.startsWith("error")), calls: ran.calls }).toEqual({
            diagnostics: [],
            calls,
        });
        for (const { urn } of before.resources.filter(
            (state) => state.type === THING && !calls.some((call) => state.urn.endsWith(`::${call.slice(-1)}`)),
        ))
            expect(ran.snapshot.resources.find((state) => state.urn === urn)).toEqual(before.resources.find((state) => state.urn === urn));
        expectInOrder(ran.snapshot.resources);
    });

    test("asks the provider nothing about what it leaves out", async () => {
        const stack = await made();
        expect((await stack.up(three(0), { scope: { targets: [c] } })).failed).toBe(false);
        expect(await stack.up(invalid, { scope: { targets: [c] } })).toMatchObject({ failed: false, calls: ["update c"] });
    });

    test("does not create what it leaves out, nor what is only new below it (step_generator.go skippedCreates)", async () => {
        const stack = new Stack();
        const ran = await stack.up(three(1), { scope: { targets: [c] } });
        expect(ran).toMatchObject({ failed: false, calls: ["create c"], changes: { create: 2 } });
        expect(stack.names()).toEqual(["c"]);
        expect(find(ran.snapshot, "c").provider).toContain("::default::");
    });

    test.each<[string, Partial<Scope>, RegExp]>([
        ["a target", { targets: [b] }, /::b depends on .*::a, which does not exist yet and is not among the targets/],
        ["what is not excluded", { excludes: [a] }, /::b depends on .*::a, which does not exist yet and is excluded/],
    ])("refuses %s that needs what is left out and not there", async (_what, scope, message) => {
        const stack = new Stack();
        const ran = await stack.up(three(1), { scope });
        expect(ran.diagnostics).toEqual([expect.stringMatching(message)]);
        expect(ran.calls).not.toContain("create b");
    });

    test("deletes only targets that are no longer asked for, and refuses to delete more on their account", async () => {
        const stack = await made();
        expect(await stack.up(without, { scope: { targets: [c] } })).toMatchObject({ failed: false, calls: [] });
        const ran = await stack.up(without, { scope: { targets: [a] } });
        expect(ran.diagnostics).toEqual([
            expect.stringMatching(/::b would be deleted with what it depends on, but is not among the targets/),
        ]);
        expect(ran.calls).toEqual([]);
        expect(await stack.up(without, { scope: { targets: [a], targetDependents: true } })).toMatchObject({
            calls: ["delete b", "delete a"],
        });
    });

    test("keeps the outputs of the stack that come from what it leaves out, and ignores those of new components", async () => {
        const stack = await made();
        await stack.up(withOutputs({ a: "as it was" }), { scope: { targets: [a] } });
        const ran = await stack.up(withOutputs({ a: Unknown.instance, b: { deep: Unknown.instance }, c: 1 }), { scope: { targets: [a] } });
        expect(ran).toMatchObject({ failed: false, outputs: { a: "as it was", c: 1 } });
        expect(ran.outputs).not.toHaveProperty("b");
        expect(JSON.stringify(ran.events)).not.toContain(thing("new", GROUP));
        expect(stack.names()).toEqual(["a", "b", "c"]);
    });

    test("refuses a target that is nowhere, and deletes nothing", async () => {
        const stack = await made();
        const ran = await stack.up(async () => {}, { scope: { targets: [a, thing("nobody"), "**nothing**"] } });
        expect(ran.diagnostics).toEqual([
            expect.stringMatching(/^error: --target .*::nobody names no resource of the stack/),
            "warning: --target **nothing** names no resource of the stack.",
        ]);
        expect(ran.calls).toEqual([]);
    });
});

describe("destroying some resources", () => {
    test.each<[string, Partial<Scope>, string[]]>([
        ["targets that nothing needs", { targets: [b] }, ["delete b"]],
        ["targets and their dependents", { targets: [a], targetDependents: true }, ["delete b", "delete a"]],
        ["all but what is excluded and what that needs", { excludes: [b] }, ["delete c"]],
    ])("deletes %s (engine/destroy_test.go)", async (_what, scope, calls) => {
        const stack = await made();
        expect(await destroyed(stack, scope)).toMatchObject({ failed: false, calls });
        expectInOrder(stack.snapshot.resources);
    });

    test("refuses to delete dependents that are not targets", async () => {
        const ran = await destroyed(await made(), { targets: [a] });
        expect(ran.diagnostics).toEqual([expect.stringMatching(/::b would be deleted/)]);
        expect(ran.calls).toEqual([]);
    });

    test("refuses a target that is nowhere", async () => {
        const ran = await destroyed(await made(), { targets: [thing("nobody")] });
        expect(ran).toMatchObject({ failed: true, calls: [] });
    });
});

describe("refreshing some resources", () => {
    test.each<[string, Partial<Scope>, string[]]>([
        ["targets", { targets: [a] }, ["refresh a"]],
        ["targets and their dependents", { targets: [a], targetDependents: true }, ["refresh a", "refresh b"]],
        ["all but excluded ones", { excludes: [a] }, ["refresh b", "refresh c"]],
        ["all but excluded ones and their dependents", { excludes: [a], excludeDependents: true }, ["refresh c"]],
    ])("reads %s", async (_what, scope, steps) => {
        const stack = await made();
        const ran = await stack.run((run) => refresh(run, { preview: false }), { scope });
        expect(ran).toMatchObject({ failed: false, steps });
    });

    test.each<Partial<Scope>>([{ targets: [thing("nobody")] }, { excludes: [thing("nobody")] }])("refuses %j", async (scope) => {
        const stack = await made();
        const ran = await stack.run((run) => refresh(run, { preview: false }), { scope });
        expect(ran).toMatchObject({ failed: true, steps: [] });
    });
});
