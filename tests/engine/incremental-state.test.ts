/** The file of steps beside the state file: what it costs, and what it says after a crash at any moment. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { access, appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { qualifiedName, type Backend } from "../../embedded/engine/state/backend.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { applyEdit, editOf } from "../../embedded/engine/state/edits.ts";
import { CiphertextMemory, type SecretsManager } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import { nothingKept, type ResourceState, type Snapshot } from "../../embedded/engine/state/snapshot.ts";
import { StateStore } from "../../embedded/engine/state/store.ts";
import type { DeploymentV3 } from "../../embedded/engine/state/types.ts";

const texts = (values: readonly object[]): string[] => values.map((value) => JSON.stringify(value));

test("an edit makes the later list of the earlier one, whatever moved, came and went", () => {
    const list = fc.array(
        fc.integer({ min: 0, max: 12 }).map((n) => ({ n })),
        { maxLength: 30 },
    );
    fc.assert(
        fc.property(list, list, (before, after) => {
            const edit = JSON.parse(editOf(texts(before), texts(after))) as ({ n: number } | [number, number])[];
            expect(applyEdit(before, edit)).toEqual(after);
        }),
        { numRuns: 500 },
    );
});

test.each([
    ["nothing", [0, 1, 2, 3], [0, 1, 2, 3], "[[0,4]]"],
    ["an addition", [0, 1, 2, 3], [0, 1, 7, 2, 3], `[[0,2],{"n":7},[2,2]]`],
    ["a removal", [0, 1, 2, 3], [0, 2, 3], "[[0,1],[2,2]]"],
    ["a move", [0, 1, 2, 3], [0, 2, 1, 3], "[[0,1],[2,1],[1,1],[3,1]]"],
])("the edit of %s is as small as it is", (_what, before, after, expected) => {
    const [earlier, later] = [before, after].map((list) => texts(list.map((n) => ({ n }))));
    expect(editOf(earlier ?? [], later ?? [])).toBe(expected);
});

const STACK = { project: "p", stack: "s" };
const manager: SecretsManager = {
    provider: { type: "passphrase", state: { salt: "salt" } },
    encrypt: (text) => Buffer.from(text).toString("hex"),
    decrypt: (text) => Buffer.from(text, "hex").toString(),
};

/** Two of these make a state that is not written whole any more. */
const PAD = "x".repeat(600_000);

function thing(name: string, pad = ""): ResourceState {
    return {
        ...nothingKept,
        urn: `urn:pulumi:s::p::k:i:T::${name}`,
        custom: true,
        id: name,
        type: "k:i:T",
        inputs: { pad },
        outputs: {},
    };
}

const large = [thing("large-1", PAD), thing("large-2", PAD)];
const snapshotOf = (...resources: ResourceState[]): Snapshot => ({ resources: [...large, ...resources], pendingOperations: [] });
const namesOf = (deployment: DeploymentV3 | undefined): string[] => (deployment?.resources ?? []).map(({ id }) => id ?? "");

const exists = (file: string): Promise<boolean> =>
    access(file).then(
        () => true,
        () => false,
    );

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

describe("the state of a large stack", () => {
    let folder: string;
    let backend: Backend;
    let store: StateStore;
    const read = async (): Promise<string[]> => namesOf((await backend.read(STACK))?.checkpoint.latest).slice(large.length);
    const stores: StateStore[] = [];
    const newStore = (): StateStore => {
        const made = new StateStore(backend, STACK, new CheckpointWriter(qualifiedName(STACK), manager, new CiphertextMemory()));
        stores.push(made);
        return made;
    };
    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "steps-"));
        backend = fileBackend(folder);
        store = newStore();
        await store.store(snapshotOf());
    });
    afterEach(async () => {
        for (const made of stores.splice(0)) await made.settle(); // closes what is open
        await rm(folder, { recursive: true, force: true });
    });

    test("costs what a step changes, and is in one file when the operation is done", async () => {
        const whole = (await stat(backend.stackFile(STACK))).ino;
        for (let count = 1; count <= 20; count++) {
            const names = Array.from({ length: count }, (_, i) => `t${i}`);
            await store.store(snapshotOf(...names.map((name) => thing(name))));
            expect(await read()).toEqual(names);
        }
        expect((await stat(backend.stackFile(STACK))).ino).toBe(whole);
        expect((await stat(backend.stepsFile(STACK))).size).toBeLessThan(20 * 300);
        expect((await stat(backend.stepsFile(STACK))).mode & 0o777).toBe(0o600);
        await store.settle();
        expect(await exists(backend.stepsFile(STACK))).toBe(false);
        expect(await read()).toHaveLength(20);
        const text = await readFile(backend.stackFile(STACK), "utf8");
        expect(JSON.parse(text)).toEqual(await backend.read(STACK));
    });

    test("is written whole again once the steps take as much room as it does", async () => {
        const whole = (await stat(backend.stackFile(STACK))).ino;
        for (const name of ["a", "b", "c", "d"]) await store.store(snapshotOf(thing(name, PAD)));
        expect((await stat(backend.stackFile(STACK))).ino).not.toBe(whole);
        expect(await read()).toEqual(["d"]);
    });

    test("keeps its pending operations among the steps", async () => {
        await store.store({ resources: large, pendingOperations: [{ type: "creating", resource: thing("a") }] });
        const stored = (await backend.read(STACK))?.checkpoint.latest;
        expect(stored?.pending_operations).toMatchObject([{ type: "creating", resource: { id: "a" } }]);
        expect(Object.keys(stored ?? {})).toEqual(["manifest", "secrets_providers", "resources", "pending_operations", "metadata"]);
        await store.store(snapshotOf(thing("a")));
        expect((await backend.read(STACK))?.checkpoint.latest).not.toHaveProperty("pending_operations");
    });

    test("is what it was after the last whole write, wherever the file of steps was cut off", async () => {
        const file = backend.stepsFile(STACK);
        const ends: number[] = [];
        const things: ResourceState[] = [];
        for (let i = 0; i < 5; i++) {
            things.push(thing(`t${i}`));
            await store.store(snapshotOf(...things));
            ends.push((await stat(file)).size);
        }
        const content = await readFile(file);
        for (let length = content.length; length >= 0; length -= 7) {
            await writeFile(file, content.subarray(0, length));
            expect(await read()).toEqual(things.slice(0, ends.filter((end) => length >= end - 1).length).map(({ id }) => id));
        }
    });

    test("survives a crash at each moment of being brought together", async () => {
        await store.store(snapshotOf(thing("a")));
        const file = backend.stepsFile(STACK);
        const steps = await readFile(file);
        const before = await readFile(backend.stackFile(STACK));
        await writeFile(file, Buffer.concat([steps, Buffer.from(`{"resources":[[0,`)])); // a step cut off before
        await newStore().store(snapshotOf(thing("a"), thing("b")));
        const after = await readFile(backend.stackFile(STACK));
        expect(await exists(file)).toBe(false);
        expect(await read()).toEqual(["a", "b"]);

        const announced = Buffer.concat([steps, Buffer.from(`{"resources":[[0,\n{"whole":"${sha256(after)}"}\n`)]);
        await writeFile(file, announced);
        expect(await read()).toEqual(["a", "b"]); // killed between the rename and the removal
        await writeFile(backend.stackFile(STACK), before);
        expect(await read()).toEqual(["a"]); // killed before the rename
    });

    test("is not guessed when somebody changed the state file without the steps, or damaged them", async () => {
        await store.store(snapshotOf(thing("a")));
        await store.store(snapshotOf(thing("a"), thing("b")));
        const file = backend.stepsFile(STACK);
        const content = await readFile(backend.stackFile(STACK), "utf8");
        await writeFile(backend.stackFile(STACK), `${content} `);
        await expect(backend.read(STACK)).rejects.toThrow(
            `The state was changed after an operation of the embedded engine was killed, and without its last steps, which are in ${file}`,
        );
        await writeFile(backend.stackFile(STACK), content);
        expect(await read()).toEqual(["a", "b"]);
        await appendFile(file, `{"resources":[[0,99]],"pending":[]}\n`);
        await expect(backend.read(STACK)).rejects.toThrow(`${file} is damaged (a list of steps does not fit the state it is about)`);
        await truncate(file, 30);
        expect(await read()).toEqual([]);
    });
});
