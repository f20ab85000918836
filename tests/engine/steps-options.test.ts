/** Options of a real program: what the SDK makes of them, and what the engine makes of that. */
import { beforeAll, expect, test } from "@jest/globals";
import { preview } from "../../embedded/engine/index.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { double, nameOf, World } from "./support/double.ts";
import { find, runProgram, steps, type Ran } from "./support/runs.ts";

const world = new World();
const setup = { program: "options.ts", providers: { double: double(world) } };
let planned: Ran;
let ran: Ran;
beforeAll(async () => {
    planned = await runProgram(setup, preview);
    ran = await runProgram(setup);
});

const dependencies = (name: string): string[] => find(ran.snapshot, name).dependencies.map(nameOf).toSorted();

test("a preview and an update of all of them succeed", () => {
    expect({ planned: planned.diagnostics, ran: ran.diagnostics }).toEqual({ planned: [], ran: [] });
    expect(steps(planned).toSorted()).toEqual(steps(ran).toSorted());
});

test.each([
    ["after-outer", ["leaf"]],
    ["after-slow", ["late"]],
    ["later", ["late", "leaf"]],
])("depending on a component is depending on all objects below it: %s", (name, expected) => {
    expect(dependencies(name)).toEqual(expected);
    for (const other of expected) expect(world.calls.indexOf(`create ${other}`)).toBeLessThan(world.calls.indexOf(`create ${name}`));
});

test("protect and retainOnDelete are inherited in any depth", () => {
    for (const name of ["inner", "leaf", "below-leaf"])
        expect(find(ran.snapshot, name)).toMatchObject({ protect: true, retainOnDelete: true });
    expect(find(ran.snapshot, "source")).not.toHaveProperty("protect");
});

test("deletedWith and replaceWith name components as well as objects", () => {
    const { deletedWith, replaceWith } = find(ran.snapshot, "ward");
    expect({ deletedWith: nameOf(deletedWith ?? ""), replaceWith: replaceWith?.map(nameOf) }).toEqual({
        deletedWith: "outer",
        replaceWith: ["leaf", "inner"],
    });
});

test("triggers are kept as they are known and secret, and read timeouts in seconds", () => {
    expect(find(ran.snapshot, "triggered").replacementTrigger).toBe("generated for source");
    expect(find(ran.snapshot, "secretly").replacementTrigger).toEqual(new Secret({ version: 1 }));
    expect(find(ran.snapshot, "patient").customTimeouts).toEqual({ read: 90 });
});

test("without a change nothing is done and nothing stored", async () => {
    const again = await runProgram({ ...setup, snapshot: ran.snapshot });
    expect(again).toMatchObject({ failed: false, stored: [], changes: { same: 15 } });
});
