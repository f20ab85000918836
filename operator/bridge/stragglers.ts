/**
 * Finds what a server left running outside its process group.
 *
 * A process that made a session of its own and lost its parent cannot be found by its ancestors. But it inherited the
 * environment, in which every process of ours carries a mark of its own.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The variable that marks a server's process and all that it starts. */
export const MARK = "MCP_BRIDGE_PROCESS";

const SWEEP_AFTER_MS = 200;
let marks = new Set<string>();

/** Kills, a moment later, every process that still carries the mark; sweeps that are asked for together are one. */
export function sweepStragglers(mark: string): void {
    if (marks.size === 0) setTimeout(sweep, SWEEP_AFTER_MS);
    marks.add(mark);
}

function sweep(): void {
    const wanted = marks;
    marks = new Set();
    for (const pid of processes()) {
        const found = markOf(pid);
        if (found === undefined || !wanted.has(found)) continue;
        try {
            process.kill(pid, "SIGKILL");
        } catch {
            // ended by itself meanwhile
        }
    }
}

function processes(): number[] {
    try {
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map(Number);
    } catch {
        return []; // no /proc: the process group is all we know
    }
}

function markOf(pid: number): string | undefined {
    try {
        const variables = readFileSync(`/proc/${pid}/environ`, "latin1");
        return variables
            .split("\0")
            .find((variable) => variable.startsWith(`${MARK}=`))
            ?.slice(MARK.length + 1);
    } catch {
        return undefined; // another user's, or gone
    }
}

/** Ended processes nobody has waited for. Node waits for its own children only, so PID 1 keeps the others until it ends. */
export function zombies(parent = process.pid): number {
    let count = 0;
    for (const pid of processes()) {
        try {
            const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
            const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
            if (state === "Z" && Number(ppid) === parent) count++;
        } catch {
            // gone
        }
    }
    return count;
}
