import { setTimeout as sleep } from "node:timers/promises";
import { HandshakeError, type Handshake } from "../../operator/controller/handshake.ts";
import { Prober, type Verification } from "../../operator/controller/prober.ts";
import { until } from "./support.ts";

const handshake: Handshake = { serverInfo: undefined, protocolVersion: "2025-11-25", tools: 1 };

const made: Prober[] = [];
afterEach(() => made.splice(0).forEach((prober) => prober.stop()));

function proberWith(probe: (name: string, timeoutMs: number) => Promise<Handshake>, concurrency = 16) {
    const results: Verification[] = [];
    const prober = new Prober({ probe, onResult: (_, result) => results.push(result), periodSeconds: 1, concurrency });
    made.push(prober);
    return { prober, results };
}

test("tries a new server again and again quickly until it answers, then at most every period", async () => {
    const at: number[] = [];
    const { prober, results } = proberWith(async () => {
        if (at.push(performance.now()) < 4) throw new HandshakeError("ServerUnreachable", "not yet");
        return handshake;
    });
    prober.watch("n/a", "a", "1");
    await until("it is probed after it has answered", () => at.length === 5, 5000);
    prober.stop();
    expect(results.slice(0, 4).map(({ ok }) => ok)).toEqual([false, false, false, true]);
    // Timers may be late on a busy machine, but are never early.
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.min(...gaps.slice(0, 3))).toBeLessThan(400);
    expect(gaps[3]).toBeGreaterThan(500);
});

test("forgets what it found when another server takes the name", async () => {
    const { prober } = proberWith(async () => handshake);
    prober.watch("n/a", "a", "1");
    await until("there is a result", () => prober.resultOf("n/a", "1"));
    expect(prober.resultOf("n/a", "2")).toBeUndefined();
    prober.watch("n/a", "a", "2");
    expect(prober.resultOf("n/a", "1")).toBeUndefined();
    prober.forget("n/a");
    expect(prober.resultOf("n/a", "2")).toBeUndefined();
    prober.stop();
});

test("gives a slow server a multiple of the time it usually takes, and a quick one half a period", async () => {
    const timeouts: number[] = [];
    const { prober } = proberWith(async (name, timeoutMs) => {
        timeouts.push(timeoutMs);
        if (name === "slow") await sleep(300);
        return handshake;
    });
    prober.watch("n/slow", "slow", "1");
    await until("two probes", () => timeouts.length === 2, 3000);
    expect(timeouts[0]).toBe(2000);
    expect(timeouts[1]).toBeGreaterThanOrEqual(900);
    expect(timeouts[1]).toBeLessThan(3000);
    prober.forget("n/slow");
    timeouts.length = 0;
    prober.watch("n/quick", "quick", "1");
    await until("two probes", () => timeouts.length === 2, 3000);
    expect(timeouts[1]).toBe(500);
    prober.stop();
});

test("waits longer after each silence of a server that has never answered, and always for whole milliseconds", async () => {
    const timeouts: number[] = [];
    const { prober } = proberWith(async (_, timeoutMs) => {
        timeouts.push(timeoutMs);
        if (timeouts.length < 5) throw new HandshakeError("HandshakeTimeout", "nothing");
        await sleep(timeouts.length === 5 ? 301 : 1); // what is typical then falls by fractions
        return handshake;
    });
    prober.watch("n/a", "a", "1");
    await until("it has answered several times", () => timeouts.length === 9, 8000);
    expect(timeouts.slice(0, 5)).toEqual([2000, 4000, 8000, 15_000, 15_000]);
    expect(timeouts.filter((ms) => !Number.isInteger(ms))).toEqual([]);
    prober.stop();
});

test("never makes more probes at a time than allowed, and reports nothing after it was stopped", async () => {
    let running = 0;
    let most = 0;
    const { prober, results } = proberWith(async () => {
        most = Math.max(most, ++running);
        await sleep(20);
        running--;
        return handshake;
    }, 2);
    for (let i = 0; i < 6; i++) prober.watch(`n/${i}`, String(i), "1");
    await until("all were probed", () => results.length === 6, 2000);
    expect(most).toBe(2);
    prober.kick("n/0");
    await sleep(5);
    prober.stop();
    const seen = results.length;
    await sleep(60);
    expect(results).toHaveLength(seen);
});
