import { afterEach, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";
import type { Backend } from "../../embedded/engine/state/backend.ts";
import { holderOf, lockStack, type LockContent } from "../../embedded/engine/state/lock.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { removeFolders, rootOf, temporaryFolder } from "./support.ts";

afterEach(removeFolders);

const DEV = { project: "trial", stack: "dev" };
const DEAD_PID = 2 ** 22 + 1; // above the highest pid a kernel gives

type Content = { readonly [K in keyof LockContent]?: LockContent[K] | undefined };

async function backendWithLock(content?: Content | string): Promise<Backend> {
    const backend = fileBackend(await temporaryFolder());
    // What a lock of this machine says of it, which a test then changes.
    const own = await lockStack(backend, DEV, "up", () => {});
    const lock = JSON.parse(await readFile(own.file, "utf8")) as LockContent;
    await own.release();
    const changed = { ...lock, username: "ada", timestamp: "2026-01-01T00:00:00Z" };
    if (content !== undefined) {
        const text = typeof content === "string" ? content : JSON.stringify({ ...changed, ...content });
        await writeFile(join(backend.lockFolder(DEV), "1.json"), text);
    }
    return backend;
}

const locks = (backend: Backend): Promise<string[]> => readdir(join(rootOf(backend), ".pulumi/locks/organization/trial/dev"));

test("locks in the official backend's place, says who and what, and leaves nothing", async () => {
    const backend = await backendWithLock();
    const lock = await lockStack(backend, DEV, "up", () => {});
    const [name = ""] = await locks(backend);
    expect(name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/);
    const content = JSON.parse(await readFile(lock.file, "utf8")) as LockContent;
    expect(Object.keys(content).slice(0, 4)).toEqual(["pid", "username", "hostname", "timestamp"]);
    expect(content).toMatchObject({ pid: process.pid, hostname: hostname(), command: "up" });
    await lock.release();
    expect(await locks(backend)).toEqual([]);
});

test("refuses a stack that a live process holds, naming it", async () => {
    const backend = await backendWithLock();
    const held = await lockStack(backend, DEV, "up", () => {});
    await expect(lockStack(backend, DEV, "destroy", () => {})).rejects.toThrow(
        new RegExp(`The stack dev is locked by .*@${hostname()}, pid ${process.pid}, since .*: up\\. Wait for it to end`),
    );
    expect(await locks(backend)).toHaveLength(1);
    await held.release();
});

test.each([
    ["a pid that is gone", { pid: DEAD_PID }],
    ["a pid that was given to another process", { started: "1" }],
    // A machine without an id cannot be told from another one of its name.
    ...(existsSync("/etc/machine-id") ? [["a boot before this one", { boot: "another" }] as const] : []),
])("takes over a lock with %s, and says so", async (_what, content) => {
    const backend = await backendWithLock(content);
    const said: string[] = [];
    const lock = await lockStack(backend, DEV, "up", (text) => said.push(text));
    expect(said).toEqual([
        expect.stringMatching(/^The stack dev was locked by a process that is gone \(ada@.*\): the lock was taken over\.$/),
    ]);
    expect(await locks(backend)).toEqual([lock.file.split("/").at(-1)]);
    await lock.release();
});

test.each([
    ["another host", { hostname: "elsewhere", pid: DEAD_PID }, "ada@elsewhere, pid"],
    ["another machine of this name", { machine: "another", boot: "another", pid: DEAD_PID }, "ada@"],
    ["another container of this host", { namespace: "pid:[1]", pid: DEAD_PID }, "ada@"],
    ["a program that does not say enough", { boot: undefined, pid: DEAD_PID }, "ada@"],
    ["a lock file nobody can read", "{", "unknown (the lock file is damaged)"],
])("does not take over a lock of %s", async (_what, content, holder) => {
    const backend = await backendWithLock(content);
    await expect(lockStack(backend, DEV, "up", () => {})).rejects.toThrow(holder);
    expect(await locks(backend)).toEqual(["1.json"]);
});

test("lets exactly one of many that come at once through", async () => {
    const backend = await backendWithLock();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockStack(backend, DEV, "up", () => {})));
    const won = results.filter((r) => r.status === "fulfilled");
    expect(won.length).toBe(1);
    expect(await locks(backend)).toHaveLength(won.length);
    for (const { value } of won) await value.release();
});

test("goes with a process that exits without releasing it, and survives one that is killed", async () => {
    const backend = await backendWithLock();
    const run = async (end: string): Promise<void> => {
        const script = `import { fileBackend } from ${JSON.stringify(join(projectRoot, "embedded/engine/state/open.ts"))}; import { lockStack } from ${JSON.stringify(join(projectRoot, "embedded/engine/state/lock.ts"))};
            await lockStack(fileBackend(${JSON.stringify(rootOf(backend))}), ${JSON.stringify(DEV)}, "up", () => {}); ${end}`;
        const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
            stdio: "inherit",
            env: { ...process.env, NODE_OPTIONS: "" },
        });
        await new Promise((resolve) => child.once("close", resolve));
    };
    await run("process.exit(3)");
    expect(await locks(backend)).toEqual([]);
    await run("process.kill(process.pid, 'SIGKILL')");
    expect(await locks(backend)).toHaveLength(1);
    const lock = await lockStack(backend, DEV, "up", () => {});
    await lock.release();
});

test("describes a holder", () => {
    expect(holderOf({ pid: 7, username: "ada", hostname: "h", timestamp: "t", command: "up" })).toBe("ada@h, pid 7, since t: up");
});
