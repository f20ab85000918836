import * as fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { delayOf } from "../../operator/kubernetes/backoff.ts";
import { WorkQueue } from "../../operator/kubernetes/workqueue.ts";
import { until } from "./support.ts";

test("a key that waits is handled once, however often it is added", async () => {
    const handled: string[] = [];
    const queue = new WorkQueue({ handle: async (key) => void handled.push(key) });
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    expect(queue.depth).toBe(2);
    queue.start();
    await until("both are handled", () => handled.length === 2);
    await sleep(20);
    expect(handled).toEqual(["a", "b"]);
});

test("a key added while it is worked on is handled again afterwards, never at the same time", async () => {
    await fc.assert(
        fc.asyncProperty(
            fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), pause: fc.nat(3) }), { maxLength: 30 }),
            async (additions) => {
                const running = new Set<string>();
                const lastSeen = new Map<string, number>();
                const lastAdded = new Map<string, number>();
                let overlaps = 0;
                let clock = 0;
                const queue = new WorkQueue({
                    workers: 2,
                    handle: async (key) => {
                        if (running.has(key)) overlaps++;
                        running.add(key);
                        lastSeen.set(key, ++clock);
                        await sleep(1);
                        running.delete(key);
                        return undefined;
                    },
                });
                queue.start();
                for (const { key, pause } of additions) {
                    lastAdded.set(key, ++clock);
                    queue.add(key);
                    if (pause) await sleep(pause);
                }
                await until("the queue is empty", () => queue.depth === 0 && running.size === 0);
                expect(overlaps).toBe(0);
                for (const [key, added] of lastAdded) expect(lastSeen.get(key)).toBeGreaterThan(added);
            },
        ),
        { numRuns: 40 },
    );
});

test("a failure is retried with a growing delay, and a success forgets it", async () => {
    const delays: number[] = [];
    let failures = 3;
    let successes = 0;
    const queue = new WorkQueue({
        backoff: { baseMs: 10, capMs: 1000 },
        handle: async () => {
            if (failures-- > 0) throw new Error("no");
            successes++;
            return undefined;
        },
        onError: (_, __, ms) => delays.push(ms),
    });
    queue.start();
    queue.add("a");
    await until("it succeeds", () => successes === 1);
    expect(delays.map((ms) => Math.ceil(ms / 10 / 2) >= 1 && ms)).toHaveLength(3);
    expect(delays[0]).toBeLessThanOrEqual(10);
    expect(delays[2]).toBeGreaterThanOrEqual(20);
});

test("of several later times for a key the earliest counts", async () => {
    const at: number[] = [];
    const begun = Date.now();
    const queue = new WorkQueue({ handle: async () => void at.push(Date.now() - begun) });
    queue.start();
    queue.addAfter("a", 500);
    queue.addAfter("a", 30);
    queue.addAfter("a", 200);
    await sleep(300);
    expect(at).toHaveLength(1);
    expect(at[0]).toBeLessThan(150);
    await queue.stop();
});

test("stopping waits for what is under way and forgets the rest", async () => {
    const handled: string[] = [];
    const queue = new WorkQueue({
        workers: 1,
        handle: async (key) => {
            await sleep(30);
            handled.push(key);
            return undefined;
        },
    });
    queue.start();
    queue.add("a");
    queue.add("b");
    await queue.stop();
    expect(handled).toEqual(["a"]);
    queue.add("c");
    expect(queue.depth).toBe(0);
});

test("delays double, stay under the cap and are at least half of it", () => {
    fc.assert(
        fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
            const delay = delayOf({ baseMs: 100, capMs: 5000 }, failures, () => random);
            const full = Math.min(5000, 100 * 2 ** Math.min(failures - 1, 30));
            expect(delay).toBeGreaterThanOrEqual(full / 2);
            expect(delay).toBeLessThanOrEqual(full);
        }),
    );
});
