import { mkdir, readFile, readdir, rename, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureEntry } from "../../embedded/cluster/build/ensure.ts";
import { inspect } from "../../embedded/cluster/build/entry.ts";
import { isAlive, lock, ownIdentity } from "../../embedded/cluster/build/lock.ts";
import { removeFolders, temporaryFolder } from "./support.ts";

afterAll(removeFolders);

const writing =
    (name: string, content: string) =>
    async (output: string): Promise<Record<string, string>> => {
        await writeFile(join(output, name), content);
        return {};
    };

const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);

async function entryOf(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(await temporaryFolder(), "entries", "thing");
    const make = async (output: string): Promise<Record<string, string>> => {
        for (const [name, content] of Object.entries(files)) {
            await mkdir(join(output, name, ".."), { recursive: true });
            await writeFile(join(output, name), content);
        }
        return { fact: "yes" };
    };
    await ensureEntry({ folder, key: "k", title: "Making the thing", make });
    return folder;
}

describe("an entry of the cache", () => {
    test("is good as it was made", async () => {
        const folder = await entryOf({ program: "12345", "deep/file": "x" });
        const entry = await inspect(folder, { verify: true });
        expect(entry).toMatchObject({
            state: "good",
            manifest: { key: "k", facts: { fact: "yes" }, files: { program: { size: 5 }, "deep/file": { size: 1 } } },
        });
        expect(await readdir(join(folder, ".."))).toEqual(["thing"]);
    });

    test("is absent when there is nothing", async () => {
        expect(await inspect(join(await temporaryFolder(), "nothing"))).toEqual({ state: "absent" });
    });

    const damage: readonly (readonly [string, (folder: string) => Promise<unknown>, RegExp])[] = [
        ["a file was cut short", (folder) => truncate(join(folder, "program"), 2), /program has 2 bytes instead of 5/],
        ["a file is missing", (folder) => rename(join(folder, "program"), join(folder, "elsewhere")), /program is missing/],
        [
            "a file was changed to one of the same size",
            (folder) => writeFile(join(folder, "program"), "54321"),
            /content of program has changed/,
        ],
        ["the manifest is missing", (folder) => rename(join(folder, "manifest.json"), join(folder, "x")), /manifest is missing/],
        ["the manifest was cut short", (folder) => truncate(join(folder, "manifest.json"), 20), /manifest cannot be read/],
        [
            "the manifest lists nothing",
            (folder) => writeFile(join(folder, "manifest.json"), '{"key":"k","facts":{},"files":{}}'),
            /manifest cannot be read/,
        ],
    ];
    test.each(damage)("is damaged when %s", async (_what, harm, reason) => {
        const folder = await entryOf({ program: "12345" });
        await sleep(5); // so that a rewritten file has another time
        await harm(folder);
        expect(await inspect(folder)).toMatchObject({ state: "damaged", reason: expect.stringMatching(reason) });
    });

    test("shows a change behind an unchanged time only when it is verified", async () => {
        const folder = await entryOf({ program: "12345" });
        const path = join(folder, "program");
        const old = new Date("2026-01-01T00:00:00Z");
        await utimes(path, old, old);
        expect(await inspect(folder)).toMatchObject({ state: "good" }); // remembers the time
        await writeFile(path, "54321");
        await utimes(path, old, old);
        expect(await inspect(folder)).toMatchObject({ state: "good" });
        expect(await inspect(folder, { verify: true })).toMatchObject({ state: "damaged" });
    });

    test("survives being copied with other times, and is then hashed only once", async () => {
        const folder = await entryOf({ program: "12345" });
        await utimes(join(folder, "program"), new Date(), new Date(1_000_000));
        expect(await inspect(folder)).toMatchObject({ state: "good" });
        const { files } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
            files: Record<string, { modified: number }>;
        };
        expect(files["program"]?.modified).toBe((await stat(join(folder, "program"))).mtimeMs);
    });

    test("is replaced as a whole when it is damaged", async () => {
        const folder = await entryOf({ program: "12345", other: "x" });
        await truncate(join(folder, "program"), 1);
        expect(await ensureEntry({ folder, key: "k", title: "Making the thing", make: writing("program", "new") })).toMatchObject({
            made: true,
        });
        expect((await readdir(folder)).toSorted()).toEqual(["manifest.json", "program"]);
        expect(await readdir(join(folder, ".."))).toEqual(["thing"]);
    });

    test("leaves nothing behind when its making fails", async () => {
        const folder = join(await temporaryFolder(), "entries", "thing");
        const make = (output: string): Promise<never> =>
            writeFile(join(output, "half"), folder).then(() => {
                throw new Error("broken off");
            });
        await expect(ensureEntry({ folder, key: "k", title: "Making the thing", make })).rejects.toThrow("broken off");
        expect(await readdir(join(folder, ".."))).toEqual([]);
    });

    test("clears away what a dead process left half-written, and leaves a living one's", async () => {
        const folder = await entryOf({ program: "12345" });
        const { pid, started } = ownIdentity();
        const [dead, alive] = [`.tmp-${pid}-1-thing`, `.tmp-${pid}-${started}-other`];
        for (const name of [dead, alive]) await mkdir(join(folder, "..", name));
        await ensureEntry({ folder: join(folder, "..", "second"), key: "k", title: "Making", make: writing("a", "a") });
        expect((await readdir(join(folder, ".."))).toSorted()).toEqual([alive, "second", "thing"]);
    });

    test("gives way to later ones when only some are kept, unless it is young or something else", async () => {
        const parent = join(await temporaryFolder(), "entries");
        const folder = (n: number): string => join(parent, `thing-00000000000${n}`);
        const others = ["thing-more-000000000000", "other-000000000000", "thing-1"];
        for (const name of [...[1, 2, 3, 4].map(folder), ...others.map((other) => join(parent, other))]) {
            await ensureEntry({ folder: name, key: "k", title: "Making", make: writing("a", "a") });
        }
        for (const [n, hours] of [
            [1, 3],
            [2, 2],
            [3, 1],
        ] as const)
            await utimes(folder(n), hoursAgo(hours), hoursAgo(hours));
        for (const other of others) await utimes(join(parent, other), hoursAgo(9), hoursAgo(9));
        await ensureEntry({ folder: folder(5), key: "k", title: "Making", make: writing("a", "a"), keep: 1 });
        const left = (await readdir(parent)).toSorted();
        expect(left).toEqual([...others, "thing-000000000004", "thing-000000000005"].toSorted());
    });

    test("says when the cache cannot be written", async () => {
        const file = join(await temporaryFolder(), "file");
        await writeFile(file, "");
        const request = { folder: join(file, "tools", "x"), key: "k", title: "Making", make: () => Promise.resolve({}) };
        await expect(ensureEntry(request)).rejects.toThrow(/The cache .* cannot be written \(ENOTDIR\): .*XDG_CACHE_HOME/);
    });
});

describe("a lock", () => {
    test("is waited for while its holder lives, and then taken", async () => {
        const file = join(await temporaryFolder(), "lock");
        const unlock = await lock(file, () => {});
        const waited: number[] = [];
        let second = false;
        const taken = lock(file, (pid) => waited.push(pid)).then((release) => ((second = true), release));
        await sleep(400);
        expect([second, waited]).toEqual([false, [process.pid]]);
        await unlock();
        await (
            await taken
        )();
        expect(await readdir(join(file, ".."))).toEqual([]);
    });

    test.each([
        ["its holder is dead", JSON.stringify({ pid: 2 ** 22 + 1, started: "1" })],
        ["another process has its holder's pid", JSON.stringify({ pid: process.pid, started: "1" })],
        ["it cannot be read", "{"],
    ])("is taken over when %s", async (_what, content) => {
        const file = join(await temporaryFolder(), "lock");
        await writeFile(file, content);
        const unlock = await lock(file, () => {
            throw new Error("nobody to wait for");
        });
        await unlock();
        expect(await readdir(join(file, ".."))).toEqual([]);
    });

    test("gives up waiting when interrupted", async () => {
        const file = join(await temporaryFolder(), "lock");
        const unlock = await lock(file, () => {});
        await expect(lock(file, () => {}, AbortSignal.timeout(50))).rejects.toThrow(/abort/);
        await unlock();
    });

    test("tells a process from a later one with its pid", () => {
        expect([isAlive(ownIdentity()), isAlive({ pid: process.pid, started: "1" }), isAlive({ pid: 2 ** 22 + 1, started: "1" })]).toEqual([
            true,
            false,
            false,
        ]);
    });
});
