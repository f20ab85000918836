/** Whatever a program changes, one update brings the stack there, and a second one finds nothing to do. */
import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { destroy, refresh } from "../../embedded/engine/index.ts";
import type { Goal } from "../../embedded/engine/steps/goal.ts";
import { expectInOrder, Stack, thing, THING, type Program } from "./support/direct.ts";
import { nameOf } from "./support/double.ts";

/** A thing of a program; numbers name earlier things, and are taken modulo their count. */
interface Node {
    readonly present: boolean;
    readonly value: number;
    readonly key: number;
    readonly deleteFirst: boolean;
    readonly after: readonly number[];
    /** Things whose making anew changes the key, and so replaces. */
    readonly keyFrom: number | undefined;
    readonly deletedWith: number | undefined;
    readonly replaceWith: number | undefined;
    readonly trigger: number;
    readonly replaceOnChanges: boolean;
    readonly provider: boolean;
}

const optional = fc.option(fc.nat(20), { nil: undefined, freq: 3 });
const node: fc.Arbitrary<Node> = fc.record({
    present: fc.boolean(),
    value: fc.nat(1),
    key: fc.nat(1),
    deleteFirst: fc.boolean(),
    after: fc.array(fc.nat(20), { maxLength: 2 }),
    keyFrom: optional,
    deletedWith: optional,
    replaceWith: optional,
    trigger: fc.nat(2),
    replaceOnChanges: fc.boolean(),
    provider: fc.boolean(),
});
const graph = fc.record({ cluster: fc.nat(1), nodes: fc.array(node, { maxLength: 8 }) });
type Graph = typeof graph extends fc.Arbitrary<infer T> ? T : never;

/** Registers the graph; a thing knows the objects it is made with by their ids. */
const program =
    ({ cluster, nodes }: Graph) =>
    async (ask: Program): Promise<void> => {
        const made: { urn: string; id: string }[] = [];
        const provider = await ask.provider("p", { cluster });
        for (const [i, { present, value, key, deleteFirst, provider: own, ...rest }] of nodes.entries()) {
            if (!present) continue;
            const earlier = (at: number | undefined): { urn: string; id: string } | undefined =>
                at === undefined || !made.length ? undefined : made[at % made.length];
            const urnOf = (at: number | undefined): string[] => (earlier(at) ? [earlier(at)?.urn ?? ""] : []);
            const { after, keyFrom, deletedWith, replaceWith, trigger, replaceOnChanges } = rest;
            const goal: Partial<Goal> = {
                dependencies: [...new Set([...after.flatMap(urnOf), ...urnOf(keyFrom)])],
                propertyDependencies: { key: urnOf(keyFrom) },
                deletedWith: urnOf(deletedWith)[0],
                replaceWith: urnOf(replaceWith),
                replacementTrigger: trigger || undefined,
                replaceOnChanges: replaceOnChanges ? ["value"] : [],
                provider: own ? provider?.reference : undefined,
            };
            const done = await ask.thing(`t${i}`, { value, deleteFirst, key: earlier(keyFrom)?.id ?? key }, goal);
            if (done) made.push({ urn: done.urn, id: done.state.id ?? "" });
        }
    };

function goneWith(graphs: readonly Graph[]): ReadonlySet<string> {
    return new Set(
        graphs.flatMap(({ nodes }) => nodes.flatMap(({ deletedWith }, i) => (deletedWith === undefined ? [] : [thing(`t${i}`)]))),
    );
}

const rounds = fc.array(graph, { minLength: 1, maxLength: 3 });

test("one update converges, the next one has nothing to do, and the state is what is there", async () => {
    await fc.assert(
        fc.asyncProperty(rounds, async (graphs) => {
            const stack = new Stack();
            for (const wanted of graphs) {
                const planned = await stack.up(program(wanted), { preview: true });
                const ran = await stack.up(program(wanted));
                expect({ diagnostics: ran.diagnostics, failed: ran.failed }).toEqual({ diagnostics: [], failed: false });
                expect(Object.keys(planned.changes).toSorted()).toEqual(
                    expect.arrayContaining(Object.keys(ran.changes).filter((op) => op === "create")),
                );
                const things = stack.snapshot.resources.filter(({ type }) => type === THING);
                expect(things.map(({ urn }) => urn).toSorted()).toEqual(
                    wanted.nodes.flatMap(({ present }, i) => (present ? [thing(`t${i}`)] : [])).toSorted(),
                );
                expect(things.filter((state) => state.delete || state.pendingReplacement)).toEqual([]);
                expectInOrder(stack.snapshot.resources);
                for (const { id, inputs } of things) expect(stack.world.objects.get(id ?? "")?.inputs).toEqual(inputs);
                // Objects that went with another one by their option are left to it, which the double does not know.
                const ids = new Set(things.map(({ id }) => id));
                const left = [...stack.world.objects].flatMap(([id, { urn }]) => (ids.has(id) ? [] : [urn]));
                expect(left.filter((urn) => !goneWith(graphs).has(urn))).toEqual([]);

                const again = await stack.up(program(wanted));
                expect({ steps: again.steps, calls: again.calls, stored: again.stored }).toEqual({ steps: [], calls: [], stored: 0 });
                expect((await stack.run((run) => refresh(run, { preview: false }))).stored).toBe(0);
            }
            const ran = await stack.run((run) => destroy(run, { preview: false }));
            expect({ failed: ran.failed, left: stack.names().map(nameOf) }).toEqual({ failed: false, left: [] });
        }),
        { numRuns: 150 },
    );
});
