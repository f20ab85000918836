/** Looking at what is really there. Sources as in `steps.test.ts`. */
import { describe, expect, test } from "@jest/globals";
import { refresh, type ResourceState } from "../../embedded/engine/index.ts";
import { PartialError, type ResourceProvider } from "../../embedded/engine/provider.ts";
import { Secret, type PropertyMap } from "../../embedded/engine/values.ts";
import { GROUP, Stack, thing, type Direct, type Program } from "./support/direct.ts";
import { double, World } from "./support/double.ts";
import { find } from "./support/runs.ts";

const refreshed = (stack: Stack, preview = false): Promise<Direct> => stack.run((run) => refresh(run, { preview }), {}, preview);
const alone =
    (inputs: PropertyMap = { value: 1 }, goal: object = {}) =>
    (program: Program): Promise<unknown> =>
        program.thing("a", inputs, goal);

/** Changes the only object outside. */
function tamper(world: World, inputs: PropertyMap): void {
    for (const object of world.objects.values()) object.inputs = inputs;
}

/** A stack whose provider answers some calls in its own way. */
function answering(make: (world: World) => Partial<ResourceProvider>): Stack {
    const world = new World();
    return new Stack(world, { double: double(world, make(world)) });
}

function edit(stack: Stack, change: (state: ResourceState) => Partial<ResourceState>): void {
    stack.snapshot = { ...stack.snapshot, resources: stack.snapshot.resources.map((state) => ({ ...state, ...change(state) })) };
}

const three = async (ask: Program): Promise<void> => {
    await ask.thing("gone");
    await ask.thing("changed", { value: 1 });
    await ask.thing("same", {}, { dependencies: [thing("gone")] });
};

describe("a refresh", () => {
    test("takes changes into the state and out of it what is gone; the next update repairs both", async () => {
        const stack = new Stack();
        await stack.up(three);
        stack.world.objects.delete(find(stack.snapshot, "gone").id ?? "");
        const changed = stack.world.objects.get(find(stack.snapshot, "changed").id ?? "");
        if (changed) changed.inputs = { value: 99 };
        expect(await refreshed(stack)).toMatchObject({ failed: false, changes: { same: 1, update: 1, delete: 1 } });
        expect(find(stack.snapshot, "changed")).toMatchObject({ inputs: { value: 99 }, outputs: { value: 99, copy: 99 } });
        expect(stack.names()).toEqual(["changed", "same"]);
        expect((await stack.up(three)).calls).toEqual(["create gone", "update changed"]);
    });

    test("stores nothing when nothing differs, and keeps what was secret so", async () => {
        const stack = new Stack();
        await stack.up(alone({ value: new Secret("a well kept secret") }, { additionalSecretOutputs: ["generated"] }));
        const before = stack.snapshot;
        expect(await refreshed(stack)).toMatchObject({ changes: { same: 1 }, stored: 0 });
        expect(stack.snapshot).toEqual(before);
    });

    test("leaves what cannot be read as it is, and fails", async () => {
        const stack = answering(() => ({ read: async () => Promise.reject(new Error("the server is unreachable")) }));
        await stack.up(alone());
        const before = stack.snapshot;
        expect(await refreshed(stack)).toMatchObject({ failed: true, diagnostics: ["error: reading failed: the server is unreachable"] });
        expect(stack.snapshot).toEqual(before);
    });

    test("shows what an update would undo, the other way round (step.go RefreshStep.Apply)", async () => {
        const stack = new Stack();
        await stack.up(alone({ value: 1, kept: 1, gone: 1 }));
        tamper(stack.world, { value: 2, kept: 1, more: 1 });
        const ran = await refreshed(stack);
        expect(ran.changes).toEqual({ update: 1 });
        expect(ran.events.find((event) => event.type === "resource-outputs")).toMatchObject({
            metadata: { op: "refresh", diffs: ["value", "more", "gone"], detailedDiff: { value: "update", more: "add", gone: "delete" } },
        });
        expect((await stack.up(alone({ value: 1, kept: 1, gone: 1 }))).calls).toEqual(["update a"]);
    });

    test("counts as the same what no update would undo, and keeps it (step.go RefreshStep.ResultOp)", async () => {
        const stack = answering((world) => ({
            read: async (id) => ({ id, props: { status: world.objects.size }, inputs: world.objects.get(id)?.inputs }),
        }));
        await stack.up(alone());
        const ran = await refreshed(stack);
        expect(ran.changes).toEqual({ same: 1 });
        expect(find(stack.snapshot, "a").outputs).toEqual({ status: 1 });
    });

    test("takes ignored changes into the state and shows none", async () => {
        const stack = answering(() => ({
            diff: async (_id, _urn, _olds, _news, ignored) => ({ changes: !ignored.includes("value") }),
        }));
        await stack.up(alone({ value: 1 }, { ignoreChanges: ["value"] }));
        tamper(stack.world, { value: 2 });
        expect((await refreshed(stack)).changes).toEqual({ same: 1 });
        expect(find(stack.snapshot, "a").inputs).toEqual({ value: 2 });
    });

    test("of an object that is not ready warns, keeps the reasons, and the next update tries again (engine/refresh_test.go)", async () => {
        const stack = answering(() => ({
            read: async (id) => Promise.reject(new PartialError(id, { generated: "half" }, ["0 of 1 ready"])),
        }));
        await stack.up(alone());
        const ran = await refreshed(stack);
        expect(ran).toMatchObject({
            failed: false,
            diagnostics: ["warning: The object exists, but 0 of 1 ready. The next update tries again."],
        });
        expect(find(stack.snapshot, "a").initErrors).toEqual(["0 of 1 ready"]);
        expect((await stack.up(alone())).calls).toEqual(["update a"]);
        expect(find(stack.snapshot, "a").initErrors).toEqual([]);
    });

    test("of an object that became ready clears the reasons", async () => {
        const stack = new Stack();
        await stack.up(alone({ partialOn: "create" }));
        await refreshed(stack);
        expect(find(stack.snapshot, "a").initErrors).toEqual([]);
        expect((await stack.up(alone({ partialOn: "create" }))).calls).toEqual([]);
    });

    test("waits as long as customTimeouts.read says, also for what is imported", async () => {
        const seen: unknown[] = [];
        const stack = answering((world) => ({
            read: async (id, _urn, _olds, { timeoutSeconds }) => {
                seen.push(timeoutSeconds);
                return { id, props: {}, inputs: world.objects.get(id)?.inputs ?? {} };
            },
        }));
        await stack.up(alone({}, { customTimeouts: { read: 7 }, importId: "x" }));
        await refreshed(stack);
        expect(seen).toEqual([7, 7]);
    });

    test("gives children of what is gone to the parent above, and forgets other ties (undangleParentResources)", async () => {
        const stack = new Stack();
        const middle = `${thing("top", GROUP).replace("::top", "")}$double:index:Thing::middle`;
        await stack.up(async (program) => {
            await program.group("top");
            await program.thing("middle", {}, { parent: thing("top", GROUP) });
            await program.thing("low", {}, { parent: middle });
            const ties = { dependencies: [middle], deletedWith: middle, replaceWith: [middle], propertyDependencies: { value: [middle] } };
            await program.thing("tied", { value: 1 }, ties);
        });
        stack.world.objects.delete(find(stack.snapshot, "middle").id ?? "");
        expect((await refreshed(stack)).changes).toEqual({ delete: 1, same: 2 });
        expect(find(stack.snapshot, "low").parent).toBe(thing("top", GROUP));
        expect(find(stack.snapshot, "tied")).toMatchObject({ dependencies: [], propertyDependencies: { value: [] } });
        expect(find(stack.snapshot, "tied")).not.toHaveProperty("deletedWith");
        expect(find(stack.snapshot, "tied")).not.toHaveProperty("replaceWith");
    });

    test("forgets replaced objects that are gone (executor refresh of pending deletions)", async () => {
        const stack = new Stack();
        await stack.up(alone({ key: 1, failOn: "delete" }));
        await stack.up(alone({ key: 2 }));
        expect(stack.names()).toEqual(["a", "a (delete)"]);
        for (const [id, { inputs }] of stack.world.objects) if (inputs["key"] === 1) stack.world.objects.delete(id);
        await refreshed(stack);
        expect(stack.names()).toEqual(["a"]);
        expect((await stack.up(alone({ key: 2 }))).steps).toEqual([]);
    });

    test("in a preview leaves the state as it is", async () => {
        const stack = new Stack();
        await stack.up(alone());
        stack.world.objects.clear();
        expect(await refreshed(stack, true)).toMatchObject({ changes: { delete: 1 }, stored: 0 });
        expect(stack.names()).toEqual(["a"]);
    });

    test("goes before an update for what asks for that (engine/refresh_before_update_test.go)", async () => {
        const stack = new Stack();
        await stack.up(async (program) => [await alone()(program), await program.thing("b")]);
        edit(stack, ({ urn }) => (urn === thing("a") ? { refreshBeforeUpdate: true } : {}));
        stack.world.objects.clear();
        const ran = await stack.up(async (program) => [await alone()(program), await program.thing("b")]);
        expect(ran).toMatchObject({ steps: ["refresh a", "create a"], calls: ["create a"] });
    });
});
