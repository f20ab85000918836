import { createHash, randomInt } from "node:crypto";

/** Draws whole numbers from 0 to below `n`, `n` at most 2⁴⁸ - 1. */
export type Draw = (n: number) => number;

/** Unpredictable numbers; with a seed always the same ones. */
export function drawFrom(seed: unknown): Draw {
    if (typeof seed !== "string" || seed === "") return (n) => randomInt(n);
    let count = 0;
    return (n) => {
        // What does not divide evenly is drawn again, so that all numbers are as likely.
        const limit = 2 ** 48 - (2 ** 48 % n);
        for (;;) {
            const value = createHash("sha256").update(`${count++}\n${seed}`).digest().readUIntBE(0, 6);
            if (value < limit) return value % n;
        }
    };
}

/** The items in random order. */
export function shuffled<T>(items: readonly T[], draw: Draw): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
        const other = draw(last + 1);
        [result[last], result[other]] = [result[other] as T, result[last] as T];
    }
    return result;
}
