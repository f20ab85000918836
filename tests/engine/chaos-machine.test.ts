/** What the machine does to a run: a disk that is full, and a clock that jumps. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendOf, perform, stateOf, THING, worldOf, type Task, type Wanted } from "./support/chaos.ts";
import { nameOf } from "./support/double.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "machine-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wanted = (value: number): Wanted[] =>
    ["a", "b", "c"].map((name, i) => ({ name, kind: "keyed", value, key: 0, needs: ["a", "b", "c"].slice(0, i) }));
const task = (value: number, ballast = 0): Task => ({ folder, ballast, wanted: wanted(value) });

const done = (value: number): string[] => ["a", "b", "c"].map((name) => `${name}-0=${value}`);

/** The values that the things have, in the world and in the state. */
async function values(): Promise<unknown> {
    const world = worldOf(folder);
    const { resources, pendingOperations } = await stateOf(folder);
    return {
        world: [...world.entries()].filter(([id]) => id !== "ballast").map(([id, object]) => `${id}=${String(object["value"])}`),
        state: resources
            .filter(({ type, id }) => type === THING && id !== "ballast")
            .map(({ id, inputs }) => `${id}=${String(inputs["value"])}`),
        pending: pendingOperations.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`),
    };
}

async function told(of: Task, moment?: (what: string) => unknown): Promise<string[]> {
    const lines: string[] = [];
    await perform(
        of,
        (line) => lines.push(line),
        (what) => void moment?.(what),
    ).catch((error: unknown) => lines.push(`thrown: ${String(error)}`));
    return lines;
}

const root = process.getuid?.() === 0;
const describeRoot = root ? describe : describe.skip;
if (!root) console.log("skipped: a small disk can only be mounted by root");

const state = (): string => join(folder, "state");
const filler = (): string => join(state(), "filler");

function fill(): void {
    // A write would have the room of the copy that it replaces.
    rmSync(`${backendOf(folder).stackFile({ project: "test", stack: "unit" })}.bak`, { force: true });
    const file = openSync(filler(), "w");
    try {
        for (const size of [1 << 16, 1 << 12, 1]) {
            try {
                for (;;) writeSync(file, Buffer.alloc(size));
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            }
        }
    } finally {
        closeSync(file);
    }
}

describeRoot("a disk that is full", () => {
    beforeEach(() => {
        mkdirSync(state());
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", state()]);
    });
    afterEach(() => void execFileSync("umount", [state()]));

    test.each([
        ["small", 0],
        ["large", 600_000],
    ])("before the operation: nothing is done with a %s state, and the reason is said", async (_what, ballast) => {
        expect(await told(task(1, ballast))).toEqual([]);
        fill();
        expect(await told(task(2, ballast))).toEqual([
            expect.stringContaining("the disk is full. What was stored before is unchanged; make room"),
        ]);
        rmSync(filler());
        expect(await values()).toEqual({ world: done(1), state: done(1), pending: [] });
    });

    test("in the middle of it: nothing more is done, the state says what was, and the next run goes on", async () => {
        expect(await told(task(1))).toEqual([]);
        const lines = await told(task(2), (what) => what === "after updating b" && fill());
        expect(lines.join("\n")).toMatch(/The state could not be stored: unit\.json\S* cannot be written in \S+: the disk is full/);
        expect(await values()).toEqual({
            world: ["a-0=2", "b-0=2", "c-0=1"],
            state: ["a-0=2", "b-0=1", "c-0=1"],
            pending: ["updating b"],
        });
        rmSync(filler());
        expect((await told(task(2))).filter((line) => line.startsWith("error"))).toEqual([]);
        expect(await values()).toEqual({ world: done(2), state: done(2), pending: [] });
    });

    test("in the middle of a step of a large state: what was stored before is there, and the next run goes on", async () => {
        expect(await told(task(1, 600_000))).toEqual([]);
        const lines = await told(task(1, 600_001), (what) => what === "before updating ballast" && fill());
        expect(lines.join("\n")).toMatch(/The state could not be stored: unit\.json\S* cannot be written in \S+: the disk is full/);
        expect(await values()).toEqual({ world: done(1), state: done(1), pending: ["updating ballast"] });
        rmSync(filler());
        expect((await told(task(2, 600_001))).filter((line) => line.startsWith("error"))).toEqual([]);
        expect(await values()).toEqual({ world: done(2), state: done(2), pending: [] });
    });
});

describe("a clock that jumps", () => {
    afterEach(() => void jest.useRealTimers());

    test("by years, back and forth, changes nothing about what is done and stored", async () => {
        jest.useFakeTimers({
            doNotFake: [
                "nextTick",
                "setImmediate",
                "setTimeout",
                "setInterval",
                "clearTimeout",
                "clearInterval",
                "clearImmediate",
                "queueMicrotask",
                "performance",
                "hrtime",
            ],
        });
        const times = ["2001-01-01", "2099-12-31", "1970-01-02", "2030-06-01"];
        let jumps = 0;
        for (const value of [1, 2, 3]) {
            expect(await told(task(value), () => void jest.setSystemTime(new Date(times[jumps++ % times.length] ?? 0)))).toEqual([]);
            expect(await values()).toEqual({ world: done(value), state: done(value), pending: [] });
        }
        expect(jumps).toBeGreaterThan(20);
        expect(await backendOf(folder).stacks("test")).toEqual(["unit"]);
    });
});
