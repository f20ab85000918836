/**
 * Runs that are killed at random moments, in a process of their own, with the state and the provider's world on the disk.
 * The seed is printed; `CHAOS_SEED=… npm test` repeats a run.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { perform, stateOf, THING, worldOf, type Wanted } from "./support/chaos.ts";
import type { ChaosTask } from "./support/chaos-process.ts";
import { nameOf } from "./support/double.ts";

const SEED = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));
const KILLS = 50;
/** Killed runs before the next one is left alone, at most. */
const IN_A_ROW = 3;

let folder: string;
beforeAll(async () => {
    process.stderr.write(`chaos: CHAOS_SEED=${SEED}\n`);
    folder = await mkdtemp(join(tmpdir(), "chaos-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Numbers from a seed: `draw(n)` is one of 0 … n - 1. */
function generator(seed: number): (n: number) => number {
    let state = seed >>> 0;
    return (n) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
    };
}

const KINDS: Readonly<Record<string, Wanted["kind"]>> = {
    a: "keyed",
    b: "first",
    c: "anonymous",
    d: "keyed",
    e: "first",
    f: "anonymous",
    g: "keyed",
};

/** What is wanted next: some of the things, with other values and keys, each needing some of those before it. */
function draft(draw: (n: number) => number, keys: Map<string, number>): Wanted[] | undefined {
    if (draw(6) === 0) return undefined;
    const wanted: Wanted[] = [];
    for (const [name, kind] of Object.entries(KINDS)) {
        if (draw(4) === 0) continue;
        const needs = wanted.filter(() => draw(4) === 0).map((other) => other.name);
        // A key is not used again: the object that had it may still wait for its deletion.
        const key = (keys.get(name) ?? 0) + draw(2);
        keys.set(name, key);
        wanted.push({ name, kind, value: draw(3), key, needs });
    }
    return wanted;
}

interface Ended {
    readonly killed: boolean;
    readonly lines: readonly string[];
}

function start(task: ChaosTask): Promise<Ended> {
    const script = join(import.meta.dirname, "support/chaos-process.ts");
    return new Promise((resolve) => {
        execFile(
            process.execPath,
            [script, JSON.stringify(task)],
            { env: { ...process.env, NODE_OPTIONS: "" } },
            (error, stdout, stderr) => {
                resolve({ killed: error?.signal === "SIGKILL", lines: `${stdout}${stderr}`.split("\n").filter(Boolean) });
            },
        );
    });
}

const nameOfId = (id: string): string => id.replace(/-[^-]+$/, "");

/** Compares the world with the state, and takes down what is said to be lost. */
async function inspect(place: string, lost: Set<string>, lines: readonly string[]): Promise<{ unknown: string[]; missing: string[] }> {
    const world = worldOf(place);
    const { resources, pendingOperations } = await stateOf(place);
    const things = resources.filter(({ type }) => type === THING);
    const known = new Set(things.map(({ id }) => id));
    const pending = (name: string, type: string): boolean =>
        pendingOperations.some((operation) => operation.type === type && nameOf(operation.resource.urn) === name);
    for (const id of world.keys()) {
        const told = lines.some((line) => line.includes(`::${nameOfId(id)}, and the provider double cannot say whether that happened`));
        if (!known.has(id) && told) lost.add(id);
    }
    return {
        unknown: [...world.keys()].filter((id) => !known.has(id) && !lost.has(id) && !pending(nameOfId(id), "creating")),
        // What waits for its deletion is deleted again, also when it is gone already.
        missing: things.flatMap(({ urn, id = "", pendingReplacement, delete: doomed }) =>
            world.has(id) || pendingReplacement || doomed || pending(nameOf(urn), "deleting") ? [] : [id],
        ),
    };
}

describe("after kill -9", () => {
    test.each([
        ["of a small state, written whole", 0],
        ["of a large state, written as steps", 1_100_000],
    ])(
        `at ${KILLS / 2} random moments %s, nothing is lost or made twice, and the next run converges`,
        async (_what, ballast) => {
            const draw = generator(SEED + ballast);
            const place = join(folder, String(ballast));
            const lost = new Set<string>();
            const diary: string[] = [];
            let kills = 0;
            const died = new Set<string>();
            const keys = new Map<string, number>();
            while (kills < KILLS / 2) {
                let wanted = draft(draw, keys);
                for (let row = draw(IN_A_ROW) + 1; row > 0; row--) {
                    if (draw(3) === 0) wanted = draft(draw, keys);
                    const dieAfterMs = draw(3) === 0 ? 1 + draw(4) : 0;
                    const { killed, lines } = await start({
                        folder: place,
                        ballast,
                        ...(wanted && { wanted }),
                        dieAt: draw(30),
                        dieAfterMs,
                    });
                    diary.push(`${wanted ? "up" : "destroy"}: ${lines.at(-1)}`);
                    kills += killed ? 1 : 0;
                    expect([diary, lines.filter((line) => line.startsWith("error")), lines.at(-1)]).toEqual([
                        diary,
                        [],
                        expect.stringMatching(killed ? /^died / : /^done$/),
                    ]);
                    died.add(lines.at(-1)?.replace(/ \w$/, "") ?? "");
                    expect([diary, await inspect(place, lost, lines)]).toEqual([diary, { unknown: [], missing: [] }]);
                }
                const lines: string[] = [];
                await perform({ folder: place, ballast, ...(wanted && { wanted }) }, (line) => lines.push(line));
                diary.push(`${wanted ? "up" : "destroy"} to its end`);
                expect([diary, lines.filter((line) => line.startsWith("error"))]).toEqual([diary, []]);
                expect([diary, await inspect(place, lost, lines)]).toEqual([diary, { unknown: [], missing: [] }]);
                expect([diary, await outcome(place, lost)]).toEqual([diary, expectation(wanted)]);
            }
            // Both sides of a provider's call, and of storing the state.
            expect(
                [...died].filter((what) => /^died (before|after) (creating|deleting|updating|the state)/.test(what)).length,
            ).toBeGreaterThan(2);
        },
        120_000,
    );
});

/** What the things are now, each with what its object has. */
async function outcome(place: string, lost: ReadonlySet<string>): Promise<unknown> {
    const world = worldOf(place);
    const { resources, pendingOperations } = await stateOf(place);
    const things = resources.filter(({ type, urn }) => type === THING && nameOf(urn) !== "ballast");
    return {
        things: Object.fromEntries(
            things.map((state) => {
                const object = world.get(state.id ?? "");
                return [nameOf(state.urn), { value: object?.["value"], key: object?.["key"] }];
            }),
        ),
        count: things.length,
        objects: [...world.keys()].filter((id) => id !== "ballast" && !lost.has(id)).length,
        leftovers: resources.filter((state) => state.delete || state.pendingReplacement).length,
        pending: pendingOperations.length,
    };
}

function expectation(wanted: readonly Wanted[] | undefined): unknown {
    return {
        things: Object.fromEntries((wanted ?? []).map(({ name, value, key }) => [name, { value, key }])),
        count: wanted?.length ?? 0,
        objects: wanted?.length ?? 0,
        leftovers: 0,
        pending: 0,
    };
}

test("an object that is wanted again while it waits for its deletion is kept", async () => {
    const place = join(folder, "again");
    const task = (key: number): ChaosTask => ({
        folder: place,
        ballast: 0,
        wanted: [{ name: "a", kind: "keyed", value: key, key, needs: [] }],
    });
    expect((await start(task(1))).lines).toEqual(["done"]);
    expect((await start({ ...task(2), dieAt: "before deleting a" })).killed).toBe(true);
    expect((await start({ ...task(1), dieAt: "before creating a" })).killed).toBe(true);
    expect((await start(task(1))).lines.at(-1)).toBe("done");
    expect([...worldOf(place).keys()].toSorted()).toEqual(["a-1", "ballast"]);
    expect(await outcome(place, new Set())).toEqual(expectation(task(1).wanted));
}, 30_000);

test("of two updates at the same moment exactly one goes on", async () => {
    const wanted: Wanted[] = [{ name: "a", kind: "keyed", value: 1, key: 1, needs: [] }];
    const place = join(folder, "two");
    const runs = await Promise.all(
        [0, 1].map((value) => start({ folder: place, ballast: 0, wanted: wanted.map((a) => ({ ...a, value })), stepMs: 250 })),
    );
    const ends = runs.map(({ lines }) => lines.at(-1)).toSorted();
    expect(ends[0]).toBe("done");
    expect(ends[1]).toMatch(/^refused: The stack unit is locked by .+, pid \d+, since .+: up\. Wait for it to end/);
    expect([...worldOf(place).keys()].toSorted()).toEqual(["a-1", "ballast"]);
}, 30_000);
