/**
 * What happens to one resource: a row for each documented behaviour, with its source. `engine` is pulumi/pulumi's folder
 * pkg/engine/lifecycletest, `deploy` its folder pkg/resource/deploy, `docs` the pages of pulumi/docs below iac/concepts.
 */
import { describe, expect, test } from "@jest/globals";
import type { Goal } from "../../embedded/engine/steps/goal.ts";
import { Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { Stack, thing, type Program } from "./support/direct.ts";
import { nameOf } from "./support/double.ts";

type Asked = (program: Program) => Promise<unknown>;

interface Expected {
    readonly steps: readonly string[];
    readonly calls: readonly string[];
    /** Resources of the state, and objects outside. */
    readonly state: readonly string[];
    readonly world: readonly string[];
    readonly error: RegExp;
}

/** A thing alone, under the name `a`. */
const one =
    (inputs: PropertyMap = {}, goal: Partial<Goal> = {}): Asked =>
    (program) =>
        program.thing("a", inputs, goal);
const nothing: Asked = async () => {};
const keyed = (key: number, goal: Partial<Goal> = {}, more: PropertyMap = {}): Asked => one({ key, ...more }, goal);
const triggered = (replacementTrigger: Goal["replacementTrigger"]): Asked => one({}, { replacementTrigger });

const here = { state: ["a"], world: ["a"], error: /^$/ };
const gone = { state: [], world: [], error: /^$/ };
const same: Expected = { ...here, steps: [], calls: [] };
const created: Expected = { ...here, steps: ["create a"], calls: ["create a"] };
const updated: Expected = { ...here, steps: ["update a"], calls: ["update a"] };
const deleted: Expected = { ...gone, steps: ["delete a"], calls: ["delete a"] };
const replaced: Expected = { ...here, steps: ["create-replacement a", "replace a", "delete-replaced a"], calls: ["create a", "delete a"] };
const deletedFirst: Expected = {
    ...here,
    steps: ["delete-replaced a", "create-replacement a", "replace a"],
    calls: ["delete a", "create a"],
};
const refused = (error: RegExp, more: Partial<Expected> = here): Expected => ({ ...same, ...more, error });

const rows: readonly [source: string, behaviour: string, before: Asked, after: Asked, expected: Expected][] = [
    ["docs how-pulumi-works", "that is new is created", nothing, one(), created],
    ["docs how-pulumi-works", "that did not change stays the same", one({ value: 1 }), one({ value: 1 }), same],
    ["docs how-pulumi-works", "that can be changed in place is updated", one({ value: 1 }), one({ value: 2 }), updated],
    ["docs how-pulumi-works", "that cannot is replaced, the new object first", keyed(1), keyed(2), replaced],
    ["docs how-pulumi-works", "that is no longer asked for is deleted", one(), nothing, deleted],
    ["docs options/deletebeforereplace", "is deleted first when asked", keyed(1), keyed(2, { deleteBeforeReplace: true }), deletedFirst],
    [
        "engine/delete_before_replace_test.go",
        "is deleted first for its provider",
        keyed(1),
        keyed(2, {}, { deleteFirst: true }),
        deletedFirst,
    ],
    [
        "engine/delete_before_replace_test.go",
        "is not deleted first when the program says so",
        keyed(1),
        keyed(2, { deleteBeforeReplace: false }, { deleteFirst: true }),
        replaced,
    ],
    ["docs options/ignorechanges", "keeps what is ignored", one({ value: 1 }), one({ value: 2 }, { ignoreChanges: ["value"] }), same],
    [
        "docs options/replaceonchanges",
        "is replaced on changes",
        one({ value: 1 }),
        one({ value: 2 }, { replaceOnChanges: ["value"] }),
        replaced,
    ],
    [
        "docs options/replaceonchanges",
        "is replaced on all changes",
        one({ value: 1 }),
        one({ value: 2 }, { replaceOnChanges: ["*"] }),
        replaced,
    ],
    ["docs options/replaceonchanges", "is not replaced without a change", one(), one({}, { replaceOnChanges: ["*"] }), same],
    [
        "deploy/step_generator.go applyReplaceOnChanges",
        "that never became ready is replaced when asked",
        one({ partialOn: "create" }),
        one({ partialOn: "create" }, { replaceOnChanges: ["#initerror"] }),
        refused(/creating failed: the object exists, but it never became ready/, {
            calls: ["create a"],
            state: ["a", "a (delete)"],
            world: ["a", "a"],
        }),
    ],
    ["engine/refresh_test.go", "that never became ready is updated", one({ partialOn: "create" }), one({ partialOn: "create" }), updated],
    ["engine/replacement_trigger_test.go", "is replaced by a changed trigger", triggered("1"), triggered("2"), replaced],
    [
        "engine/replacement_trigger_test.go",
        "is replaced by a changed secret trigger",
        triggered(new Secret("1")),
        triggered(new Secret("2")),
        replaced,
    ],
    ["engine/replacement_trigger_test.go", "is not replaced by an equal trigger", triggered({ at: [1] }), triggered({ at: [1] }), same],
    ["engine/replacement_trigger_test.go", "is not replaced by a first trigger", one(), triggered("1"), same],
    ["engine/replacement_trigger_test.go", "is not replaced without a trigger", triggered("1"), one(), same],
    ["engine/replacement_trigger_test.go", "is not replaced by a trigger made secret", triggered("1"), triggered(new Secret("1")), same],
    [
        "engine/replacement_trigger_test.go",
        "refuses an unknown trigger",
        triggered("1"),
        triggered(Unknown.instance),
        refused(/replacementTrigger of .*::a is not known/),
    ],
    [
        "docs options/protect",
        "that is protected is not deleted",
        one({}, { protect: true }),
        nothing,
        refused(/::a cannot be deleted, because it is protected/),
    ],
    [
        "engine/protect_test.go",
        "that is protected is not replaced",
        keyed(1, { protect: true }),
        keyed(2, { protect: true }),
        refused(/"a" .* has to be replaced \(changed: key\), but it is protected/),
    ],
    [
        "deploy/step_generator.go continueStepsFromDiff",
        "is replaced with its protection gone",
        keyed(1, { protect: true }),
        keyed(2),
        replaced,
    ],
    [
        "deploy/step_generator.go continueStepsFromDiff",
        "is replaced before it is protected",
        keyed(1),
        keyed(2, { protect: true }),
        replaced,
    ],
    [
        "engine/retain_on_delete_test.go",
        "that is retained is forgotten",
        one({}, { retainOnDelete: true }),
        nothing,
        { ...deleted, calls: [], world: ["a"] },
    ],
    [
        "engine/retain_on_delete_test.go",
        "that is retained stays beside its replacement",
        keyed(1, { retainOnDelete: true }),
        keyed(2),
        { ...replaced, calls: ["create a"], world: ["a", "a"] },
    ],
    [
        "engine/update_test.go",
        "with other options is the same",
        one(),
        one({}, { additionalSecretOutputs: ["generated"], customTimeouts: { read: 5 } }),
        same,
    ],
    [
        "docs how-pulumi-works",
        "that cannot be created is not there",
        nothing,
        one({ failOn: "create" }),
        refused(/creating failed: refused by/, gone),
    ],
    [
        "docs how-pulumi-works",
        "that cannot be updated stays",
        one({ value: 1 }),
        one({ value: 2, failOn: "update" }),
        refused(/updating failed: refused/),
    ],
    [
        "docs how-pulumi-works",
        "whose replacement cannot be created stays",
        keyed(1),
        keyed(2, {}, { failOn: "create" }),
        refused(/creating failed: refused/),
    ],
    [
        "engine/pending_delete_test.go",
        "that was replaced and cannot be deleted stays to be deleted",
        keyed(1, {}, { failOn: "delete" }),
        keyed(2),
        refused(/deleting failed: refused/, {
            steps: ["create-replacement a", "replace a"],
            calls: ["create a"],
            state: ["a", "a (delete)"],
            world: ["a", "a"],
        }),
    ],
    [
        "engine/step_generator_test.go",
        "is asked for once",
        nothing,
        async (program) => [await program.thing("a"), await program.thing("a")],
        refused(/Duplicate resource URN ".*::a"/, created),
    ],
    [
        "engine/update_test.go",
        "with invalid inputs is refused",
        nothing,
        one({ invalid: true }),
        refused(/property "invalid": must not be true/, gone),
    ],
    [
        "engine/update_test.go",
        "with unknown inputs is refused",
        nothing,
        one({ value: Unknown.instance }),
        refused(/value of "value" is not known/, gone),
    ],
];

const tainted = async (stack: Stack): Promise<void> => {
    await stack.up(one());
    const resources = stack.snapshot.resources.map((state) => (state.urn === thing("a") ? { ...state, taint: true } : state));
    stack.snapshot = { ...stack.snapshot, resources };
};

describe("a resource", () => {
    test.each(rows.map(([source, behaviour, ...rest]) => [behaviour, source, ...rest] as const))(
        "%s (%s)",
        async (_behaviour, _source, before, after, { error, state, world, ...did }) => {
            const stack = new Stack();
            await stack.up(before);
            const { diagnostics, failed, steps, calls } = await stack.up(after);
            expect(diagnostics.join()).toMatch(error);
            expect({ failed, steps, calls }).toEqual({ failed: !error.test(""), ...did });
            expect(stack.names()).toEqual(state);
            expect(stack.world.names()).toEqual(world);
        },
    );

    test("is replaced once when it is tainted (engine/taint_test.go)", async () => {
        const stack = new Stack();
        await tainted(stack);
        expect((await stack.up(one())).steps).toEqual(replaced.steps);
        expect((await stack.up(one())).steps).toEqual([]);
    });

    test("keeps its trigger in the state, and is previewed as replaced while the trigger is not known", async () => {
        const stack = new Stack();
        await stack.up(triggered(new Secret("v1")));
        expect(stack.snapshot.resources.find(({ urn }) => nameOf(urn) === "a")?.replacementTrigger).toEqual(new Secret("v1"));
        const planned = await stack.up(triggered(Unknown.instance), { preview: true });
        expect(planned).toMatchObject({ failed: false, changes: { replace: 1 }, stored: 0 });
    });

    test("that is protected is previewed as replaced, with the refusal", async () => {
        const stack = new Stack();
        await stack.up(keyed(1, { protect: true }));
        const planned = await stack.up(keyed(2, { protect: true }), { preview: true });
        expect(planned).toMatchObject({ failed: true, changes: { replace: 1 }, calls: [] });
        expect(planned.diagnostics).toEqual([expect.stringContaining("but it is protected")]);
    });
});
