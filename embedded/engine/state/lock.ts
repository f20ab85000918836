/**
 * The lock of a stack: a file in `.pulumi/locks`, as the official file backend makes them, with what is needed to tell
 * a lock whose process has died.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../common/errors.ts";
import type { Backend, StackReference } from "./backend.ts";
import type { Storage } from "./storage.ts";

/** The first four fields are Pulumi's; the others are this engine's, and the official one passes over them. */
export interface LockContent {
    readonly pid: number;
    readonly username: string;
    readonly hostname: string;
    readonly timestamp: string;
    readonly command?: string;
    /** When the process began, in ticks since the start of the machine: a pid alone may have been given away again. */
    readonly started?: string;
    /** The machine, by a digest of its id: two may have one name. */
    readonly machine?: string;
    /** The machine's start and the pid namespace, without which a pid says nothing. */
    readonly boot?: string;
    readonly namespace?: string;
}

export interface Lock {
    readonly file: string;
    release(): Promise<void>;
}

/** For how long one of several commands that came in the same instant waits for the others to step back. Milliseconds. */
const PATIENCE_MS = 2_000;
const PAUSE_MS = 50;

/**
 * Locks a stack for a command that changes it.
 * @param say told about a lock of a dead process that was taken over
 * @throws UserError naming who holds the lock
 */
export async function lockStack(backend: Backend, reference: StackReference, command: string, say: (text: string) => void): Promise<Lock> {
    const { storage } = backend;
    const file = storage.inside(backend.lockFolder(reference), `${randomUUID()}.json`);
    await refuseHeld(backend, reference, file, say);
    await storage.create(file, JSON.stringify(ownContent(command)));
    const release = releaser(storage, file);
    try {
        await prevail(backend, reference, file, say);
        // Only now is nobody else writing beside the state file.
        await storage.tidy(backend.stackFile(reference));
        return { file, release };
    } catch (error) {
        await release();
        throw error;
    }
}

/**
 * Returns when no other lock is there. Of several that were made in the same instant the one that sorts first stays, and
 * waits for the others to see it and to step back; the official CLI always steps back.
 */
async function prevail(backend: Backend, reference: StackReference, own: string, say: (text: string) => void): Promise<void> {
    const patience = Date.now() + PATIENCE_MS;
    for (;;) {
        try {
            return await refuseHeld(backend, reference, own, say);
        } catch (error) {
            const others = (await locksOf(backend, reference)).filter(({ file }) => file !== own);
            if (others.some(({ file }) => file < own) || Date.now() > patience) throw error;
        }
        await sleep(PAUSE_MS);
    }
}

/** The locks of a stack, dead or alive. */
export async function locksOf(backend: Backend, reference: StackReference): Promise<{ file: string; content: LockContent | undefined }[]> {
    const { storage } = backend;
    const folder = backend.lockFolder(reference);
    const files = (await storage.list(folder)).filter((name) => name.endsWith(".json")).map((name) => storage.inside(folder, name));
    const locks = await Promise.all(files.map(async (file) => ({ file, content: await readLock(storage, file) })));
    return locks.flatMap(({ file, content }) => (content === "gone" ? [] : [{ file, content }]));
}

/** `user@host, pid 42, since 2026-01-01T00:00:00Z: up` */
export function holderOf(content: LockContent | undefined): string {
    if (!content) return "unknown (the lock file is damaged)";
    return `${content.username}@${content.hostname}, pid ${content.pid}, since ${content.timestamp}${content.command ? `: ${content.command}` : ""}`;
}

/**
 * Whether the process that made a lock is surely gone. A lock of another machine is taken to be alive, and so is one that
 * does not say enough, as those of the official CLI.
 */
export function isDead(content: LockContent): boolean {
    const boot = bootId();
    if (content.hostname !== hostname() || content.boot === undefined || boot === undefined) return false;
    if (content.boot !== boot) return content.machine !== undefined && content.machine === machineId();
    if (content.namespace === undefined || content.namespace !== pidNamespace()) return false;
    const started = startOf(content.pid);
    return started === undefined || (content.started !== undefined && content.started !== started);
}

async function refuseHeld(backend: Backend, reference: StackReference, own: string, say: (text: string) => void): Promise<void> {
    const { storage } = backend;
    for (const { file, content } of await locksOf(backend, reference)) {
        if (file === own) continue;
        if (content && isDead(content)) {
            await storage.remove(file);
            say(`The stack ${reference.stack} was locked by a process that is gone (${holderOf(content)}): the lock was taken over.`);
            continue;
        }
        throw new UserError(
            `The stack ${reference.stack} is locked by ${holderOf(content)}. Wait for it to end, or remove the lock with "cancel --stack ${reference.stack}" when you are sure that it is not running (${storage.where(file)}).`,
        );
    }
}

async function readLock(storage: Storage, file: string): Promise<LockContent | "gone" | undefined> {
    const found = await storage.read(file);
    if (!found) return "gone";
    try {
        return JSON.parse(found.data.toString()) as LockContent;
    } catch {
        return undefined;
    }
}

function releaser(storage: Storage, file: string): () => Promise<void> {
    // Also when the process ends by `process.exit`, where that is possible: a lock must not outlive it.
    const atExit = (): void => storage.removeAtExit?.(file);
    process.on("exit", atExit);
    return async () => {
        process.off("exit", atExit);
        await storage.remove(file);
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
        ...optional("machine", machineId()),
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

function machineId(): string | undefined {
    try {
        return createHash("sha256").update(readFileSync("/etc/machine-id")).digest("hex").slice(0, 16);
    } catch {
        return undefined;
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
