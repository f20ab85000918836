/** What happens to resources that have to do with each other. Sources as in `steps.test.ts`. */
import { describe, expect, test } from "@jest/globals";
import type { PropertyMap } from "../../embedded/engine/values.ts";
import { GROUP, Stack, STACK, thing, type Program, type RunOptions } from "./support/direct.ts";
import { find } from "./support/runs.ts";

type Asked = (program: Program) => Promise<unknown>;
const a = thing("a");
const group = thing("group", GROUP);

/** Runs `before`, then `after`, and tells what the second did. */
async function then(before: Asked, after: Asked, options?: RunOptions): Promise<object> {
    const stack = new Stack();
    await stack.up(before);
    const { diagnostics, steps, calls } = await stack.up(after, options);
    return { diagnostics, steps, calls, state: stack.names(), world: stack.world.names() };
}

/** `a` with a key, and `b`, which is bound to it by options. */
const pair =
    (key: number, goal: object, first: object = {}, inputs: PropertyMap = {}): Asked =>
    async (program) => {
        await program.thing("a", { key }, first);
        await program.thing("b", inputs, goal);
    };
const both = { diagnostics: [], state: ["a", "b"], world: ["a", "b"] };
const cascade = ["create-replacement a", "replace a", "create-replacement b", "replace b"];

describe("replacing a resource", () => {
    test("replaces those that name it in replaceWith (engine/replace_with_test.go)", async () => {
        const did = await then(pair(1, { replaceWith: [a] }), pair(2, { replaceWith: [a] }));
        expect(did).toEqual({
            ...both,
            steps: [...cascade, "delete-replaced b", "delete-replaced a"],
            calls: ["create a", "create b", "delete b", "delete a"],
        });
    });

    test("replaces those that are deleted with it, without deleting them (engine/deleted_with_replace_test.go)", async () => {
        const did = await then(pair(1, { deletedWith: a }), pair(2, { deletedWith: a }));
        expect(did).toMatchObject({
            steps: [...cascade, "delete-replaced b", "delete-replaced a"],
            calls: ["create a", "create b", "delete a"],
        });
    });

    test.each([
        ["name it in replaceWith", { replaceWith: [a] }, ["delete b", "delete a", "create a", "create b"]],
        ["are deleted with it", { deletedWith: a }, ["delete a", "create a", "create b"]],
    ])("by deleting it first deletes those first that %s (engine/delete_before_replace_test.go)", async (_how, goal, calls) => {
        const first = { deleteBeforeReplace: true };
        const did = await then(pair(1, goal, first), pair(2, goal, first));
        expect(did).toMatchObject({
            steps: ["delete-replaced b", "delete-replaced a", ...cascade],
            calls,
        });
    });
    test("by deleting it first leaves those that only come after it (engine/delete_before_replace_test.go)", async () => {
        const first = { deleteBeforeReplace: true };
        const did = await then(pair(1, { dependencies: [a] }, first), pair(2, { dependencies: [a] }, first));
        expect(did).toEqual({
            ...both,
            steps: ["delete-replaced a", "create-replacement a", "replace a"],
            calls: ["delete a", "create a"],
        });
    });

    test("by deleting it first deletes dependents whose own options replace them for the change", async () => {
        const first = { deleteBeforeReplace: true };
        const goal = { dependencies: [a], propertyDependencies: { value: [a] }, replaceOnChanges: ["value"] };
        const did = await then(pair(1, goal, first, { value: 1 }), pair(2, goal, first, { value: 2 }));
        expect(did).toMatchObject({ calls: ["delete b", "delete a", "create a", "create b"] });
    });

    test("refuses when a dependent that would be deleted is protected, and deletes nothing", async () => {
        const first = { deleteBeforeReplace: true };
        const goal = { replaceWith: [a], protect: true };
        const did = await then(pair(1, goal, first), pair(2, goal, first));
        expect(did).toMatchObject({ diagnostics: [expect.stringMatching(/::b would have to be replaced with .*::a/)], calls: [] });
    });

    test("forgets a dependent that was deleted for it and is not asked for (step_generator.go GenerateDeletes)", async () => {
        const first = { deleteBeforeReplace: true };
        const did = await then(pair(1, { replaceWith: [a] }, first), (program) => program.thing("a", { key: 2 }, first));
        expect(did).toMatchObject({
            steps: ["delete-replaced b", "delete-replaced a", "create-replacement a", "replace a", "remove-pending-replace b"],
            state: ["a"],
            world: ["a"],
        });
    });
});

const family: Asked = async (program) => {
    await program.group("group");
    await program.thing("child", {}, { parent: group });
    await program.thing("ward", {}, { deletedWith: group });
    await program.thing("after", {}, { dependencies: [`${group.replace("::group", "")}$double:index:Thing::child`] });
};

const stuck: Asked = async (program) => {
    await program.thing("base");
    await program.thing("stuck", { failOn: "delete" }, { dependencies: [thing("base")] });
    await program.thing("other");
    await program.thing("above", { delayMs: 20 }, { dependencies: [thing("other")] });
};

describe("deleting", () => {
    test("a component deletes its children, and spares what is deleted with it (docs options/deletedwith)", async () => {
        const did = await then(family, async () => {});
        expect(did).toMatchObject({
            steps: expect.arrayContaining(["delete group", "delete child", "delete ward", "delete after"]),
            calls: ["delete after", "delete child"],
            state: [],
            world: ["ward"],
        });
    });

    test("deletes what is deleted with something that is retained", async () => {
        const did = await then(pair(1, { deletedWith: a }, { retainOnDelete: true }), async () => {});
        expect(did).toMatchObject({ calls: ["delete b"], world: ["a"] });
    });

    test("goes on beside a failure only when asked to (engine/continue_on_error_test.go)", async () => {
        expect(await then(stuck, async () => {})).toMatchObject({ state: ["base", "stuck", "other"], calls: ["delete above"] });
        expect(await then(stuck, async () => {}, { continueOnError: true })).toMatchObject({ state: ["base", "stuck"] });
    });
});

describe("a failure", () => {
    test("stops children and dependents, and nothing else (docs how-pulumi-works)", async () => {
        const did = await then(
            async () => {},
            async (program) => {
                await program.thing("a", { failOn: "create" });
                await program.thing("child", {}, { parent: a });
                await program.thing("after", {}, { dependencies: [a] });
                await program.thing("later", {}, { dependencies: [thing("after")] });
                await program.thing("other");
            },
        );
        expect(did).toMatchObject({
            diagnostics: ["error: creating failed: refused by the double"],
            calls: ["create other"],
            state: ["other"],
        });
    });
});

const by =
    (name: string, cluster: string): Asked =>
    async (program) => {
        const provider = await program.provider(name, { cluster });
        await program.thing("a", { value: 1 }, { provider: provider?.reference });
    };

const triggered =
    (replacementTrigger: string): Asked =>
    async (program) => {
        const provider = await program.provider("p", { cluster: "one" }, { replacementTrigger });
        await program.thing("a", { value: 1 }, { provider: provider?.reference });
    };

test("outputs of the stack that a failed run did not come to stay (step_executor.go executeRegisterResourceOutputs)", async () => {
    const stack = new Stack();
    await stack.up((program) => program.outputs({ a: 1, b: 1 }));
    const ran = await stack.up(async (program) => [await program.thing("a", { failOn: "create" }), await program.outputs({ b: 2 })]);
    expect(ran.outputs).toEqual({ a: 1, b: 2 });
    expect((await stack.up((program) => program.outputs({ b: 3 }))).outputs).toEqual({ b: 3 });
});

test("outputs of the stack stay when the program fails after it registered none, as the SDK does for one that throws", async () => {
    const stack = new Stack();
    await stack.up((program) => program.outputs({ a: 1 }));
    const ran = await stack.up(async (program) => {
        await program.outputs({});
        program.deployment.reporter.diagnostic("error", "thrown");
    });
    expect(ran.outputs).toEqual({ a: 1 });
    expect((await stack.up((program) => program.outputs({}))).outputs).toEqual({});
});

describe("another kind of owner", () => {
    const component = { type: "test:group:Kind", custom: false };
    const custom = { aliases: [thing("a", "test:group:Kind")] };

    test("a component that becomes an object is replaced by it (step_generator.go providerChanged)", async () => {
        const did = await then(
            (program) => program.group("a", component),
            (program) => program.thing("a", {}, custom),
        );
        expect(did).toMatchObject({ calls: ["create a"], state: ["a"], steps: ["create-replacement a", "replace a", "delete-replaced a"] });
    });

    test("an object that becomes a component is deleted", async () => {
        const did = await then(
            (program) => program.thing("a"),
            (program) => program.group("a", { ...component, aliases: [a] }),
        );
        expect(did).toMatchObject({ calls: ["delete a"], state: ["a"], world: [] });
    });

    test.each([
        ["in the same place keeps objects", by("q", "one"), []],
        ["in another place replaces them", by("q", "two"), ["create a", "delete a"]],
    ])("another provider %s (step_generator.go providerChanged)", async (_what, after, calls) => {
        expect(await then(by("p", "one"), after)).toMatchObject({ calls });
    });

    test("a provider that is replaced in another place takes its objects along, one in the same place does not", async () => {
        expect(await then(by("p", "one"), by("p", "two"))).toMatchObject({ calls: ["create a", "delete a"] });
        expect(await then(triggered("1"), triggered("2"))).toMatchObject({ calls: [], state: ["p", "a"] });
    });
});

test("the root of the stack is the parent of what has none", async () => {
    const stack = new Stack();
    await stack.up((program) => program.thing("a"));
    expect(stack.snapshot.resources.map(({ parent }) => parent)).toEqual([undefined, undefined, STACK]);
});

test("children have the protection, the fate and the provider of their parent, unless they say otherwise (source_eval.go inheritFromParent)", async () => {
    const stack = new Stack();
    await stack.up(async (program) => {
        await program.thing("a");
        const provider = await program.provider("p");
        const goal = { deletedWith: a, protect: true, retainOnDelete: true, provider: provider?.reference };
        await program.group("group", goal);
        await program.thing("child", {}, { parent: group });
        await program.thing("other", {}, { parent: group, protect: false, retainOnDelete: false });
    });
    const reference = expect.stringContaining("::p::");
    expect(find(stack.snapshot, "child")).toMatchObject({ deletedWith: a, protect: true, retainOnDelete: true, provider: reference });
    expect(find(stack.snapshot, "other")).toMatchObject({ deletedWith: a, provider: reference });
    expect(find(stack.snapshot, "other")).not.toHaveProperty("protect");
});
