/** An update is held to a plan of every kind of step without a complaint. */
import { expect, test } from "@jest/globals";
import { PlanKeeper, PlanRecorder, readPlan, writePlan } from "../../embedded/engine/plan/index.ts";
import { plainCrypter } from "../../embedded/engine/state/secrets.ts";
import { checkInputs } from "../../embedded/providers/kubernetes/check.ts";
import { Stack, thing, type Program } from "./support/direct.ts";

type Steps = (program: Program) => Promise<unknown>;

const cases: [what: string, before: Steps, after: Steps, steps: string[]][] = [
    [
        "a provider and a component that are made, with what they hold",
        async () => {},
        async (program) => {
            const provider = await program.provider("p", { cluster: "a" });
            const group = await program.group("g");
            await program.thing("inner", { value: 1 }, { provider: provider?.reference, parent: group?.urn });
        },
        ["create p", "create g", "create inner"],
    ],
    [
        "a provider that is replaced, and with it what it made",
        async (program) => {
            const provider = await program.provider("p", { cluster: "a" });
            await program.thing("a", { value: 1 }, { provider: provider?.reference });
        },
        async (program) => {
            const provider = await program.provider("p", { cluster: "b" });
            await program.thing("a", { value: 1 }, { provider: provider?.reference });
        },
        ["create-replacement p", "replace p", "create-replacement a", "replace a", "delete-replaced a", "delete-replaced p"],
    ],
    [
        "a replacement that deletes first, with what depends on it",
        async (program) => {
            const a = await program.thing("a", { key: 1 });
            await program.thing(
                "b",
                { key: a?.outputs["generated"] ?? null },
                { propertyDependencies: { key: [thing("a")] }, dependencies: [thing("a")] },
            );
        },
        async (program) => {
            const a = await program.thing("a", { key: 2 }, { deleteBeforeReplace: true });
            await program.thing(
                "b",
                { key: a?.outputs["generated"] ?? null },
                { propertyDependencies: { key: [thing("a")] }, dependencies: [thing("a")] },
            );
        },
        ["delete-replaced b", "delete-replaced a", "create-replacement a", "replace a", "create-replacement b", "replace b"],
    ],
    [
        "a new name by an alias, and another type",
        async (program) => await program.thing("old", { value: 1 }),
        async (program) => await program.thing("new", { value: 1 }, { aliases: [{ name: "old" }] }),
        [],
    ],
    [
        "a deletion, of what depends on others and is protected no more",
        async (program) => {
            await program.thing("a", {}, { protect: true });
            await program.thing("b", {}, { dependencies: [thing("a")] });
        },
        async (program) => await program.thing("a", {}, { protect: false }),
        ["delete b"],
    ],
    [
        "an object that is only read, and one that is read no more",
        async (program) => {
            const made = await program.thing("made", { value: 1 });
            await program.read("gone", made?.state.id);
        },
        async (program) => {
            const made = await program.thing("made", { value: 1 });
            await program.read("seen", made?.state.id);
        },
        ["read seen", "discard gone"],
    ],
];

test.each(cases)("%s", async (_what, before, after, steps) => {
    const stack = new Stack();
    await stack.up(before);
    const recorder = new PlanRecorder();
    expect(await stack.up(after, { preview: true, plan: recorder })).toMatchObject({ failed: false, diagnostics: [] });
    const plan = readPlan(writePlan(recorder.plan, {}, plainCrypter), "plan.json", "urn:pulumi:unit::test::", plainCrypter);
    const ran = await stack.up(after, { plan: new PlanKeeper(plan, "plan.json") });
    expect(ran).toMatchObject({ failed: false, diagnostics: [] });
    expect(ran.steps).toEqual(steps);
});

const withoutId: Steps = async (program) => {
    await program.thing("made", { value: 1 });
    await program.thing("taken", { value: 2 });
};

test("an object that is taken over by its id", async () => {
    const stack = new Stack();
    await stack.up(async (program) => await program.thing("made", { value: 1 }));
    const [id = ""] = stack.world.objects.keys();
    const after: Steps = async (program) => {
        await program.thing("made", { value: 1 });
        await program.thing("taken", { value: 2 }, { importId: id });
    };
    const recorder = new PlanRecorder();
    await stack.up(after, { preview: true, plan: recorder });
    expect(recorder.plan.resources.get(thing("taken"))).toMatchObject({ goal: { importId: id }, ops: ["import", "update"] });
    const ran = await stack.up(after, { plan: new PlanKeeper(recorder.plan, "plan.json") });
    expect(ran).toMatchObject({ failed: false, diagnostics: [] });
    const refused = await stack.up(withoutId, { plan: new PlanKeeper(recorder.plan, "plan.json") });
    expect(refused.diagnostics).toEqual([expect.stringContaining(`option import: planned ${JSON.stringify(id)}, found nothing`)]);
});

/** The name that the kubernetes provider gives an object without one. */
async function nameFrom(randomSeed: Uint8Array): Promise<unknown> {
    const ask = { defaultNamespace: () => "default", isNamespaced: async () => true, randomSeed };
    const { inputs } = await checkInputs("urn:pulumi:dev::trial::kubernetes:core/v1:ConfigMap::map", undefined, {}, ask);
    return (inputs as { readonly metadata: { readonly name: string } }).metadata.name;
}

test("names of Kubernetes objects come from the seed that the plan keeps", async () => {
    const recorder = new PlanRecorder();
    const name = await nameFrom(recorder.seed("a"));
    expect(name).toMatch(/^map-[0-9a-f]{8}$/);
    expect(await nameFrom(recorder.seed("a"))).toBe(name);
    expect(await nameFrom(recorder.seed("b"))).not.toBe(name);
});
