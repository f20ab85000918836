/**
 * Crashes at every moment that matters: before and after each call of a provider, with the state as it was stored last.
 * The next update must end with exactly what the program asks for, nothing left over and nothing made twice.
 */
import { afterAll, describe, expect, test } from "@jest/globals";
import type { ResourceProvider } from "../../embedded/engine/provider.ts";
import type { ProviderTable, Snapshot } from "../../embedded/engine/index.ts";
import type { PropertyMap } from "../../embedded/engine/values.ts";
import { Stack, type Program, type Registered } from "./support/direct.ts";
import { double, nameOf, World } from "./support/double.ts";

const idOf = (urn: string, inputs: { readonly key?: unknown }): string => `${nameOf(urn)}-${String(inputs.key ?? 0)}`;

/**
 * Objects with names of their own, as on a server that refuses to create one that exists. A replacement gets another
 * name, since the key is part of it. `moment` passes before and after each call.
 */
function named(world: World, moment: () => Promise<void> = async () => {}): ProviderTable {
    const make = double(world);
    return {
        double: () => {
            const inner = make();
            const provider: ResourceProvider = {
                ...inner,
                async create(urn, inputs, context) {
                    const id = idOf(urn, inputs);
                    if (context.preview) return await inner.create(urn, inputs, context);
                    await moment();
                    if (world.objects.has(id)) throw new Error(`${id} exists already`);
                    world.objects.set(id, { urn, inputs });
                    world.calls.push(`create ${id}`);
                    await moment();
                    return { id, outs: { ...inputs, generated: `generated for ${nameOf(urn)}`, copy: null } };
                },
                async locate(urn, inputs) {
                    return idOf(urn, inputs);
                },
                async update(id, urn, olds, news, ignored, context) {
                    if (!context.preview) await moment();
                    const result = await inner.update(id, urn, olds, news, ignored, context);
                    if (!context.preview) await moment();
                    return result;
                },
                async delete(id) {
                    await moment();
                    world.objects.delete(id);
                    world.calls.push(`delete ${id}`);
                    await moment();
                },
            };
            return provider;
        },
    };
}

/** Runs that died, and have to be waited for so that nothing of them is left. */
const ended: Promise<unknown>[] = [];
afterAll(async () => void (await Promise.all(ended)));

/** Runs an update that dies at the given moment; answers the state on the disk, or undefined when it did not come so far. */
async function crashAt(moment: number, world: World, snapshot: Snapshot, wanted: readonly Wanted[]): Promise<Snapshot | undefined> {
    let disk = snapshot;
    let now = 0;
    let dead = false;
    const controller = new AbortController();
    const { promise: buried, resolve: bury } = Promise.withResolvers<void>();
    const die = async (): Promise<void> => {
        if (now++ !== moment && !dead) return;
        dead = true;
        controller.abort();
        await buried;
        throw new Error("dead"); // whatever was running does nothing more
    };
    const stack = new Stack(world, named(world, die));
    stack.snapshot = snapshot;
    const run = stack.up((program) => register(program, wanted), {
        signal: controller.signal,
        persist: async (next) => {
            if (!dead) disk = next;
        },
    });
    const died = new Promise<"died">((resolve) => controller.signal.addEventListener("abort", () => resolve("died")));
    const outcome = await Promise.race([run, died]);
    bury();
    ended.push(run);
    return outcome === "died" ? disk : undefined;
}

interface Wanted {
    readonly name: string;
    readonly inputs?: PropertyMap;
    /** Names of those before it that it depends on; its key is the copy that the first of them has. */
    readonly needs?: readonly string[];
    readonly copies?: true;
}

/** Registers everything as soon as what it depends on is there, as a program does. */
async function register(program: Program, wanted: readonly Wanted[]): Promise<void> {
    const made = new Map<string, Promise<Registered | undefined>>();
    for (const { name, inputs = {}, needs = [], copies } of wanted) {
        const needed = Promise.all(needs.map((other) => made.get(other)));
        made.set(
            name,
            needed.then(async (found) => {
                if (found.includes(undefined)) return undefined; // it failed, or the run has ended
                const urns = found.flatMap((other) => other?.urn ?? []);
                const key = copies ? { key: found[0]?.outputs["copy"] ?? null } : {};
                const properties = copies ? { propertyDependencies: { key: urns } } : {};
                return await program.thing(name, { ...inputs, ...key }, { dependencies: urns, ...properties });
            }),
        );
    }
    await Promise.all(made.values());
}

const before: readonly Wanted[] = [
    { name: "a", inputs: { value: 1 } },
    { name: "replaced", inputs: { key: 1 } },
    { name: "first", inputs: { key: 1, deleteFirst: true } },
    { name: "above", needs: ["first"], copies: true },
    { name: "unwanted", needs: ["a"] },
];
const after: readonly Wanted[] = [
    { name: "a", inputs: { value: 2 } },
    { name: "replaced", inputs: { key: 2 } },
    { name: "first", inputs: { key: 2, deleteFirst: true } },
    { name: "above", needs: ["first"], copies: true },
    { name: "wanted", needs: ["a"] },
];

describe("after a crash", () => {
    test.each([
        ["in a first update", [], before, ["a-0", "above-0", "first-1", "replaced-1", "unwanted-0"]],
        [
            "in an update with creations, an update, replacements and deletions",
            before,
            after,
            ["a-0", "above-0", "first-2", "replaced-2", "wanted-0"],
        ],
    ])(
        "%s, at every moment, the next update converges",
        async (_what, start, goal, wanted) => {
            const original = new World();
            const { snapshot } = await new Stack(original, named(original)).up((program) => register(program, start));
            let moments = 0;
            for (; ; moments++) {
                const world = new World();
                for (const [id, object] of original.objects) world.objects.set(id, { ...object });
                const disk = await crashAt(moments, world, snapshot, goal);
                if (!disk) break;
                const stack = new Stack(world, named(world));
                stack.snapshot = disk;
                const repaired = await stack.up((program) => register(program, goal));
                expect(repaired.diagnostics.filter((line) => line.startsWith("error"))).toEqual([]);
                expect([...world.objects.keys()].toSorted()).toEqual(wanted);
                expect(world.objects.get("a-0")?.inputs).toEqual(goal[0]?.inputs);
                const known = repaired.snapshot.resources.filter(({ type }) => type === "double:index:Thing");
                expect(known.map(({ id }) => id).toSorted()).toEqual(wanted);
                expect(known.filter((state) => state.delete || state.pendingReplacement)).toEqual([]);
                expect(repaired.snapshot.pendingOperations).toEqual([]);
            }
            expect(moments).toBeGreaterThan(8);
        },
        60_000,
    );
});
