/** Resources that were called differently before. Sources as in `steps.test.ts`. */
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { aliasUrns, type Identity } from "../../embedded/engine/deployment/aliases.ts";
import type { Alias } from "../../embedded/engine/steps/goal.ts";
import { makeUrn, parseUrn } from "../../embedded/engine/urn.ts";
import { GROUP, Stack, STACK, THING, thing, type Program } from "./support/direct.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram } from "./support/runs.ts";

const self: Identity = { stack: "unit", project: "test", type: THING, name: "new", parent: STACK };
const inGroup: Identity = { ...self, parent: thing("group", GROUP) };
const child = (name: string): string => `urn:pulumi:unit::test::${GROUP}$${THING}::${name}`;

const was = (urn: string): string | undefined => (urn === thing("group", GROUP) ? thing("team", "test:group:Team") : undefined);
const under = (name: string): string => `urn:pulumi:unit::test::test:group:Team$${THING}::${name}`;

describe("an alias", () => {
    test.each<[string, Identity, Alias, string]>([
        ["of a URN is that URN", self, thing("old"), thing("old")],
        ["of a name", self, { name: "old" }, thing("old")],
        ["of a type", self, { type: "double:index:Old" }, thing("new", "double:index:Old")],
        ["of a stack and a project", self, { stack: "s", project: "p" }, `urn:pulumi:s::p::${THING}::new`],
        ["of a name keeps the parent", inGroup, { name: "old" }, child("old")],
        ["of no parent", inGroup, { noParent: true }, thing("new")],
        ["of a parent", self, { parent: thing("group", GROUP) }, child("new")],
        ["of the stack as the parent", inGroup, { parent: STACK }, thing("new")],
        ["of nothing is the URN itself", inGroup, {}, child("new")],
    ])("%s (step_generator.go collapseAliasToUrn)", (_what, identity, alias, urn) => {
        expect(aliasUrns(identity, [alias], () => undefined)).toEqual([urn]);
    });

    test("is inherited from a renamed parent, with the name that children have after it (inheritedChildAlias)", () => {
        expect(aliasUrns({ ...inGroup, name: "group-db" }, [], was)).toEqual([under("team-db")]);
        expect(aliasUrns({ ...inGroup, name: "db" }, [{ name: "group-old" }], was)).toEqual([
            child("group-old"),
            under("db"),
            under("team-old"),
        ]);
        expect(aliasUrns({ ...inGroup, name: "db" }, [{ name: "x", parent: thing("group", GROUP) }], was)).toEqual([
            under("x"),
            under("db"),
        ]);
    });

    test("of any parts names these and keeps the others", () => {
        const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
        const type = fc.tuple(word, word, word).map((parts) => parts.join(":"));
        const spec = fc.record({ name: word, type, stack: word, project: word }, { requiredKeys: [] });
        fc.assert(
            fc.property(
                fc.record({ name: word, type, stack: word, project: word }),
                fc.option(type, { nil: undefined }),
                spec,
                (own, above, alias) => {
                    const parent = above && makeUrn(own.stack, own.project, above, "parent");
                    const [urn = ""] = aliasUrns({ ...own, parent }, [alias], () => undefined);
                    const { qualifiedType, ...parts } = parseUrn(urn);
                    expect(parts).toEqual({ ...own, ...alias });
                    expect(qualifiedType).toBe(above ? `${above}$${parts.type}` : parts.type);
                },
            ),
        );
    });
});

const named =
    (name: string, aliases: readonly Alias[] = []) =>
    (program: Program): Promise<unknown> =>
        program.thing(name, { value: 1 }, { aliases });

const family =
    (group: string, type: string, aliases: readonly Alias[]) =>
    async (program: Program): Promise<void> => {
        const outer = await program.group(group, { type, aliases });
        const inner = await program.group(`${group}-inner`, { parent: outer?.urn });
        await program.thing(`${group}-inner-a`, { value: 1 }, { parent: inner?.urn });
        await program.thing("other", {}, { dependencies: [inner?.urn ?? ""], deletedWith: outer?.urn, replaceWith: [outer?.urn ?? ""] });
    };

const steer = (group: string, name: string, opts: object = {}, inner: object = {}): unknown => [
    { name: group, kind: "group", opts },
    { name: `${group}-a`, parent: group },
    { name, opts: inner },
];

describe("a resource that was", () => {
    test("renamed is the same one, and has its old name in the state until the next update", async () => {
        const stack = new Stack();
        await stack.up(named("old"));
        const { id } = find(stack.snapshot, "old");
        expect(await stack.up(named("new", [{ name: "old" }]))).toMatchObject({ failed: false, steps: [], calls: [] });
        expect(find(stack.snapshot, "new")).toMatchObject({ id, aliases: [thing("old")] });
        expect(await stack.up(named("new", [{ name: "old" }]))).toMatchObject({ steps: [], calls: [] });
        expect(find(stack.snapshot, "new").aliases).toEqual([]);
        expect(await stack.up(named("new"))).toMatchObject({ steps: [], calls: [], stored: 0 });
    });

    test("not renamed for lack of an alias is another one", async () => {
        const stack = new Stack();
        await stack.up(named("old"));
        expect((await stack.up(named("new"))).calls).toEqual(["create new", "delete old"]);
    });

    test("renamed is found under its own name first (getOldResource)", async () => {
        const stack = new Stack();
        await stack.up(named("new"));
        const ran = await stack.up(async (program) => [await named("new", [{ name: "old" }])(program), await named("old")(program)]);
        expect(ran).toMatchObject({ failed: false, calls: ["create old"] });
    });

    test.each([
        ["another has by alias", named("b", [{ name: "old" }]), /Duplicate alias ".*::old" of .*::b: .*::a already stands for/],
        ["another is", named("old"), /Duplicate resource URN ".*::old": .*::a has it as an alias/],
    ])("renamed to what %s is refused (GetDuplicateResourceAlias)", async (_what, second, message) => {
        const stack = new Stack();
        await stack.up(named("old"));
        const ran = await stack.up(async (program) => [await named("a", [{ name: "old" }])(program), await second(program)]);
        expect(ran.diagnostics).toEqual([expect.stringMatching(message)]);
        expect(ran.calls).toEqual([]);
    });

    test("moved, renamed and of another type with its parents is the same one, in any depth", async () => {
        const stack = new Stack();
        await stack.up(family("old", GROUP, []));
        const ran = await stack.up(family("new", "test:group:Team", [{ name: "old", type: GROUP }]));
        expect(ran).toMatchObject({ failed: false, steps: [], calls: [] });
        expect(JSON.stringify(stack.snapshot.resources.map(({ aliases: _aliases, ...state }) => state))).not.toMatch(/::old/);
        expect(stack.names()).toEqual(["new", "new-inner", "new-inner-a", "other"]);
    });

    test("renamed in a program is the same one, as the SDK sends it", async () => {
        const world = new World();
        const providers = { double: double(world) };
        const first = await runProgram({ program: "steered.ts", providers, steer: steer("old", "x") });
        world.calls.length = 0;
        const ran = await runProgram({
            program: "steered.ts",
            providers,
            snapshot: first.snapshot,
            steer: steer("new", "y", { aliases: [{ name: "old" }] }, { aliases: [thing("z"), { name: "x" }] }),
        });
        expect(ran).toMatchObject({ failed: false, changes: { same: 4 } });
        expect(world.calls).toEqual([]);
    });
});
