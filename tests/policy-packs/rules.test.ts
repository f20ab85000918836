/** What rules are given and what becomes of their verdicts, with packs that run in processes of their own. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { govern, open, thing, urnOf, type Opened } from "./support.ts";

let opened: Opened;
beforeAll(async () => {
    opened = await open([{ path: "rules" }]);
}, 60_000);
afterAll(async () => await opened.gate.close());

describe("the level of a broken rule", () => {
    const cases = [
        { level: "advisory", violations: ["[advisory] is-advisory (a): a broke it"], previewFails: false, created: true },
        { level: "mandatory", violations: ["[mandatory] is-mandatory (a): a broke it"], previewFails: true, created: false },
        { level: "disabled", violations: [], previewFails: false, created: true },
        { level: "remediate", violations: [], previewFails: false, created: true },
    ];
    test.each(cases)("$level, in a preview", async ({ level, violations, previewFails }) => {
        const ran = await govern(opened.gate, true, [thing("a", { ask: level })]);
        expect(ran).toMatchObject({ violations, failed: previewFails, rejected: [] });
        expect(ran.world.previews).toEqual(["create a"]);
    });
    test.each(cases)("$level, in an update", async ({ level, violations, previewFails, created }) => {
        const ran = await govern(opened.gate, false, [thing("a", { ask: level }), thing("b", {})]);
        expect(ran).toMatchObject({ violations, failed: previewFails, rejected: created ? [] : ["a"] });
        expect(ran.world.names()).toEqual(created ? ["a", "b"] : ["b"]);
        expect(ran.snapshot.resources.some(({ urn }) => urn === urnOf("a"))).toBe(created);
    });
});

const BROKEN = { ask: "remediate", value: "broken" };

test("a refused preview shows deletions as well, a refused update makes none", async () => {
    const first = await govern(opened.gate, false, [thing("a", {}), thing("old", {})]);
    const goals = [thing("a", { ask: "mandatory" })];
    const preview = await govern(opened.gate, true, goals, first.snapshot, first.world);
    const deleted = (events: typeof preview.events): number =>
        events.filter((event) => event.type === "resource-pre" && event.metadata.op === "delete").length;
    expect(preview).toMatchObject({ failed: true, violations: ["[mandatory] is-mandatory (a): a broke it"] });
    expect(deleted(preview.events)).toBe(1);
    const update = await govern(opened.gate, false, goals, first.snapshot, first.world);
    expect(deleted(update.events)).toBe(0);
    expect(update.world.names()).toEqual(["a", "old"]);
});

describe("a remediation", () => {
    test("changes what is created, is checked by the provider, and is told with both states", async () => {
        const ran = await govern(opened.gate, false, [thing("a", { ...BROKEN, kept: new Secret("a secret of the program") })]);
        expect(ran.violations).toEqual([]);
        const [state] = ran.snapshot.resources.filter(({ urn }) => urn === urnOf("a"));
        expect(state?.inputs).toEqual({ ask: "remediate", value: "mended", kept: new Secret("a secret of the program") });
        const told = ran.events.filter((event) => event.type === "policy-remediation");
        expect(told).toMatchObject([
            {
                urn: urnOf("a"),
                pack: "rules",
                packVersion: "1.2.3",
                policy: "is-remediate",
                before: { value: "broken" },
                after: { value: "mended" },
            },
        ]);
    });

    test("that the provider refuses fails the resource", async () => {
        const ran = await govern(opened.gate, false, [thing("a", { ...BROKEN, breaks: true })]);
        expect(ran.rejected).toEqual(["a"]);
        expect(ran.errors).toEqual([expect.stringContaining('property "invalid": must not be true')]);
    });

    test("that does not help leaves a mandatory violation", async () => {
        const ran = await govern(opened.gate, false, [thing("a", { ...BROKEN, unmendable: true })]);
        expect(ran).toMatchObject({ failed: true, rejected: ["a"], violations: ["[mandatory] is-remediate (a): the value is not mended"] });
    });

    test("is made again for what replaces the resource", async () => {
        const first = await govern(opened.gate, false, [thing("a", { ...BROKEN, key: 1 })]);
        const second = await govern(opened.gate, false, [thing("a", { ...BROKEN, key: 2 })], first.snapshot, first.world);
        expect(second.world.calls).toEqual(["create a", "create a", "delete a"]);
        expect([...second.world.objects.values()].at(-1)?.inputs).toEqual({ ask: "remediate", value: "mended", key: 2 });
    });

    test("is no change when the state holds what it makes", async () => {
        const first = await govern(opened.gate, false, [thing("a", BROKEN)]);
        const second = await govern(opened.gate, false, [thing("a", BROKEN)], first.snapshot, first.world);
        expect(second.world.calls).toEqual(["create a"]);
    });
});

describe("a rule is given", () => {
    test("plain inputs, every option, the provider, and the stack's tags", async () => {
        const goal = thing(
            "a",
            { ask: "sees", hidden: new Secret("seen in plain"), __internal: 1, list: [{ __inner: 1, x: 1 }] },
            {
                protect: true,
                ignoreChanges: ["x"],
                deleteBeforeReplace: false,
                aliases: [urnOf("old"), { name: "older" }],
                additionalSecretOutputs: ["generated"],
                customTimeouts: { create: 60, delete: 5 },
            },
        );
        const ran = await govern(opened.gate, true, [goal]);
        const violation = ran.events.find((event) => event.type === "policy-violation");
        expect(violation?.message).toContain("[secret]");
        expect(JSON.parse(violation?.message.split("\n")[1] ?? "")).toEqual({
            props: { ask: "sees", hidden: "[secret]", list: [{ x: 1 }] },
            opts: {
                protect: true,
                ignoreChanges: ["x"],
                deleteBeforeReplace: false,
                aliases: [urnOf("old"), urnOf("older")],
                additionalSecretOutputs: ["generated"],
                customTimeouts: { createSeconds: 60, updateSeconds: 0, deleteSeconds: 5 },
                parent: urnOf("").replace("double:index:Thing::", "pulumi:pulumi:Stack::test-unit"),
            },
            provider: {
                type: "pulumi:providers:double",
                urn: "urn:pulumi:unit::test::pulumi:providers:double::default",
                name: "default",
                props: {},
            },
            urn: urnOf("a"),
            type: "double:index:Thing",
            name: "a",
            tags: { "pulumi:project": "test", "pulumi:runtime": "nodejs" },
        });
    });

    test("no more than a hint while a value is not known", async () => {
        const ran = await govern(opened.gate, true, [thing("a", { ask: "reads-value", value: Unknown.instance })]);
        expect(ran).toMatchObject({
            failed: false,
            violations: [
                "[advisory] reads-value (a): can't run policy 'reads-value' from policy pack 'rules@v1.2.3' during preview: string value at .value can't be known during preview",
            ],
        });
    });

    test("the outputs and dependencies of all resources, once they are all there", async () => {
        const ran = await govern(opened.gate, false, [
            thing("first", {}),
            thing(
                "second",
                { ask: "stack", value: 1 },
                { dependencies: [urnOf("first")], propertyDependencies: { value: [urnOf("first")] } },
            ),
        ]);
        expect(ran).toMatchObject({
            failed: true,
            rejected: [],
            violations: ["[mandatory] counts-things (second): generated for second after first (value: first)"],
        });
    });

    test("nothing about the whole when a part failed", async () => {
        const ran = await govern(opened.gate, false, [thing("a", { failOn: "create" }), thing("b", { ask: "stack" })]);
        expect(ran).toMatchObject({ rejected: ["a"], violations: [] });
    });
});

test("what a pack prints is told with its name, also what it printed before it was ready", async () => {
    await govern(opened.gate, true, [thing("a", { ask: "prints" })]);
    // A pipe of its own carries what is printed: it may come after the verdict.
    while (opened.lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(opened.lines).toEqual(["info rules: the pack starts", "info rules: the pack prints"]);
    expect(opened.loaded).toEqual([{ type: "policy-load", pack: "rules", packVersion: "1.2.3", path: "rules" }]);
});

test("a rule that throws fails its resource with the pack's own words", async () => {
    const ran = await govern(opened.gate, false, [thing("a", { ask: "throws" }), thing("b", {})]);
    expect(ran.rejected).toEqual(["a"]);
    expect(ran.errors).toHaveLength(1);
    expect(ran.errors[0]).toMatch(
        /^The policy pack rules failed: Error validating resource with policy 'stops' [^]*the rule's own mistake\n[^]*packs\/rules\/index\.mts/,
    );
    expect(ran.errors[0]).not.toContain("node_modules");
});
