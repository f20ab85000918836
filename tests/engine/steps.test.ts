/**
 * What happens to one resource: a row for each documented behaviour, with its source. `engine` is pulumi/pulumi's
 * pkg/engine/lifecycletest, `docs` the pages of pulumi/docs below content/docs/iac/concepts.
 */
import { describe, expect, test } from "@jest/globals";
import type { Goal } from "../../embedded/engine/steps/goal.ts";
import { Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { Stack, thing, type Program, type RunOptions } from "./support/direct.ts";

interface Row {
    readonly source: string;
    readonly behaviour: string;
    /** Registrations of the first run, and of the second: names with inputs and options. */
    readonly before: (program: Program) => Promise<unknown>;
    readonly after: (program: Program) => Promise<unknown>;
    readonly options?: RunOptions;
    readonly steps: readonly string[];
    readonly calls: readonly string[];
    readonly state: readonly string[];
    readonly diagnostics?: readonly RegExp[];
}

/** A thing alone. */
const one =
    (inputs: PropertyMap = {}, goal: Partial<Goal> = {}) =>
    (program: Program): Promise<unknown> =>
        program.thing("a", inputs, goal);
const nothing = async (): Promise<void> => {};

const REPLACED = ["create-replacement a", "replace a", "delete-replaced a"];
const REPLACED_CALLS = ["create a", "delete a"];

const rows: readonly Row[] = [
    {
        source: "docs how-pulumi-works",
        behaviour: "what is not in the state is created",
        before: nothing,
        after: one({ value: 1 }),
        steps: ["create a"],
        calls: ["create a"],
        state: ["a"],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "what has not changed stays the same",
        before: one({ value: 1 }),
        after: one({ value: 1 }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "a change that can be made in place updates",
        before: one({ value: 1 }),
        after: one({ value: 2 }),
        steps: ["update a"],
        calls: ["update a"],
        state: ["a"],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "a change that cannot replaces, and creates first",
        before: one({ key: 1 }),
        after: one({ key: 2 }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "what is no longer asked for is deleted",
        before: one(),
        after: nothing,
        steps: ["delete a"],
        calls: ["delete a"],
        state: [],
    },
    {
        source: "docs options/deletebeforereplace",
        behaviour: "deleteBeforeReplace deletes first",
        before: one({ key: 1 }),
        after: one({ key: 2 }, { deleteBeforeReplace: true }),
        steps: ["delete-replaced a", "create-replacement a", "replace a"],
        calls: ["delete a", "create a"],
        state: ["a"],
    },
    {
        source: "engine/delete_before_replace_test.go",
        behaviour: "a provider that asks for it has it deleted first",
        before: one({ key: 1 }),
        after: one({ key: 2, deleteFirst: true }),
        steps: ["delete-replaced a", "create-replacement a", "replace a"],
        calls: ["delete a", "create a"],
        state: ["a"],
    },
    {
        source: "engine/delete_before_replace_test.go",
        behaviour: "deleteBeforeReplace false overrules the provider",
        before: one({ key: 1 }),
        after: one({ key: 2, deleteFirst: true }, { deleteBeforeReplace: false }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "docs options/ignorechanges",
        behaviour: "ignoreChanges keeps what was",
        before: one({ value: 1 }),
        after: one({ value: 2 }, { ignoreChanges: ["value"] }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "docs options/replaceonchanges",
        behaviour: "replaceOnChanges replaces for what would be an update",
        before: one({ value: 1 }),
        after: one({ value: 2 }, { replaceOnChanges: ["value"] }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "docs options/replaceonchanges",
        behaviour: "replaceOnChanges * replaces for every change",
        before: one({ value: 1 }),
        after: one({ value: 2 }, { replaceOnChanges: ["*"] }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "docs options/replaceonchanges",
        behaviour: "replaceOnChanges alone changes nothing",
        before: one({ value: 1 }),
        after: one({ value: 1 }, { replaceOnChanges: ["value"] }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "step_generator.go applyReplaceOnChanges",
        behaviour: "replaceOnChanges #initerror replaces what never became ready",
        before: one({ partialOn: "create" }),
        after: one({ partialOn: "create" }, { replaceOnChanges: ["#initerror"] }),
        steps: [],
        calls: ["create a"],
        state: ["a", "a (delete)"],
        diagnostics: [/the object exists, but it never became ready/],
    },
    {
        source: "engine/refresh_test.go",
        behaviour: "what never became ready is updated though nothing changed",
        before: one({ partialOn: "create" }),
        after: one({ partialOn: "create" }),
        steps: ["update a"],
        calls: ["update a"],
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a changed replacementTrigger replaces",
        before: one({}, { replacementTrigger: "1" }),
        after: one({}, { replacementTrigger: "2" }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "the same replacementTrigger does not",
        before: one({}, { replacementTrigger: { at: [1] } }),
        after: one({}, { replacementTrigger: { at: [1] } }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a first replacementTrigger does not",
        before: one(),
        after: one({}, { replacementTrigger: "1" }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a removed replacementTrigger does not",
        before: one({}, { replacementTrigger: "1" }),
        after: one(),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a replacementTrigger that only became secret does not",
        before: one({}, { replacementTrigger: "1" }),
        after: one({}, { replacementTrigger: new Secret("1") }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a changed secret replacementTrigger replaces",
        before: one({}, { replacementTrigger: new Secret("1") }),
        after: one({}, { replacementTrigger: new Secret("2") }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "engine/replacement_trigger_test.go",
        behaviour: "a replacementTrigger that is not known during an update is an error",
        before: one({}, { replacementTrigger: "1" }),
        after: one({}, { replacementTrigger: Unknown.instance }),
        steps: [],
        calls: [],
        state: ["a"],
        diagnostics: [/replacementTrigger of .*::a is not known/],
    },
    {
        source: "docs options/protect",
        behaviour: "protect refuses deletion",
        before: one({}, { protect: true }),
        after: nothing,
        steps: [],
        calls: [],
        state: ["a"],
        diagnostics: [/::a cannot be deleted, because it is protected/],
    },
    {
        source: "engine/protect_test.go",
        behaviour: "protect refuses replacement",
        before: one({ key: 1 }, { protect: true }),
        after: one({ key: 2 }, { protect: true }),
        steps: [],
        calls: [],
        state: ["a"],
        diagnostics: [/"a" .* has to be replaced \(changed: key\), but it is protected/],
    },
    {
        source: "step_generator.go continueStepsFromDiff",
        behaviour: "protection can be taken away with the replacement",
        before: one({ key: 1 }, { protect: true }),
        after: one({ key: 2 }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "engine/protect_test.go",
        behaviour: "a newly protected resource is replaced once more",
        before: one({ key: 1 }),
        after: one({ key: 2 }, { protect: true }),
        steps: REPLACED,
        calls: REPLACED_CALLS,
        state: ["a"],
    },
    {
        source: "engine/retain_on_delete_test.go",
        behaviour: "retainOnDelete forgets and does not delete",
        before: one({}, { retainOnDelete: true }),
        after: nothing,
        steps: ["delete a"],
        calls: [],
        state: [],
    },
    {
        source: "engine/retain_on_delete_test.go",
        behaviour: "a replaced object with retainOnDelete stays",
        before: one({ key: 1 }, { retainOnDelete: true }),
        after: one({ key: 2 }, { retainOnDelete: true }),
        steps: REPLACED,
        calls: ["create a"],
        state: ["a"],
    },
    {
        source: "engine/update_test.go",
        behaviour: "additional options alone change only the state",
        before: one(),
        after: one({}, { additionalSecretOutputs: ["generated"], customTimeouts: { read: 5 } }),
        steps: [],
        calls: [],
        state: ["a"],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "a failed creation leaves nothing",
        before: nothing,
        after: one({ failOn: "create" }),
        steps: [],
        calls: [],
        state: [],
        diagnostics: [/creating failed: refused by the double/],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "a failed update leaves what was",
        before: one({ value: 1 }),
        after: one({ value: 2, failOn: "update" }),
        steps: [],
        calls: [],
        state: ["a"],
        diagnostics: [/updating failed: refused/],
    },
    {
        source: "docs how-pulumi-works",
        behaviour: "a failed creation of a replacement leaves what was",
        before: one({ key: 1 }),
        after: one({ key: 2, failOn: "create" }),
        steps: [],
        calls: [],
        state: ["a"],
        diagnostics: [/creating failed: refused/],
    },
    {
        source: "engine/pending_delete_test.go",
        behaviour: "a failed deletion of what was replaced is tried again",
        before: one({ key: 1, failOn: "delete" }),
        after: one({ key: 2 }),
        steps: ["create-replacement a", "replace a"],
        calls: ["create a"],
        state: ["a", "a (delete)"],
        diagnostics: [/deleting failed: refused/],
    },
    {
        source: "engine/target_test.go",
        behaviour: "two resources with one URN are an error",
        before: nothing,
        after: async (program) => [await program.thing("a"), await program.thing("a")],
        steps: ["create a"],
        calls: ["create a"],
        state: ["a"],
        diagnostics: [/Duplicate resource URN ".*::a"/],
    },
    {
        source: "docs options/import",
        behaviour: "invalid inputs are an error that names the property",
        before: nothing,
        after: one({ invalid: true }),
        steps: [],
        calls: [],
        state: [],
        diagnostics: [/property "invalid": must not be true/],
    },
    {
        source: "engine/update_test.go",
        behaviour: "a value that is not known during an update is an error",
        before: nothing,
        after: one({ value: Unknown.instance }),
        steps: [],
        calls: [],
        state: [],
        diagnostics: [/the value of "value" is not known during the update/],
    },
];

describe("a resource", () => {
    test.each(rows.map((row): [string, string, Row] => [row.behaviour, row.source, row]))("%s (%s)", async (_behaviour, _source, row) => {
        const stack = new Stack();
        await stack.up(row.before);
        const ran = await stack.up(row.after, row.options);
        expect({ diagnostics: ran.diagnostics, failed: ran.failed }).toEqual({
            diagnostics: (row.diagnostics ?? []).map((pattern): unknown => expect.stringMatching(pattern)),
            failed: Boolean(row.diagnostics),
        });
        expect(ran.steps).toEqual(row.steps);
        expect(ran.calls).toEqual(row.calls);
        expect(stack.names()).toEqual(row.state);
        const ids = stack.snapshot.resources.flatMap(({ id, type }) => (type === "double:index:Thing" ? [id] : []));
        const retained = row.behaviour.includes("retainOnDelete");
        if (!retained) expect([...stack.world.objects.keys()].toSorted()).toEqual(ids.toSorted());
    });

    test("tainted in the state is replaced once", async () => {
        const stack = new Stack();
        await stack.up(one());
        stack.snapshot = {
            ...stack.snapshot,
            resources: stack.snapshot.resources.map((state) => ({ ...state, ...(state.urn === thing("a") && { taint: true }) })),
        };
        expect((await stack.up(one())).steps).toEqual(REPLACED);
        expect((await stack.up(one())).steps).toEqual([]);
    });

    test("keeps its replacementTrigger in the state, and previews one that is not known as a replacement", async () => {
        const stack = new Stack();
        await stack.up(one({}, { replacementTrigger: new Secret("v1") }));
        expect(stack.snapshot.resources.at(-1)?.replacementTrigger).toEqual(new Secret("v1"));
        const planned = await stack.up(one({}, { replacementTrigger: Unknown.instance }), { preview: true });
        expect(planned).toMatchObject({ failed: false, changes: { replace: 1 } });
    });
});
