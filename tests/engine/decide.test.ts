import { describe, expect, test } from "@jest/globals";
import type { DiffResult } from "../../embedded/engine/provider.ts";
import { decide, type Facts } from "../../embedded/engine/steps/decide.ts";
import { nothingKept, type ResourceState } from "../../embedded/engine/state/snapshot.ts";
import { Unknown } from "../../embedded/engine/values.ts";

const old: ResourceState = {
    ...nothingKept,
    urn: "urn:pulumi:s::p::k:i:T::n",
    custom: true,
    id: "id",
    type: "k:i:T",
    inputs: { value: 1, key: "a" },
    outputs: {},
};
const facts: Facts = {
    old,
    inputs: old.inputs,
    custom: true,
    diff: { changes: false },
    forced: undefined,
    replaceOnChanges: [],
    deleteBeforeReplace: undefined,
};
const changed = { inputs: { value: 2, key: "a" }, diff: { changes: true } };

describe("what has to happen to a resource", () => {
    test.each<[string, Partial<Facts>, string]>([
        ["nothing of it is in the state", { old: undefined }, "create"],
        ["it was only read so far", { old: { ...old, external: true } }, "replace"],
        ["its old object is deleted already", { old: { ...old, pendingReplacement: true } }, "recreate"],
        ["the provider sees no change", {}, "same"],
        ["the provider sees no change though the inputs differ", { inputs: { value: 2 } }, "same"],
        ["the provider sees a change", changed, "update"],
        ["the provider sees a change though the inputs are the same", { diff: { changes: true } }, "update"],
        ["the provider does not say, and the inputs are the same", { diff: {} }, "same"],
        ["the provider does not say, and the inputs differ", { diff: {}, inputs: { value: 2 } }, "update"],
        ["the provider cannot be asked, and the inputs are the same", { diff: undefined }, "same"],
        [
            "the provider cannot be asked, and an input is not known",
            { diff: undefined, inputs: { ...old.inputs, value: Unknown.instance } },
            "update",
        ],
        ["its object never became what was asked for", { old: { ...old, initErrors: ["not ready"] } }, "update"],
        ["the provider wants it replaced", { diff: { changes: true, replaces: ["key"] } }, "replace"],
        ["the provider wants it replaced without saying that it changed", { diff: { replaces: ["key"] } }, "replace"],
        ["another provider owns it", { diff: undefined, forced: "provider" }, "replace"],
        ["a change is one that replaces by the program's wish", { ...changed, replaceOnChanges: ["value"] }, "replace"],
        ["every change replaces by the program's wish", { ...changed, replaceOnChanges: ["*"] }, "replace"],
        ["another property is one that replaces by the program's wish", { ...changed, replaceOnChanges: ["key"] }, "update"],
        ["a component's inputs differ", { custom: false, diff: undefined, inputs: {} }, "update"],
        ["a component's inputs are the same", { custom: false, diff: undefined }, "same"],
    ])("when %s", (_when, given, op) => {
        expect(decide({ ...facts, ...given }).op).toBe(op);
    });

    test.each([
        [undefined, undefined, false],
        [undefined, true, true],
        [true, undefined, true],
        [true, false, true],
        [false, true, false],
    ])("the program's deleteBeforeReplace %p wins over the provider's %p", (wish, provider, expected) => {
        const diff = { changes: true, replaces: ["key"], ...(provider === undefined ? {} : { deleteBeforeReplace: provider }) };
        expect(decide({ ...facts, diff, deleteBeforeReplace: wish })).toMatchObject({ op: "replace", deleteBeforeReplace: expected });
    });

    test("says which properties differ and which replace, in the provider's detail or its own", () => {
        expect(decide({ ...facts, ...changed })).toEqual({ op: "update", diffs: ["value"], keys: [], detailedDiff: { value: "update" } });
        const diff: DiffResult = {
            changes: true,
            replaces: ["spec.selector"],
            detailedDiff: { "spec.selector": "update", "spec.replicas": "update", "metadata.labels": "add-replace" },
        };
        expect(decide({ ...facts, diff })).toMatchObject({
            op: "replace",
            diffs: ["spec", "metadata"],
            keys: ["spec.selector", "metadata.labels"],
            detailedDiff: { "spec.selector": "update-replace", "spec.replicas": "update", "metadata.labels": "add-replace" },
        });
    });
});
