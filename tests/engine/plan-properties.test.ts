/** Update plans over random inputs: what is written is read again, and a plan accepts itself and nothing else. */
import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { PlanKeeper, PlanRecorder, readPlan, writePlan } from "../../embedded/engine/plan/index.ts";
import type { PlannedStep } from "../../embedded/engine/plan/gate.ts";
import { opsOf } from "../../embedded/engine/steps/decide.ts";
import { noOptions } from "../../embedded/engine/steps/goal.ts";
import { Secret, Unknown, type PropertyMap, type PropertyValue } from "../../embedded/engine/values.ts";
import { resource, urn as urnOf } from "../engine-shell/support.ts";

const { value } = fc.letrec<{ value: PropertyValue }>((tie) => ({
    value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true }).map((n) => n + 0),
        fc.string(),
        fc.constant(Unknown.instance),
        fc.string().map((text) => new Secret(text)),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(
            fc.string().filter((key) => key !== "__proto__"),
            tie("value"),
            { maxKeys: 3 },
        ) as fc.Arbitrary<PropertyMap>,
    ),
}));
const key = fc.constantFrom("a", "b", "c", "metadata");
const inputs = fc.dictionary(key, value) as fc.Arbitrary<PropertyMap>;
const URN = urnOf("pkg:index:Thing", "thing");
const STACK_URNS = "urn:pulumi:dev::trial::";

/** A key that turns a text around: enough to see whether a text is in clear. */
const crypter = {
    encrypt: (text: string) => [...`sealed ${text}`].toReversed().join(""),
    decrypt: (text: string) => [...text].toReversed().join("").slice("sealed ".length),
};

function step(olds: PropertyMap | undefined, news: PropertyMap): PlannedStep {
    const old = olds && resource("pkg:index:Thing", "thing", { inputs: olds });
    return {
        urn: URN,
        ops: opsOf(old ? { op: "update", diffs: [], keys: [], detailedDiff: {} } : { op: "create" }),
        goal: {
            type: "pkg:index:Thing",
            name: "thing",
            custom: true,
            inputs: news,
            ...noOptions,
        },
        old,
        new: resource("pkg:index:Thing", "thing", { inputs: news }),
    };
}

function throughFile(recorded: PlannedStep): PlanKeeper {
    const recorder = new PlanRecorder();
    recorder.decided(recorded);
    return new PlanKeeper(readPlan(writePlan(recorder.plan, {}, crypter), "plan.json", STACK_URNS, crypter), "plan.json");
}

test("a plan read from its file is the plan that was written", () => {
    fc.assert(
        fc.property(fc.option(inputs, { nil: undefined }), inputs, (olds, news) => {
            const recorder = new PlanRecorder();
            recorder.decided(step(olds, news));
            recorder.outputs(URN, olds ?? {}, news);
            const read = readPlan(writePlan(recorder.plan, {}, crypter), "plan.json", STACK_URNS, crypter);
            const [written, again] = [recorder.plan, read].map(({ resources }) => resources.get(URN));
            expect(again?.goal).toEqual(written?.goal);
            expect(again?.ops).toEqual(written?.ops);
            expect(Buffer.from(again?.seed ?? [])).toEqual(Buffer.from(written?.seed ?? []));
        }),
    );
});

test("a plan accepts what it was made from, with and without an old state", () => {
    fc.assert(
        fc.property(fc.option(inputs, { nil: undefined }), inputs, (olds, news) => {
            const keeper = throughFile(step(olds, news));
            expect(() => {
                keeper.decided(step(olds, news));
                keeper.complete();
            }).not.toThrow();
        }),
    );
});

test("a plan refuses another value of a property that it knew, one that is gone, and one that is new", () => {
    fc.assert(
        fc.property(
            fc.option(inputs, { nil: undefined }),
            inputs,
            key,
            fc.constantFrom("changed", "gone", "new"),
            (olds, news, name, how) => {
                const planned = { ...news, ...(how === "new" ? {} : { [name]: "as planned" }) };
                if (how === "new") delete planned[name];
                const found: Record<string, PropertyValue> = { ...planned, [name]: "something else" };
                if (how === "gone") delete found[name];
                // What was there before and is not planned to go is there with its old value.
                const before = olds && how === "new" ? Object.fromEntries(Object.entries(olds).filter(([key]) => key !== name)) : olds;
                const keeper = throughFile(step(before, planned));
                expect(() => keeper.decided(step(before, found))).toThrow(`property ${name}: planned `);
            },
        ),
    );
});

test("no secret stands in a plan's file", () => {
    fc.assert(
        fc.property(inputs, fc.stringMatching(/^[a-z]{12}$/), key, (news, secret, name) => {
            const recorder = new PlanRecorder();
            recorder.decided(step(undefined, { ...news, [name]: { deep: [new Secret({ inner: secret })] } }));
            recorder.outputs(URN, {}, { [name]: new Secret(secret) });
            expect(writePlan(recorder.plan, {}, crypter)).not.toContain(secret);
        }),
    );
});
