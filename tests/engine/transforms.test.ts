import { beforeAll, describe, expect, test } from "@jest/globals";
import { preview, type ResourceState } from "../../embedded/engine/index.ts";
import { ResourceReference, Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram, steps, type Ran, type RunSetup } from "./support/runs.ts";

function run(world: World, more: Partial<RunSetup> = {}, operation?: Parameters<typeof runProgram>[1]): Promise<Ran> {
    return runProgram({ program: "transforms.ts", providers: { double: double(world) }, ...more }, operation);
}

const source = "urn:pulumi:unit::test::double:index:Thing::source";
let world: World;
let ran: Ran;
beforeAll(async () => {
    world = new World();
    ran = await run(world);
});

function made(name: string): ResourceState {
    return find(ran.snapshot, name);
}

function inputs(name: string): PropertyMap {
    return made(name).inputs;
}

test("the program runs through", () => {
    expect(ran.diagnostics).toEqual([]);
    expect(ran.failed).toBe(false);
});

describe("a transform", () => {
    test("of a resource runs before those of its parents, from the nearest up, and that of the stack last", () => {
        expect(inputs("child")["trail"]).toEqual(["own", "own again", "parent", "grandparent", "stack"]);
        expect(inputs("bystander")["trail"]).toEqual(["stack"]);
    });

    test.each(["untouched", "kept"])("leaves secrets, assets and what comes from other resources as they are (%s)", (name) => {
        expect(inputs(name)).toMatchObject({
            secret: new Secret({ deep: "hidden away" }),
            later: "generated for source",
            both: new Secret("generated for source"),
            asset: { text: "contents", hash: expect.any(String) },
        });
        expect(inputs(name)["inner"]).toEqual({ list: new Secret([1, null, "hidden too"]) });
        expect(inputs(name)["added"]).toBe(name === "kept" ? "by the transform" : undefined);
        expect(find(ran.snapshot, name).propertyDependencies).toMatchObject({ later: [source], both: [source] });
        expect(find(ran.snapshot, name).dependencies).toEqual([source]);
    });

    test("that answers nothing leaves references to resources; the SDK makes them ids for one that answers", () => {
        const { id = "" } = find(ran.snapshot, "source");
        expect(inputs("referring")["reference"]).toEqual(new ResourceReference(source, id, ""));
        expect(inputs("kept")["reference"]).toBe(id);
    });

    test("can go on from outputs, secret ones stay secret", () => {
        expect(inputs("applied")).toEqual({
            value: "generated for source!",
            secret: new Secret("very quiet"),
            nested: "generated for source, nested",
        });
        expect(find(ran.snapshot, "applied").propertyDependencies).toMatchObject({ value: [source] });
    });

    test("can be asynchronous", () => {
        expect(inputs("late")).toEqual({ value: 1, from: "generated for source" });
    });

    test("changes options", () => {
        expect(made("protected").protect).toBe(true);
        expect(made("retained").retainOnDelete).toBe(true);
        expect(made("dependent").dependencies).toEqual([source]);
        expect(made("timed").customTimeouts).toEqual({ create: 300 });
        expect(made("quiet").outputs["copy"]).toEqual(new Secret("x"));
        expect(made("with").deletedWith).toBe(source);
        expect(made("elsewhere").provider).toContain("pulumi:providers:double::other::");
        expect(made("hiding").hideDiff).toEqual(["value"]);
    });

    test("leaves undecided what it does not decide", () => {
        expect(find(ran.snapshot, "late").protect).toBeUndefined();
        expect(find(ran.snapshot, "late").retainOnDelete).toBeUndefined();
    });
});

test("options from transforms decide the steps of the next update", async () => {
    const again = await run(world, { snapshot: ran.snapshot, config: { "test:mode": "again" } });
    expect(again.diagnostics).toEqual([]);
    // "replacing" is replaced as its provider wants it, its deletion first: no transform has said anything about that.
    expect(steps(again)).toEqual(["delete-replaced replacing", "create-replacement replacing", "replace replacing"]);
    expect(find(again.snapshot, "new name").id).toBe(find(ran.snapshot, "old name").id);
    expect(find(again.snapshot, "ignoring").inputs["value"]).toBe(1);
});

test("unknown values stay unknown in a preview, and functions that go on from them are not called", async () => {
    const shown = await run(new World(), {}, preview);
    expect(shown.diagnostics).toEqual([]);
    const of = (name: string): PropertyMap => {
        const found = shown.events.find((event) => event.type === "resource-pre" && event.metadata.urn.endsWith(`::${name}`));
        return found?.type === "resource-pre" ? (found.metadata.new?.inputs ?? {}) : {};
    };
    expect(of("kept")).toMatchObject({ later: Unknown.instance, both: new Secret(Unknown.instance), added: "by the transform" });
    expect(of("applied")).toEqual({ value: Unknown.instance, secret: new Secret("very quiet"), nested: Unknown.instance });
});

test("a transform that fails is reported for its resource, of which nothing is made, nor of what depends on it", async () => {
    const failing = new World();
    const result = await run(failing, { config: { "test:mode": "fails" } });
    expect(result.failed).toBe(true);
    expect(result.diagnostics).toEqual(['error: A transform of "broken" (double:index:Thing) failed: this transform cannot']);
    expect(failing.names()).not.toContain("broken");
    expect(failing.names()).not.toContain("behind");
    expect(failing.names()).toContain("kept");
});

test("an invoke transform changes what a function is asked", () => {
    expect(ran.outputs["said"]).toMatchObject({ said: "double:index:echo hello" });
});
