/** What /proc says about processes. A process is named by its id, start time and boot: an id alone may have been reused. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessIdentity {
    readonly pid: number;
    /** Field 22 of /proc/PID/stat: clock ticks since the boot. */
    readonly startTime: string;
    readonly bootId: string;
}

/** For Node programs that keep little and run for long: without these limits the heap grows because it may. */
export const SMALL_HEAP = ["--max-old-space-size=64", "--max-semi-space-size=1", "--v8-pool-size=1"];

/** A text of /proc, or "" when the process has gone in the meantime. */
function proc(path: string): string {
    try {
        return readFileSync(`/proc/${path}`, "utf8");
    } catch {
        return "";
    }
}

export function bootId(): string {
    return proc("sys/kernel/random/boot_id").trim();
}

/** State, parent and start time of a process; the name in the second field may hold anything, also parentheses. */
export function parseStat(text: string): { readonly state: string; readonly parent: number; readonly startTime: string } | undefined {
    const end = text.lastIndexOf(")");
    if (end < 0) return undefined;
    const fields = text
        .slice(end + 1)
        .trim()
        .split(/\s+/);
    const [state, parent] = fields;
    const startTime = fields[19];
    return state && parent && startTime ? { state, parent: Number(parent), startTime } : undefined;
}

/** Whether a process id stands for something that runs; a zombie does not. */
export function runs(pid: number): boolean {
    const stat = parseStat(proc(`${pid}/stat`));
    return stat !== undefined && stat.state !== "Z" && stat.state !== "X";
}

export function identityOf(pid: number): ProcessIdentity | undefined {
    const stat = parseStat(proc(`${pid}/stat`));
    return stat && { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Whether that very process still runs, on this boot. */
export function isAlive(identity: ProcessIdentity | undefined): boolean {
    if (!identity || identity.bootId !== bootId()) return false;
    return parseStat(proc(`${identity.pid}/stat`))?.startTime === identity.startTime && runs(identity.pid);
}

/** Sends SIGKILL; a process that is gone is fine. */
export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
    try {
        process.kill(pid, signal);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

export function allPids(): number[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
}

/** The process and all its descendants, as this machine numbers them. */
export function descendants(root: number): number[] {
    const children = new Map<number, number[]>();
    for (const pid of allPids()) {
        const stat = parseStat(proc(`${pid}/stat`));
        if (!stat || stat.state === "Z") continue;
        children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
    }
    const found: number[] = [];
    const open = [root];
    for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
        found.push(pid);
        open.push(...(children.get(pid) ?? []));
    }
    return found;
}

/** The process id inside the innermost pid namespace, and the resident memory. */
export function detailsOf(pid: number): { readonly innerPid: number; readonly rssBytes: number } {
    const text = proc(`${pid}/status`);
    const inner = /^NSpid:.*?(\d+)$/m.exec(text)?.[1];
    const rss = /^VmRSS:\s*(\d+) kB/m.exec(text)?.[1];
    return { innerPid: Number(inner ?? pid), rssBytes: Number(rss ?? 0) * 1024 };
}

/** Processes that carry `NAME=value` in the environment they began with. Others' processes cannot be read and do not count. */
export function withEnvironment(name: string, value: string): number[] {
    const entry = `${name}=${value}`;
    return allPids().filter((pid) => pid !== process.pid && proc(`${pid}/environ`).split("\0").includes(entry) && runs(pid));
}

/** The network interfaces of the network namespace a process is in. */
export function interfacesOf(pid: number): string[] {
    return [...proc(`${pid}/net/dev`).matchAll(/^\s*([^\s:|]+):/gm)].map((match) => match[1] ?? "");
}

/** The IPv4 routes a process's network namespace has, as `destination/mask`, both as the kernel prints them (hex, host order). */
export function routesOf(pid: number): ReadonlySet<string> {
    const lines = proc(`${pid}/net/route`).trim().split("\n").slice(1);
    return new Set(lines.map((line) => line.split("\t")).map((fields) => `${fields[1]}/${fields[7]}`));
}

/** Waits until `condition` holds; answers false when it does not within `milliseconds`. */
export async function waitUntil(condition: () => boolean, milliseconds: number, period = 10): Promise<boolean> {
    for (const deadline = Date.now() + milliseconds; !condition();) {
        if (Date.now() > deadline) return false;
        await new Promise((resolve) => setTimeout(resolve, period));
    }
    return true;
}
