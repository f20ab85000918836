import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
    /** Milliseconds before the first retry. */
    readonly baseMs: number;
    /** Milliseconds a delay never exceeds. */
    readonly capMs: number;
}

/**
 * How long to wait before retry number `failures` (from 1): doubles from `baseMs` up to `capMs`, with the upper half random so
 * that clients which failed together do not come back together.
 */
export function delayOf({ baseMs, capMs }: Backoff, failures: number, random: () => number = Math.random): number {
    const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
    return full / 2 + (random() * full) / 2;
}

/** Waits, or returns at once when `signal` is or gets aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await sleep(ms, undefined, { signal }).catch(() => {});
}
