/**
 * The lock of a stack: a file in `.pulumi/locks`, as the official file backend makes them, with what is needed to tell
 * a lock whose process has died.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../common/errors.ts";
import { list, removeLeftovers, writeWhole } from "./backend-files.ts";
import { type Backend, type StackReference } from "./backend.ts";

/** The first four fields are Pulumi's; the others are this engine's, and the official one passes over them. */
export interface LockContent {
    readonly pid: number;
    readonly username: string;
    readonly hostname: string;
    readonly timestamp: string;
    readonly command?: string;
    /** When the process began, in ticks since the start of the machine: a pid alone may have been given away again. */
    readonly started?: string;
    /** The machine's start and the pid namespace, without which a pid says nothing. */
    readonly boot?: string;
    readonly namespace?: string;
}

export interface Lock {
    readonly file: string;
    release(): Promise<void>;
}

/** How often to try again when two commands met in the same instant and both stepped back. */
const ATTEMPTS = 4;

/**
 * Locks a stack for a command that changes it.
 * @param say told about a lock of a dead process that was taken over
 * @throws UserError naming who holds the lock
 */
export async function lockStack(backend: Backend, reference: StackReference, command: string, say: (text: string) => void): Promise<Lock> {
    const folder = backend.lockFolder(reference);
    const file = join(folder, `${randomUUID()}.json`);
    for (let attempt = 1; ; attempt++) {
        await refuseHeld(reference, folder, file, say);
        await writeWhole(file, JSON.stringify(ownContent(command)));
        const release = releaser(file);
        try {
            await refuseHeld(reference, folder, file, say);
            // Only now is nobody else writing beside the state file.
            await removeLeftovers(join(backend.stackFile(reference), ".."));
            return { file, release };
        } catch (error) {
            await release();
            if (attempt === ATTEMPTS) throw error;
            await sleep(50 + Math.random() * 200);
        }
    }
}

/** The locks of a stack, dead or alive. */
export async function locksOf(backend: Backend, reference: StackReference): Promise<{ file: string; content: LockContent | undefined }[]> {
    const folder = backend.lockFolder(reference);
    const files = (await list(folder)).filter((name) => name.endsWith(".json")).map((name) => join(folder, name));
    const locks = await Promise.all(files.map(async (file) => ({ file, content: await readLock(file) })));
    return locks.flatMap(({ file, content }) => (content === "gone" ? [] : [{ file, content }]));
}

/** `user@host, pid 42, since 2026-01-01T00:00:00Z: up` */
export function holderOf(content: LockContent | undefined): string {
    if (!content) return "unknown (the lock file is damaged)";
    return `${content.username}@${content.hostname}, pid ${content.pid}, since ${content.timestamp}${content.command ? `: ${content.command}` : ""}`;
}

/** Whether the process that made a lock is known to be gone. A lock of another host is taken to be alive. */
export function isDead(content: LockContent): boolean {
    if (content.hostname !== hostname()) return false;
    if (content.boot !== undefined && content.boot !== bootId()) return true;
    if (content.namespace !== undefined && content.namespace !== pidNamespace()) return false;
    const started = startOf(content.pid);
    return started === undefined || (content.started !== undefined && content.started !== started);
}

async function refuseHeld(reference: StackReference, folder: string, own: string, say: (text: string) => void): Promise<void> {
    for (const name of await list(folder)) {
        const file = join(folder, name);
        if (!name.endsWith(".json") || file === own) continue;
        const content = await readLock(file);
        if (content === "gone") continue;
        if (content && isDead(content)) {
            rmSync(file, { force: true });
            say(`The stack ${reference.stack} was locked by a process that is gone (${holderOf(content)}): the lock was taken over.`);
            continue;
        }
        throw new UserError(
            `The stack ${reference.stack} is locked by ${holderOf(content)}. Wait for it to end, or remove the lock with "cancel --stack ${reference.stack}" when you are sure that it is not running (${file}).`,
        );
    }
}

async function readLock(file: string): Promise<LockContent | "gone" | undefined> {
    try {
        return JSON.parse(await readFile(file, "utf8")) as LockContent;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ENOENT" ? "gone" : undefined;
    }
}

function releaser(file: string): () => Promise<void> {
    // Also when the process ends by `process.exit`: a lock must not outlive it.
    const release = (): void => rmSync(file, { force: true });
    process.on("exit", release);
    return async () => {
        process.off("exit", release);
        release();
    };
}

function ownContent(command: string): LockContent {
    return {
        pid: process.pid,
        username: userInfo().username,
        hostname: hostname(),
        timestamp: new Date().toISOString(),
        command,
        ...optional("started", startOf(process.pid)),
        ...optional("boot", bootId()),
        ...optional("namespace", pidNamespace()),
    };
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
    return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

/** When a process began; undefined when there is none. Where there is no /proc, a live process has an empty start. */
function startOf(pid: number): string | undefined {
    try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    } catch {
        try {
            process.kill(pid, 0);
            return "";
        } catch (error) {
            return (error as NodeJS.ErrnoException).code === "EPERM" ? "" : undefined;
        }
    }
}

function bootId(): string | undefined {
    try {
        return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    } catch {
        return undefined;
    }
}

function pidNamespace(): string | undefined {
    try {
        return readlinkSync("/proc/self/ns/pid");
    } catch {
        return undefined;
    }
}
