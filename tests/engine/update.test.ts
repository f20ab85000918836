import { describe, expect, test } from "@jest/globals";
import { destroy, preview, type Snapshot } from "../../embedded/engine/index.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram, type Ran } from "./support/runs.ts";

/** Runs the steered program one update after the other on the same world and state. */
function stack(): {
    readonly world: World;
    up(steer: unknown, more?: object): Promise<Ran>;
    plan(steer: unknown, more?: object): Promise<Ran>;
    state(): Snapshot;
} {
    const world = new World();
    const providers = { double: double(world) };
    let snapshot: Snapshot = { resources: [], pendingOperations: [] };
    return {
        world,
        state: () => snapshot,
        async up(steer, more = {}) {
            world.calls.length = 0;
            const ran = await runProgram({ program: "steered.ts", providers, steer, snapshot, ...more });
            snapshot = ran.snapshot;
            return ran;
        },
        plan: (steer, more = {}) => runProgram({ program: "steered.ts", providers, steer, snapshot, ...more }, preview),
    };
}

/** Things of which some are replaced with the first one, and some are not. */
const chain = (key: number): unknown => [
    { name: "a", args: { key }, opts: { deleteBeforeReplace: true } },
    { name: "replaced", from: { key: "a.generated" } },
    { name: "kept", from: { value: "a.generated" } },
    { name: "last", from: { key: "replaced.generated" } },
];

/** Things made by a provider of the program. */
const withProvider = (args: object): unknown => [
    { name: "p", kind: "provider", args },
    { name: "group", kind: "group", providers: ["p"] },
    { name: "a", parent: "group" },
    { name: "b", provider: "p" },
];

const THING = "double:index:Thing";

describe("a program's first update", () => {
    test("creates what it asks for in order of dependency and stores URNs, parents, providers and dependencies", async () => {
        const { world, up } = stack();
        const ran = await up([
            { name: "group", kind: "group", args: { size: 2 } },
            { name: "inner", parent: "group", args: { value: 1 } },
            { name: "user", from: { value: "inner.generated" } },
            { name: "after", dependsOn: ["group"] },
        ]);
        expect(ran).toMatchObject({ failed: false, canceled: false, changes: { create: 5 } });
        expect(world.calls[0]).toBe("create inner");
        expect(world.calls.toSorted()).toEqual(["create after", "create inner", "create user"]);
        expect(ran.outputs).toEqual({ inner: "generated for inner", user: "generated for user", after: "generated for after" });

        const inner = find(ran.snapshot, "inner");
        const provider = find(ran.snapshot, "default");
        expect(inner.urn).toBe(`urn:pulumi:unit::test::test:group:Group$${THING}::inner`);
        expect(inner.parent).toBe("urn:pulumi:unit::test::test:group:Group::group");
        expect(inner.provider).toBe(`${provider.urn}::${provider.id}`);
        expect(provider.urn).toBe("urn:pulumi:unit::test::pulumi:providers:double::default");
        expect(find(ran.snapshot, "user").propertyDependencies).toEqual({ value: [inner.urn] });
        expect(find(ran.snapshot, "after").dependencies).toEqual([inner.urn]);
        expect(find(ran.snapshot, "group")).toMatchObject({ custom: false, inputs: { size: 2 }, outputs: { name: "group" } });
        expect(inner.created).toMatch(/^\d{4}-\d\d-\d\dT/);
        expect(ran.snapshot.resources[0]?.type).toBe("pulumi:pulumi:Stack");
        const seen = new Set<string>();
        for (const state of ran.snapshot.resources) {
            for (const urn of [...state.dependencies, ...(state.parent ? [state.parent] : [])]) expect(seen).toContain(urn);
            seen.add(state.urn);
        }
    });

    test("is preceded by a preview that changes nothing and leaves unknown what only the update will tell", async () => {
        const { world, plan } = stack();
        const ran = await plan([
            { name: "a", args: { value: 1 } },
            { name: "b", from: { value: "a.generated" } },
        ]);
        expect(ran).toMatchObject({ failed: false, changes: { create: 3 } });
        expect(world.previews).toEqual(["create a", "create b"]);
        expect(world.objects.size).toBe(0);
        expect(ran.stored).toEqual([]);
        const created = ran.events.find((event) => event.type === "resource-outputs" && event.metadata.urn.endsWith("::a"));
        expect(created).toMatchObject({
            metadata: { op: "create", new: { inputs: { value: 1 }, outputs: { value: 1 } } },
            planning: true,
        });
        expect(JSON.stringify(created)).not.toContain('"id"');
    });
});

describe("an update of an existing stack", () => {
    test("writes nothing, neither outside nor in the state, when nothing changed", async () => {
        const { world, up } = stack();
        const steer = [
            { name: "group", kind: "group" },
            { name: "a", parent: "group", args: { value: 1 } },
            { name: "b", from: { value: "a.generated" }, secret: ["value"] },
        ];
        await up(steer);
        const ran = await up(steer);
        expect(ran.changes).toEqual({ same: 4 });
        expect(ran.stored).toEqual([]);
        expect(world.calls).toEqual([]);
        expect(ran.outputs["a"]).toBe("generated for a");
    });

    test("updates what changed and passes the new outputs on", async () => {
        const { world, up } = stack();
        await up([
            { name: "a", args: { value: 1 } },
            { name: "b", from: { value: "a.copy" } },
        ]);
        const before = world.objects.size;
        const ran = await up([
            { name: "a", args: { value: 2 } },
            { name: "b", args: { value: 3 } },
        ]);
        expect(ran.changes).toEqual({ same: 1, update: 2 });
        expect(world.calls.toSorted()).toEqual(["update a", "update b"]);
        expect(world.objects.size).toBe(before);
        const updated = ran.events.find((event) => event.type === "resource-outputs" && event.metadata.urn.endsWith("::a"));
        expect(updated).toMatchObject({ metadata: { op: "update", diffs: ["value"], detailedDiff: { value: "update" } } });
    });

    test("replaces by deleting first where asked, together with the dependents that the provider would replace", async () => {
        const { world, up } = stack();
        await up(chain(1));
        const ran = await up(chain(2));
        expect(ran).toMatchObject({ failed: false, changes: { replace: 3 } });
        expect(world.calls).toEqual(["delete last", "delete replaced", "delete a", "create a", "create replaced", "create last"]);
        expect(world.names()).toEqual(["a", "kept", "last", "replaced"]);
        expect(ran.snapshot.resources.some(({ pendingReplacement }) => pendingReplacement)).toBe(false);
    });
});

describe("options", () => {
    test("additionalSecretOutputs and secret inputs mark the outputs of the same name, and copies of their text", async () => {
        const { up } = stack();
        const ran = await up([
            { name: "a", args: { value: "a well kept secret" }, secret: ["value"], opts: { additionalSecretOutputs: ["generated"] } },
        ]);
        expect(find(ran.snapshot, "a").outputs).toEqual({
            value: new Secret("a well kept secret"),
            copy: new Secret("a well kept secret"),
            generated: new Secret("generated for a"),
        });
        expect(ran.outputs["a"]).toEqual(new Secret("generated for a"));
    });

    test("customTimeouts reach the provider in seconds and the state", async () => {
        const seen: unknown[] = [];
        const world = new World();
        const make = double(world);
        const providers = {
            double: () => {
                const inner = make();
                return {
                    ...inner,
                    create: (urn: string, inputs: never, context: never) => {
                        seen.push((context as { timeoutSeconds?: number }).timeoutSeconds);
                        return inner.create(urn, inputs, context);
                    },
                };
            },
        };
        const ran = await runProgram({
            program: "steered.ts",
            providers,
            steer: [{ name: "a", opts: { customTimeouts: { create: "1m30s" } } }],
        });
        expect(seen).toEqual([90]);
        expect(find(ran.snapshot, "a").customTimeouts).toEqual({ create: 90 });
    });

    test.each([["envVarMappings", { envVarMappings: { A: "B" } }]])(
        "%s is refused by name and nothing is created for it",
        async (name, opts) => {
            const { world, up } = stack();
            const ran = await up([{ name: "a", opts }]);
            expect(ran.failed).toBe(true);
            expect(ran.diagnostics.join("\n")).toContain(`the option ${name}`);
            expect(world.calls).toEqual([]);
        },
    );
});

describe("providers", () => {
    test("an explicit provider is a resource that is configured, updated in place, and replaced with all it made", async () => {
        const { world, up, plan } = stack();
        const first = await up(withProvider({ cluster: "one", token: "x" }));
        const { urn, id } = find(first.snapshot, "p");
        expect(find(first.snapshot, "a").provider).toBe(`${urn}::${id}`);
        expect(world.configured).toEqual([{ cluster: "one", token: "x" }]);

        const updated = await up(withProvider({ cluster: "one", token: "y" }));
        expect(updated.changes).toEqual({ same: 4, update: 1 });
        expect(find(updated.snapshot, "p").id).toBe(id);
        expect(world.calls).toEqual([]);

        expect((await plan(withProvider({ cluster: "two", token: "y" }))).changes).toEqual({ same: 2, replace: 3 });
        const replaced = await up(withProvider({ cluster: "two", token: "y" }));
        expect(replaced.changes).toEqual({ same: 2, replace: 3 });
        expect(find(replaced.snapshot, "p").id).not.toBe(id);
        expect(world.calls.toSorted()).toEqual(["create a", "create b", "delete a", "delete b"]);
        expect(replaced.snapshot.resources.filter(({ delete: doomed }) => doomed)).toEqual([]);
    });

    test("whose configuration is not known in a preview are asked nothing, and the update then creates", async () => {
        const { world, up, plan } = stack();
        const steer = [
            { name: "source" },
            { name: "p", kind: "provider", from: { token: "source.generated" } },
            { name: "a", provider: "p", args: { value: 1 } },
        ];
        const planned = await plan(steer);
        expect(planned).toMatchObject({ failed: false, changes: { create: 4 } });
        expect(world.previews).toEqual(["create source"]);
        const ran = await up(steer);
        expect(ran.failed).toBe(false);
        expect(world.calls).toEqual(["create source", "create a"]);
    });

    test("of packages that are not built in are refused by name", async () => {
        const ran = await runProgram({ program: "steered.ts", providers: {}, steer: [{ name: "a" }] });
        expect(ran.diagnostics).toEqual([expect.stringContaining('The package "double" has no provider in the embedded engine')]);
    });

    test("made by default take the stack's settings for the package, and can be disabled", async () => {
        const { world, up } = stack();
        await up([{ name: "a" }], { config: { "double:region": "here" } });
        expect(world.configured).toEqual([{ region: "here" }]);
        const ran = await up([{ name: "b" }], { config: { "pulumi:disable-default-providers": '["double"]' } });
        expect(ran.diagnostics).toEqual([expect.stringContaining("default provider for double is disabled")]);
    });

    test("are closed at the end", async () => {
        const { world, up } = stack();
        await up([{ name: "a" }]);
        expect(world.closed).toBeGreaterThan(0);
    });
});

test("a stack is destroyed in reverse order, down to an empty state", async () => {
    const { world, up, state } = stack();
    await up([
        { name: "p", kind: "provider" },
        { name: "a", provider: "p" },
        { name: "b", dependsOn: ["a"], provider: "p" },
    ]);
    world.calls.length = 0;
    const providers = { double: double(world) };
    const planned = await runProgram({ program: "", providers, snapshot: state() }, (run) => destroy(run, { preview: true }));
    expect(planned.changes).toEqual({ delete: 4 });
    expect(world.calls).toEqual([]);
    const ran = await runProgram({ program: "", providers, snapshot: state() }, (run) => destroy(run, { preview: false }));
    expect(ran).toMatchObject({ failed: false, changes: { delete: 4 }, snapshot: { resources: [], pendingOperations: [] } });
    expect(world.calls).toEqual(["delete b", "delete a"]);
    expect(world.objects.size).toBe(0);
});
