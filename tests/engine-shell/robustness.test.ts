/** State under bad conditions: cut off, a disk that is full or read-only, two commands at once. */
import { afterEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Backend } from "../../embedded/engine/state/backend.ts";
import { addToHistory } from "../../embedded/engine/state/history.ts";
import { lockStack } from "../../embedded/engine/state/lock.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import { command, countingManager, projectFolder, removeFolders, resource, snapshot, temporaryFolder } from "./support.ts";

afterEach(removeFolders);

const DEV = { project: "trial", stack: "dev" };
const UPDATE = {
    kind: "update",
    startTime: 1,
    message: "",
    environment: {},
    config: {},
    version: 0,
    result: "succeeded",
    endTime: 2,
} as const;
const stateOf = (names: readonly string[], size = 0): string =>
    new CheckpointWriter("organization/trial/dev", countingManager(), new CiphertextMemory()).write(
        snapshot(...names.map((name) => resource("pkg:index:Thing", name, { inputs: { pad: "x".repeat(size) } }))),
    );
const countOf = async (backend: Backend): Promise<number> => (await backend.read(DEV))?.checkpoint.latest?.resources?.length ?? 0;

test("a state cut off anywhere, packed or not, is refused, changes nothing, and leads to the last good one", async () => {
    const backend = fileBackend(await temporaryFolder());
    await backend.create(DEV);
    await backend.write(DEV, stateOf(["before"]));
    const file = backend.stackFile(DEV);
    const packs = {
        "": (text: string) => Buffer.from(text),
        ".gz": (text: string) => gzipSync(text),
        ".zst": (text: string) => zstdCompressSync(text),
    };
    await fc.assert(
        fc.asyncProperty(
            fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 4 }),
            fc.constantFrom(...Object.keys(packs)),
            fc.nat(),
            async (names, ending, place) => {
                const data = packs[ending as keyof typeof packs](stateOf(names));
                const cut = data.subarray(0, place % data.length);
                await rm(file, { force: true });
                await writeFile(`${file}${ending}`, cut);
                await writeFile(`${file}.bak`, stateOf(["before"]));
                await expect(backend.read(DEV)).rejects.toThrow(`The last good state is ${file}.bak`);
                expect(await readFile(`${file}${ending}`)).toEqual(cut);
                await rm(`${file}${ending}`);
            },
        ),
        { numRuns: 150 },
    );
});

const root = process.getuid?.() === 0;
if (!root) console.warn("skipped: disks that are full or read-only, because only root can mount one");

(root ? describe : describe.skip)("a disk", () => {
    const mounted: string[] = [];
    afterEach(() => {
        for (const folder of mounted.splice(0)) execFileSync("umount", [folder]);
    });

    async function disk(): Promise<{ backend: Backend; folder: string }> {
        const folder = join(await temporaryFolder(), "disk");
        await mkdir(folder);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", folder]);
        mounted.push(folder);
        const backend = fileBackend(folder);
        await backend.create(DEV);
        await backend.write(DEV, stateOf(["a"]));
        return { backend, folder };
    }

    test("that is full loses nothing, says so, and serves again when there is room", async () => {
        const { backend, folder } = await disk();
        const lock = await lockStack(backend, DEV, "up", () => {});
        await writeFile(join(folder, "filler"), Buffer.alloc(1 << 20)).catch(() => {});
        await expect(backend.write(DEV, stateOf(["a", "b"], 50_000))).rejects.toThrow(
            /^dev\.json cannot be written in .*: the disk is full\. What was stored before is unchanged/,
        );
        expect(await countOf(backend)).toBe(1);
        await expect(addToHistory(backend, DEV, UPDATE)).rejects.toThrow("the disk is full");
        await lock.release();
        await writeFile(join(folder, "more"), Buffer.alloc(1 << 20)).catch(() => {});
        await expect(lockStack(backend, DEV, "up", () => {})).rejects.toThrow("the disk is full");
        expect(await readdir(join(folder, ".pulumi/stacks/trial"))).toEqual(["dev.json", "dev.json.bak"]);
        expect(await readdir(backend.lockFolder(DEV))).toEqual([]);

        for (const name of ["filler", "more"]) await rm(join(folder, name));
        await backend.write(DEV, stateOf(["a", "b"], 50_000));
        expect(await countOf(backend)).toBe(2);
    });

    test("that can only be read is read, and says so when it is written", async () => {
        const { backend, folder } = await disk();
        execFileSync("mount", ["-o", "remount,ro", folder]);
        expect(await countOf(backend)).toBe(1);
        await expect(backend.write(DEV, stateOf([]))).rejects.toThrow("the file system is read-only");
        await expect(lockStack(backend, DEV, "up", () => {})).rejects.toThrow("the file system is read-only");
        expect(await countOf(backend)).toBe(1);
    });
});

test("of two updates at once exactly one goes on, and the other says who holds the stack", async () => {
    const folder = await projectFolder({
        "Pulumi.yaml": "name: trial\nruntime: { name: nodejs, options: { typescript: false } }\n",
        "Pulumi.dev.yaml": "",
        "index.js": `import * as random from "@pulumi/random";
import * as pulumi from "@pulumi/pulumi";
new random.RandomId("id", { byteLength: 4 });
if (!pulumi.runtime.isDryRun()) await new Promise((resolve) => setTimeout(resolve, 3000));`,
    });
    const pids: number[] = [];
    const results = await Promise.all(
        [1, 2].map(() => command(folder, ["up", "-yf"], { onSpawn: ({ pid }) => void (pid !== undefined && pids.push(pid)) })),
    );
    expect(results.map(({ code }) => code).toSorted()).toEqual([0, 255]);
    const refused = results.find(({ code }) => code === 255);
    const holder = pids[results.findIndex(({ code }) => code === 0)];
    expect(refused?.stderr).toMatch(new RegExp(`The stack dev is locked by .*, pid ${holder}, since .*: up\\.`));
    expect(refused?.stdout).toBe("");
    const resources = (await fileBackend(join(folder, "state")).read(DEV))?.checkpoint.latest?.resources ?? [];
    expect(resources.filter(({ type }) => type.startsWith("random:"))).toHaveLength(1);
}, 60_000);
