/**
 * Crashes at every moment that matters: before and after each call of a provider, with the state as it was stored last.
 * The next update must end with exactly what the program asks for, nothing left over and nothing made twice.
 */
import { afterAll, describe, expect, test } from "@jest/globals";
import type { ResourceProvider } from "../../embedded/engine/provider.ts";
import type { ProviderTable, Snapshot } from "../../embedded/engine/index.ts";
import { double, nameOf, World } from "./support/double.ts";
import { runProgram } from "./support/runs.ts";

const program = "steered.ts";

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
async function crashAt(moment: number, world: World, snapshot: Snapshot, steer: unknown): Promise<Snapshot | undefined> {
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
    const run = runProgram({
        program,
        providers: named(world, die),
        steer,
        snapshot,
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

const before = [
    { name: "a", args: { value: 1 } },
    { name: "replaced", args: { key: 1 } },
    { name: "first", args: { key: 1, deleteFirst: true } },
    { name: "above", from: { key: "first.copy" }, dependsOn: ["first"] },
    { name: "unwanted", dependsOn: ["a"] },
];
const after = [
    { name: "a", args: { value: 2 } },
    { name: "replaced", args: { key: 2 } },
    { name: "first", args: { key: 2, deleteFirst: true } },
    { name: "above", from: { key: "first.copy" }, dependsOn: ["first"] },
    { name: "wanted", dependsOn: ["a"] },
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
        async (_what, start, steer, wanted) => {
            const original = new World();
            const { snapshot } = await runProgram({ program, providers: named(original), steer: start });
            let moments = 0;
            for (; ; moments++) {
                const world = new World();
                for (const [id, object] of original.objects) world.objects.set(id, { ...object });
                const disk = await crashAt(moments, world, snapshot, steer);
                if (!disk) break;
                const repaired = await runProgram({ program, providers: named(world), steer, snapshot: disk });
                expect(repaired.diagnostics.filter((line) => line.startsWith("error"))).toEqual([]);
                expect([...world.objects.keys()].toSorted()).toEqual(wanted);
                expect(world.objects.get("a-0")?.inputs).toEqual(steer[0]?.args);
                const known = repaired.snapshot.resources.filter(({ type }) => type === "double:index:Thing");
                expect(known.map(({ id }) => id).toSorted()).toEqual(wanted);
                expect(known.filter((state) => state.delete || state.pendingReplacement)).toEqual([]);
                expect(repaired.snapshot.pendingOperations).toEqual([]);
            }
            expect(moments).toBeGreaterThan(8);
        },
        240_000,
    );
});
