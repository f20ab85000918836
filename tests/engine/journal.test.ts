import { describe, expect, test } from "@jest/globals";
import { Limiter } from "../../embedded/engine/deployment/limiter.ts";
import { Journal } from "../../embedded/engine/state/journal.ts";
import { emptySnapshot, nothingKept, type ResourceState, type Snapshot } from "../../embedded/engine/state/snapshot.ts";

function state(name: string, more: Partial<ResourceState> = {}): ResourceState {
    return {
        urn: `urn:pulumi:s::p::k:i:T::${name}`,
        custom: true,
        type: "k:i:T",
        inputs: {},
        outputs: {},
        ...nothingKept,
        ...more,
    };
}

const names = ({ resources }: Snapshot): string[] =>
    resources.map(({ urn, delete: doomed }) => urn.split("::").at(-1) + (doomed ? "!" : ""));

describe("the journal", () => {
    test("puts what was done before what is left of the old state, each in its order", () => {
        const [a, b, c] = [state("a"), state("b"), state("c")];
        const journal = new Journal({ resources: [a, b, c], pendingOperations: [] }, undefined);
        journal.add(state("n"));
        journal.keep(state("b"), b);
        journal.change(c, { ...c, delete: true });
        expect(names(journal.snapshot())).toEqual(["n", "b", "a", "c!"]);
        journal.remove(a);
        expect(names(journal.snapshot())).toEqual(["n", "b", "c!"]);
    });

    test("stores that a step begins before it begins, and what came of it", async () => {
        const stored: Snapshot[] = [];
        const journal = new Journal(emptySnapshot, async (snapshot) => void stored.push(snapshot));
        const operation = await journal.begin("creating", state("a"));
        expect(stored).toMatchObject([{ resources: [], pendingOperations: [{ type: "creating" }] }]);
        journal.add(state("a", { id: "1" }));
        journal.end(operation);
        await journal.flush();
        expect(stored[1]).toMatchObject({ resources: [{ id: "1" }], pendingOperations: [] });
    });

    test("stores nothing when nothing was recorded but what stayed as it was", async () => {
        let writes = 0;
        const a = state("a");
        const journal = new Journal({ resources: [a], pendingOperations: [] }, async () => void writes++);
        journal.keep(state("a"), a);
        await journal.flush();
        expect(writes).toBe(0);
    });

    test("lets steps share writes, one at a time, and none returns before it is stored", async () => {
        let writing = 0;
        const stored: string[][] = [];
        const journal = new Journal(emptySnapshot, async (snapshot) => {
            expect(++writing).toBe(1);
            await new Promise((resolve) => setTimeout(resolve, 10));
            stored.push(names(snapshot));
            writing--;
        });
        await Promise.all(
            Array.from({ length: 50 }, async (_, i) => {
                await new Promise((resolve) => setTimeout(resolve, i % 7));
                journal.add(state(`r${i}`));
                await journal.flush();
                expect(stored.at(-1)).toContain(`r${i}`);
            }),
        );
        expect(stored.length).toBeLessThan(10);
    });

    test("refuses to go on once the state could not be stored", async () => {
        const journal = new Journal(emptySnapshot, async () => Promise.reject(new Error("disk full")));
        await expect(journal.begin("creating", state("a"))).rejects.toThrow("The state could not be stored: disk full");
        await expect(journal.begin("creating", state("b"))).rejects.toThrow("disk full");
    });

    test("leaves no reference to what was found to be gone, or comes later", () => {
        const [gone, base] = [state("gone"), state("base")];
        const refers = {
            dependencies: [base.urn, gone.urn],
            propertyDependencies: { x: [gone.urn], y: [base.urn] },
            deletedWith: gone.urn,
            replaceWith: [gone.urn, base.urn],
        };
        const left = state("left", refers);
        const journal = new Journal({ resources: [gone, base, left], pendingOperations: [] }, undefined);
        expect(journal.snapshot().resources[2]).toBe(left);
        journal.remove(gone);
        const { deletedWith: _with, ...rest } = left;
        const without = { ...rest, dependencies: [base.urn], propertyDependencies: { x: [], y: [base.urn] }, replaceWith: [base.urn] };
        expect(journal.snapshot().resources).toEqual([base, without]);
        journal.restore(state("gone", { id: "found" }));
        expect(journal.snapshot().resources.slice(0, 2)).toEqual([base, without]);
        expect(names(journal.snapshot())).toEqual(["base", "left", "gone"]);
    });

    test("lets what is left refer to a resource by its new name", () => {
        const old = state("old");
        const left = state("left", { dependencies: [old.urn], parent: old.urn, propertyDependencies: { x: [old.urn] } });
        const journal = new Journal({ resources: [old, left], pendingOperations: [] }, undefined);
        const renamed = state("new");
        journal.add(renamed, old);
        expect(journal.snapshot().resources[1]).toMatchObject({
            dependencies: [renamed.urn],
            parent: renamed.urn,
            propertyDependencies: { x: [renamed.urn] },
        });
    });
});

test.each([
    [1, 1],
    [3, 3],
    [0, 10],
])("a limit of %p lets %p of ten works run at once", async (limit, expected) => {
    const limiter = new Limiter(limit);
    let running = 0;
    let most = 0;
    await Promise.all(
        Array.from({ length: 10 }, () =>
            limiter.run(async () => {
                most = Math.max(most, ++running);
                await new Promise((resolve) => setTimeout(resolve, 2));
                running--;
            }),
        ),
    );
    expect(most).toBe(expected);
});
