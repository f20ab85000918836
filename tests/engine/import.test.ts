/** Taking over existing objects, and objects that are only read. Sources as in `steps.test.ts`. */
import { describe, expect, test } from "@jest/globals";
import { importResources } from "../../embedded/engine/index.ts";
import { PartialError } from "../../embedded/engine/provider.ts";
import type { Goal } from "../../embedded/engine/steps/goal.ts";
import { Secret, type PropertyMap } from "../../embedded/engine/values.ts";
import { GROUP, Stack, STACK, THING, thing, type Direct, type Program } from "./support/direct.ts";
import { double, World } from "./support/double.ts";
import { find } from "./support/runs.ts";

/** A stack beside which an object of the id `x-1` exists. */
function beside(inputs: PropertyMap = { value: 1, key: "k" }): Stack {
    const stack = new Stack();
    stack.world.objects.set("x-1", { urn: "x::a", inputs });
    return stack;
}

const asking =
    (inputs: PropertyMap, goal: Partial<Goal> = {}) =>
    (program: Program): Promise<unknown> =>
        program.thing("a", inputs, { importId: "x-1", ...goal });
const matching = asking({ value: 1, key: "k" });
const did = ({ steps, calls }: Direct): object => ({ steps, calls });

const unready = async (id: string): Promise<never> => Promise.reject(new PartialError(id, { generated: "half" }, ["0 of 1 ready"]));

describe("the option import", () => {
    test("takes over the object with the id, and changes nothing outside (engine/import_test.go)", async () => {
        const stack = beside();
        const planned = await stack.up(matching, { preview: true });
        expect(planned).toMatchObject({ failed: false, steps: ["import a"], stored: 0, changes: { import: 1 } });
        expect(did(await stack.up(matching))).toEqual({ steps: ["import a"], calls: [] });
        expect(find(stack.snapshot, "a")).toMatchObject({
            id: "x-1",
            importID: "x-1",
            inputs: { value: 1, key: "k" },
            outputs: { generated: "generated for a" },
        });
    });

    test("is the same once the object is part of the stack, and may be removed then", async () => {
        const stack = beside();
        await stack.up(matching);
        expect(await stack.up(matching)).toMatchObject({ steps: [], calls: [], stored: 0 });
        expect(did(await stack.up((program) => program.thing("a", { value: 1, key: "k" })))).toEqual({ steps: [], calls: [] });
        expect(did(await stack.up(async () => {}))).toEqual({ steps: ["delete a"], calls: ["delete a"] });
    });

    test("updates an object that differs, after it was taken over (3.174: engine/import_test.go)", async () => {
        const stack = beside();
        const planned = await stack.up(asking({ value: 2, key: "k" }), { preview: true });
        expect(planned.steps).toEqual(["import a", "update a"]);
        expect(did(await stack.up(asking({ value: 2, key: "k" })))).toEqual({ steps: ["import a", "update a"], calls: ["update a"] });
        expect(stack.world.objects.get("x-1")?.inputs).toEqual({ value: 2, key: "k" });
        expect(stack.names()).toEqual(["a"]);
    });

    test("refuses to replace an object that differs too much, and names what differs", async () => {
        const stack = beside();
        const planned = await stack.up(asking({ value: 1, key: "other" }), { preview: true });
        expect(planned).toMatchObject({ failed: false, changes: { import: 1, replace: 1 } });
        expect(planned.diagnostics).toEqual([
            expect.stringMatching(/^warning: "a" .* has to be replaced \(changed: key\), but the option import/),
        ]);
        const ran = await stack.up(asking({ value: 1, key: "other" }));
        expect(ran.diagnostics).toEqual([
            expect.stringMatching(/^error: "a" .* \(changed: key\), but the option import asks for the object x-1/),
        ]);
        expect(did(ran)).toEqual({ steps: ["import a"], calls: [] });
    });

    test("keeps what is ignored as the object has it", async () => {
        const stack = beside();
        const ran = await stack.up(asking({ value: 2, key: "k" }, { ignoreChanges: ["value"] }));
        expect(did(ran)).toEqual({ steps: ["import a"], calls: [] });
        expect(find(stack.snapshot, "a").inputs).toEqual({ value: 1, key: "k" });
    });

    test("fails by id when there is no such object, and leaves nothing in the state", async () => {
        const stack = new Stack();
        const ran = await stack.up(matching);
        expect(ran.diagnostics).toEqual([expect.stringContaining('importing failed: there is no object with the id "x-1"')]);
        expect(stack.names()).toEqual([]);
    });

    test("of another object takes the place of the one that is there, which is deleted at the end", async () => {
        const stack = beside();
        await stack.up((program) => program.thing("a", { value: 1, key: "k" }));
        const ran = await stack.up(matching);
        expect(did(ran)).toEqual({ steps: ["import-replacement a", "replace a", "delete-replaced a"], calls: ["delete a"] });
        expect(ran.changes).toEqual({ replace: 1, same: 1 });
        expect([...stack.world.objects.keys()]).toEqual(["x-1"]);
    });

    test("of the object that is there is the same", async () => {
        const stack = beside();
        await stack.up((program) => program.thing("a", { value: 1 }));
        const importId = find(stack.snapshot, "a").id;
        expect(did(await stack.up(asking({ value: 1 }, { importId })))).toEqual({ steps: [], calls: [] });
    });

    test("of an object whose provider knows it under another id is the same afterwards (3.252: engine/import_test.go)", async () => {
        const world = new World();
        const stack = new Stack(world, {
            double: double(world, { read: async () => ({ id: "canonical", props: {}, inputs: { value: 1 } }) }),
        });
        await stack.up(asking({ value: 1 }));
        expect(find(stack.snapshot, "a")).toMatchObject({ id: "canonical", importID: "x-1" });
        expect(await stack.up(asking({ value: 1 }))).toMatchObject({ steps: [], stored: 0 });
    });

    test("owns an object that was only read so far", async () => {
        const stack = beside();
        await stack.up((program) => program.read("a", "x-1"));
        expect((await stack.up(matching)).steps).toEqual(["import-replacement a", "replace a", "discard-replaced a"]);
        expect(stack.world.names()).toEqual(["a"]);
    });

    test("keeps secret what the program says is secret", async () => {
        const stack = beside({ value: "a well kept secret" });
        await stack.up(asking({ value: new Secret("a well kept secret") }, { additionalSecretOutputs: ["generated"] }));
        expect(find(stack.snapshot, "a")).toMatchObject({
            inputs: { value: new Secret("a well kept secret") },
            outputs: { value: new Secret("a well kept secret"), generated: new Secret("generated for a") },
        });
    });

    test("of an object that is not ready keeps the reasons, and the same run tries to bring it there", async () => {
        const world = new World();
        const stack = new Stack(world, { double: double(world, { read: unready }) });
        expect(did(await stack.up(asking({ value: 1 })))).toEqual({ steps: ["import a", "update a"], calls: ["update a"] });
        expect(find(stack.snapshot, "a").initErrors).toEqual([]);
    });

    test("needs a provider that tells the inputs", async () => {
        const world = new World();
        const stack = new Stack(world, { double: double(world, { read: async (id) => ({ id, props: {} }) }) });
        const ran = await stack.up(matching);
        expect(ran.diagnostics).toEqual([
            expect.stringContaining("the provider double cannot take over existing objects of the type double:index:Thing"),
        ]);
    });
});

describe("an object that is read", () => {
    test("and was owned under the same id is given up (step_generator.go GenerateReadSteps)", async () => {
        const stack = new Stack();
        await stack.up((program) => program.thing("a", { value: 1 }));
        const { id } = find(stack.snapshot, "a");
        expect(did(await stack.up((program) => program.read("a", id)))).toEqual({ steps: ["read a"], calls: [] });
        expect(find(stack.snapshot, "a")).toMatchObject({ external: true });
        expect(did(await stack.up(async () => {}))).toEqual({ steps: ["discard a"], calls: [] });
        expect(stack.world.names()).toEqual(["a"]);
    });

    test("takes the place of one that was owned under another id (step_generator.go GenerateReadSteps)", async () => {
        const stack = beside();
        await stack.up((program) => program.thing("a", { value: 1 }));
        const ran = await stack.up((program) => program.read("a", "x-1"));
        expect(did(ran)).toEqual({ steps: ["read-replacement a", "replace a", "delete-replaced a"], calls: ["delete a"] });
        expect([...stack.world.objects.keys()]).toEqual(["x-1"]);
    });

    test("and is then to be owned has an object of its own made (step_generator.go, case 2)", async () => {
        const stack = beside();
        await stack.up((program) => program.read("a", "x-1"));
        const ran = await stack.up((program) => program.thing("a", { value: 1 }));
        expect(did(ran)).toEqual({ steps: ["create-replacement a", "replace a", "discard-replaced a"], calls: ["create a"] });
        expect(stack.world.names()).toEqual(["a", "a"]);
    });

    test("twice without a change stores nothing", async () => {
        const stack = beside();
        await stack.up((program) => program.read("a", "x-1"));
        expect(await stack.up((program) => program.read("a", "x-1"))).toMatchObject({ steps: ["read a"], stored: 0 });
    });
});

const imported = (stack: Stack, requests: Parameters<typeof importResources>[1]["requests"], preview = false): Promise<Direct> =>
    stack.run((run) => importResources(run, { preview, requests }), {}, preview);

describe("importing without a program", () => {
    const request = { type: THING, name: "a", id: "x-1" };

    test("reads objects into the state with their inputs, and the program then finds them the same", async () => {
        const stack = beside();
        const planned = await imported(stack, [request], true);
        expect(planned).toMatchObject({ failed: false, steps: ["import a"], stored: 0 });
        expect(await imported(stack, [{ ...request, protect: true }])).toMatchObject({ failed: false, steps: ["import a"] });
        expect(stack.snapshot.resources.map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack", "pulumi:providers:double", THING]);
        expect(find(stack.snapshot, "a")).toMatchObject({ inputs: { value: 1, key: "k" }, parent: STACK, protect: true });
        expect(find(stack.snapshot, "a")).not.toHaveProperty("importID");
        expect(await stack.up((program) => program.thing("a", { value: 1, key: "k" }))).toMatchObject({ steps: [], calls: [] });
    });

    test("keeps everything else, in order of dependency", async () => {
        const stack = beside();
        await stack.up(async (program) => [await program.group("group"), await program.thing("other"), await program.provider("p")]);
        const group = thing("group", GROUP);
        const child = `${group.replace("::group", "")}$${THING}::a`;
        const ran = await imported(stack, [
            { ...request, name: "grandchild", parent: child },
            { ...request, parent: group, provider: thing("p", "pulumi:providers:double") },
        ]);
        expect(ran).toMatchObject({ failed: false, steps: ["import a", "import grandchild"] });
        expect(stack.names()).toEqual(["group", "p", "a", "grandchild", "other"]);
        expect(find(stack.snapshot, "a").provider).toContain("::p::");
    });

    test.each([
        ["an id that is not there", { ...request, id: "nowhere" }, /there is no object with the id "nowhere"/],
        ["a name that is taken", { ...request, name: "taken" }, /::taken is part of the stack with the id taken-/],
        ["a parent that is not there", { ...request, parent: thing("nobody") }, /The parent .*::nobody of .*::a is not part of the stack/],
        [
            "a provider that is not there",
            { ...request, provider: thing("nobody") },
            /The provider .*::nobody for "a" .* is not part of the stack/,
        ],
        ["a package that is not there", { ...request, type: "nothing:a:B" }, /nothing/],
    ])("refuses %s", async (_what, wrong, reason) => {
        const stack = beside();
        await stack.up((program) => program.thing("taken"));
        const ran = await imported(stack, [wrong]);
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics.join()).toMatch(reason);
        expect(stack.names()).toEqual(["taken"]);
    });

    test("is done already for an object that is part of the stack", async () => {
        const stack = beside();
        await imported(stack, [request]);
        const again = await imported(stack, [request]);
        expect(again).toMatchObject({ failed: false, steps: [], diagnostics: [expect.stringContaining("is the object x-1 already")] });
    });
});
