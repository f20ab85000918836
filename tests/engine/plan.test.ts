/** Update plans: what a preview writes down, and what an update that is held to it may do. */
import { describe, expect, test } from "@jest/globals";
import { readPlan, writePlan, PlanKeeper, PlanRecorder } from "../../embedded/engine/plan/index.ts";
import type { Plan } from "../../embedded/engine/plan/plan.ts";
import { plainCrypter } from "../../embedded/engine/state/secrets.ts";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { double, World } from "./support/double.ts";
import { Stack, STACK, thing, type Direct, type Program } from "./support/direct.ts";

type Steps = (program: Program) => Promise<unknown>;

/** What a preview of these steps writes down, read back from its file. */
async function planOf(stack: Stack, steps: Steps): Promise<Plan> {
    const recorder = new PlanRecorder();
    const ran = await stack.up(steps, { preview: true, plan: recorder });
    expect(ran.diagnostics).toEqual([]);
    return readPlan(writePlan(recorder.plan, {}, plainCrypter), "plan.json", "urn:pulumi:unit::test::", plainCrypter);
}

async function held(stack: Stack, plan: Plan, steps: Steps, preview = false): Promise<Direct> {
    return await stack.up(steps, { plan: new PlanKeeper(plan, "plan.json"), preview });
}

/** A stack in which these things exist already. */
async function stackOf(steps: Steps, world = new World()): Promise<Stack> {
    const stack = new Stack(world);
    await stack.up(steps);
    return stack;
}

/** Two things, one of which needs what the other generates. */
const all: Steps = async (program) => {
    const made = await program.thing("made", { value: 1 });
    await program.thing("user", { value: made?.outputs["generated"] ?? null, secret: new Secret("hidden") });
    await program.outputs({ made: made?.outputs["generated"] ?? null });
};

/** What is there before. */
const before: Steps = async (program) => {
    await program.thing("a", { value: 1, key: 1 });
    await program.thing("b", { value: 1 });
};

const one: Steps = async (program) => await program.thing("a", {});
const fileOf = (more: object): string => JSON.stringify({ manifest: { time: "", magic: "", version: "" }, ...more });

describe("a plan holds", () => {
    test("what is asked for, as changes of the old inputs, with the steps", async () => {
        const stack = await stackOf(async (program) => {
            await program.thing("updated", { value: 1, gone: true, kept: "k" });
            await program.thing("replaced", { key: 1 });
            await program.thing("same", { value: 1 });
            await program.thing("deleted", {});
        });
        const plan = await planOf(stack, async (program) => {
            const made = await program.thing(
                "created",
                { value: new Secret("hidden away") },
                { protect: true, ignoreChanges: ["x"], aliases: [thing("old"), { name: "other" }] },
            );
            await program.thing(
                "updated",
                { value: made?.outputs["generated"] ?? null, more: 1, kept: "k" },
                { dependencies: [thing("created")] },
            );
            await program.thing("replaced", { key: 2 });
            await program.thing("same", { value: 1 });
            await program.outputs({ url: "x" });
        });
        expect(Object.fromEntries([...plan.resources].map(([urn, { ops }]) => [urn.split("::").at(-1), ops]))).toEqual({
            "test-unit": ["same"],
            default: ["same"],
            created: ["create"],
            updated: ["update"],
            replaced: ["create-replacement", "replace", "delete-replaced"],
            same: ["same"],
            deleted: ["delete"],
        });
        expect(plan.resources.get(thing("created"))?.goal).toMatchObject({
            inputDiff: { adds: { value: new Secret("hidden away") }, deletes: [], updates: {} },
            protect: true,
            ignoreChanges: ["x"],
            aliases: [thing("old"), { name: "other" }],
            parent: STACK,
        });
        expect(plan.resources.get(thing("updated"))?.goal?.inputDiff).toEqual({
            adds: { more: 1 },
            deletes: ["gone"],
            updates: { value: Unknown.instance },
        });
        expect(plan.resources.get(thing("same"))?.goal?.inputDiff).toEqual({ adds: {}, deletes: [], updates: {} });
        expect(plan.resources.get(thing("deleted"))?.goal).toBeUndefined();
        expect(plan.resources.get(STACK)?.goal?.outputDiff).toEqual({ adds: { url: "x" }, deletes: [], updates: {} });
        expect(plan.resources.get(thing("created"))?.seed).toHaveLength(32);
    });
});

describe("an update held to a plan", () => {
    test("does what was planned, values that were not known included", async () => {
        const stack = new Stack();
        const plan = await planOf(stack, all);
        expect((await held(stack, plan, all, true)).diagnostics).toEqual([]);
        const ran = await held(stack, plan, all);
        expect(ran).toMatchObject({ failed: false, diagnostics: [], steps: ["create made", "create user"] });
    });

    test("may do less: what is there already stays", async () => {
        const stack = new Stack();
        const plan = await planOf(stack, all);
        await stack.up(all);
        expect(await held(stack, plan, all)).toMatchObject({ failed: false, diagnostics: [], calls: [] });
    });

    const refusals: [what: string, planned: Steps, done: Steps, urn: string, differences: string[]][] = [
        [
            "another value",
            async (program) => [await program.thing("a", { value: 2, key: 1 }), await program.thing("b", { value: 1 })],
            async (program) => [await program.thing("a", { value: 3, key: 1 }), await program.thing("b", { value: 1 })],
            "a",
            ["property value: planned 2, found 3"],
        ],
        [
            "a value inside another, secrets hidden",
            async (program) => [
                await program.thing("a", { value: { x: [1, new Secret("first one")] }, key: 1 }),
                await program.thing("b", { value: 1 }),
            ],
            async (program) => [
                await program.thing("a", { value: { x: [1, new Secret("other one")] }, key: 1 }),
                await program.thing("b", { value: 1 }),
            ],
            "a",
            ["property value.x: planned [secret], found another value"],
        ],
        [
            "a property more, and one that should go",
            async (program) => [await program.thing("a", { key: 1 }), await program.thing("b", { value: 1 })],
            async (program) => [await program.thing("a", { key: 1, value: 1, more: true }), await program.thing("b", { value: 1 })],
            "a",
            ["property more: planned nothing, found true", "property value: planned nothing, found 1"],
        ],
        [
            "a replacement in place of an update",
            async (program) => [await program.thing("a", { value: 2, key: 1 }), await program.thing("b", { value: 1 })],
            async (program) => [await program.thing("a", { value: 2, key: 2 }), await program.thing("b", { value: 1 })],
            "a",
            ["property key: planned 1, found 2", "planned update, found replace"],
        ],
        [
            "a resource that is not in the plan",
            before,
            async (program) => [await before(program), await program.thing("more", {})],
            "more",
            ["it is not in the plan, but would be created"],
        ],
        [
            "an update of what should stay the same",
            before,
            async (program) => [await program.thing("a", { value: 1, key: 1 }), await program.thing("b", { value: 2 })],
            "b",
            ["property value: planned 1, found 2", "planned same, found update"],
        ],
        [
            "a resource that should be deleted",
            async (program) => await program.thing("a", { value: 1, key: 1 }),
            before,
            "b",
            ["planned delete, found that the program asks for it"],
        ],
        [
            "other options",
            before,
            async (program) => [
                await program.thing("a", { value: 1, key: 1 }, { protect: true, dependencies: [STACK], customTimeouts: { create: 5 } }),
                await program.thing("b", { value: 1 }),
            ],
            "a",
            [
                "option protect: planned false, found true",
                "option customTimeouts.create: planned nothing, found 5",
                `option dependencies: planned [], found ["${STACK}"]`,
            ],
        ],
    ];
    test.each(refusals)("refuses %s", async (_what, planned, done, name, differences) => {
        const stack = await stackOf(before);
        const ran = await held(stack, await planOf(stack, planned), done);
        expect(ran).toMatchObject({ failed: true, calls: expect.not.arrayContaining([expect.stringContaining(` ${name}`)]) });
        expect(ran.diagnostics).toEqual([
            `error: ${thing(name)} is not as planned in plan.json:\n${differences.map((text) => `  - ${text}\n`).join("")}Make a new plan with "preview --save-plan", or undo what has changed since.`,
        ]);
    });

    test("refuses a deletion that was not planned, and does nothing of it", async () => {
        const stack = await stackOf(before);
        const plan = await planOf(stack, before);
        const ran = await held(stack, plan, async (program) => await program.thing("a", { value: 1, key: 1 }));
        expect(ran).toMatchObject({ failed: true, calls: [] });
        expect(ran.diagnostics).toEqual([expect.stringContaining(`  - ${thing("b")}: planned same, but the program did not ask for it\n`)]);
    });

    test("refuses outputs that are not as planned", async () => {
        const stack = new Stack();
        const plan = await planOf(stack, async (program) => await program.outputs({ url: "x" }));
        await expect(held(stack, plan, async (program) => await program.outputs({ url: "y" }))).resolves.toMatchObject({
            failed: true,
            diagnostics: [expect.stringContaining('output url: planned "x", found "y"')],
        });
    });

    test("makes the names that the plan made", async () => {
        const seeds: string[] = [];
        const names = double(new World(), {
            async check(_urn, olds, news, { randomSeed }) {
                const name = olds?.["name"] ?? `made-${Buffer.from(randomSeed ?? []).toString("hex")}`;
                seeds.push(String(name));
                return { inputs: { ...news, name } };
            },
        });
        const stack = new Stack(new World(), { double: names });
        const plan = await planOf(stack, one);
        const ran = await held(stack, plan, one);
        expect(ran).toMatchObject({ failed: false, steps: ["create a"] });
        expect(seeds[0]).toMatch(/^made-[0-9a-f]{64}$/);
        expect(new Set(seeds).size).toBe(1);
        const another = new PlanRecorder();
        expect(another.seed(thing("a"))).not.toEqual(new PlanRecorder().seed(thing("a")));
    });
});

describe("a plan's file", () => {
    test.each([
        ["that is not JSON", "{", "plan.json (--plan) is not JSON"],
        ["that is something else", "[]", 'is not an update plan: make one with "preview --save-plan"'],
        ["without a manifest", "{}", "is not an update plan"],
        [
            "of another stack",
            fileOf({ resourcePlans: { "urn:pulumi:prod::test::a:b:C::d": { state: null } } }),
            "is the plan of another stack: it holds urn:pulumi:prod::test::a:b:C::d",
        ],
        [
            "whose secrets do not open",
            fileOf({
                resourcePlans: {
                    [thing("a")]: {
                        goal: {
                            type: "t",
                            name: "a",
                            inputDiff: {
                                adds: { x: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "no" } },
                            },
                        },
                        state: null,
                    },
                },
            }),
            "cannot be read: not made with this key. Make it anew",
        ],
    ])("%s is refused", (_what, text, message) => {
        const crypter = {
            ...plainCrypter,
            decrypt(): string {
                throw new Error("not made with this key");
            },
        };
        expect(() => readPlan(text, "plan.json", "urn:pulumi:unit::test::", crypter)).toThrow(message);
    });
});
