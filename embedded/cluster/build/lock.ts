/** Locks between processes: a file that names its holder by pid and start time, so that a dead holder is recognised. */
import { readFileSync } from "node:fs";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A process, told apart from a later one with the same pid. */
export interface Identity {
    readonly pid: number;
    /** The start time as the kernel counts it (field 22 of `/proc/PID/stat`). */
    readonly started: string;
}

/** The start time of a process; undefined when there is none with this pid. */
function startedAt(pid: number): string | undefined {
    try {
        const text = readFileSync(`/proc/${pid}/stat`, "latin1");
        return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    } catch {
        return undefined;
    }
}

export const ownIdentity = (): Identity => ({ pid: process.pid, started: startedAt(process.pid) ?? "0" });

export const isAlive = (identity: Identity): boolean => startedAt(identity.pid) === identity.started;

const POLL_MS = 250;

/**
 * Takes the lock `file`, waiting while another process holds it.
 * Two processes that find the same dead holder at one instant may both get the lock; what it guards must bear that.
 * @param waiting called once when there is somebody to wait for, with the holder's pid
 * @returns a function that lets go
 */
export async function lock(file: string, waiting: (pid: number) => void, signal?: AbortSignal): Promise<() => Promise<void>> {
    await mkdir(dirname(file), { recursive: true });
    const own = JSON.stringify(ownIdentity());
    const whole = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    let told = false;
    for (;;) {
        await writeFile(whole, own);
        const taken = await link(whole, file).then(
            () => true,
            () => false,
        );
        await rm(whole, { force: true });
        if (taken) return async () => void ((await readFile(file, "utf8").catch(() => "")) === own && (await rm(file, { force: true })));
        const text = await readFile(file, "utf8").catch(() => undefined);
        if (text === undefined) continue;
        const holder = parseIdentity(text);
        if (!holder || !isAlive(holder)) {
            await takeAway(file, text);
            continue;
        }
        if (!told) waiting(holder.pid);
        told = true;
        await sleep(POLL_MS, undefined, { signal });
    }
}

function parseIdentity(text: string): Identity | undefined {
    try {
        const { pid, started } = JSON.parse(text) as Partial<Identity>;
        return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
    } catch {
        return undefined;
    }
}

/** Removes a dead holder's file, and puts back what turns out to be a live one's that came between. */
async function takeAway(file: string, stale: string): Promise<void> {
    const aside = `${file}.${process.pid}.stale`;
    const moved = await rename(file, aside).then(
        () => true,
        () => false,
    );
    if (!moved) return;
    const text = await readFile(aside, "utf8").catch(() => stale);
    if (text !== stale) await link(aside, file).catch(() => {});
    await rm(aside, { force: true });
}
