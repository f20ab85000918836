import { afterEach, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";
import type { Backend } from "../../embedded/engine/state/backend.ts";
import { addToHistory, historyOf } from "../../embedded/engine/state/history.ts";
import { fileBackend, openBackend } from "../../embedded/engine/state/open.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import { countingManager, removeFolders, resource, rootOf, snapshot, temporaryFolder } from "./support.ts";

afterEach(removeFolders);

const DEV = { project: "trial", stack: "dev" };
const text = (...names: string[]): string =>
    new CheckpointWriter("organization/trial/dev", countingManager(), new CiphertextMemory()).write(
        snapshot(...names.map((name) => resource("pkg:index:Thing", name))),
    );

async function newStack(): Promise<Backend> {
    const backend = fileBackend(await temporaryFolder());
    await backend.create(DEV);
    return backend;
}

test("lays files out as the official file backend does", async () => {
    const backend = await newStack();
    await backend.write(DEV, text("a"));
    const info = {
        kind: "update",
        startTime: 1,
        message: "m",
        environment: {},
        config: {},
        version: 0,
        result: "succeeded",
        endTime: 2,
    } as const;
    await addToHistory(backend, DEV, info);
    const files = (await readdir(rootOf(backend), { recursive: true, withFileTypes: true }))
        .filter((f) => f.isFile())
        .map((f) => join(f.parentPath, f.name).slice(rootOf(backend).length));
    expect(files.map((file) => file.replace(/\d{19}/, "NANOSECONDS")).toSorted()).toEqual([
        "/.pulumi/backups/trial/dev/dev.NANOSECONDS.json",
        "/.pulumi/history/trial/dev/dev-NANOSECONDS.checkpoint.json",
        "/.pulumi/history/trial/dev/dev-NANOSECONDS.history.json",
        "/.pulumi/meta.yaml",
        "/.pulumi/stacks/trial/dev.json",
        "/.pulumi/stacks/trial/dev.json.bak",
    ]);
    expect(await readFile(join(rootOf(backend), ".pulumi/meta.yaml"), "utf8")).toBe("version: 1\n");
    expect(await historyOf(backend, DEV)).toEqual([info]);
    expect(await backend.stacks("trial")).toEqual(["dev"]);
    expect((await stat(backend.stackFile(DEV))).mode & 0o777).toBe(0o600);
});

test("keeps the state before as .bak", async () => {
    const backend = await newStack();
    await backend.write(DEV, text("a"));
    await backend.write(DEV, text("a", "b"));
    expect(await readFile(`${backend.stackFile(DEV)}.bak`, "utf8")).toContain("::a");
    expect(await readFile(`${backend.stackFile(DEV)}.bak`, "utf8")).not.toContain("::b");
    expect((await backend.read(DEV))?.checkpoint.latest?.resources).toHaveLength(2);
});

test("answers undefined for a stack that does not exist", async () => {
    const backend = await newStack();
    expect(await backend.read({ project: "trial", stack: "prod" })).toBeUndefined();
    expect(await backend.stacks("other")).toEqual([]);
});

test("refuses a state cut at any place, and names the newest good backup", async () => {
    const backend = await newStack();
    const [before, whole] = [text("a"), text("a", "b")];
    await backend.write(DEV, before);
    await backend.write(DEV, whole);
    const file = backend.stackFile(DEV);
    for (let length = 0; length < whole.length; length += 7) {
        await writeFile(file, whole.slice(0, length));
        await expect(backend.read(DEV)).rejects.toThrow(
            `The last good state is ${file}.bak: compare the two, then copy it over the state file.`,
        );
    }
    await writeFile(`${file}.bak`, "");
    await addToHistory(fileBackend(rootOf(backend)), DEV, {
        kind: "update",
        startTime: 1,
        message: "",
        environment: {},
        config: {},
        version: 0,
        result: "succeeded",
        endTime: 2,
    });
    const [dated = ""] = await readdir(backend.backupFolder(DEV));
    await writeFile(join(backend.backupFolder(DEV), dated), before);
    await writeFile(file, "{");
    await expect(backend.read(DEV)).rejects.toThrow(join(backend.backupFolder(DEV), dated));
    await writeFile(join(backend.backupFolder(DEV), dated), "{");
    await expect(backend.read(DEV)).rejects.toThrow("There is no good backup beside it");
});

test.each([
    ['{"version":4,"features":["taint"],"checkpoint":{}}', "The state is of version 4 with taint, written by a newer Pulumi"],
    ['{"version":1,"checkpoint":{}}', "The state is of version 1, written by a very old Pulumi"],
    ['{"version":3}', "it has no checkpoint"],
    ['{"version":3,"checkpoint":{"stack":"x","latest":{"resources":[{"urn":"a"}]}}}', "a resource has no urn or no type"],
    ['{"version":3,"checkpoint":{"stack":"x","latest":{"resources":[{"urn":"a","type":"t"},{"urn":"a","type":"t"}]}}}', "a is there twice"],
    [
        '{"version":3,"checkpoint":{"stack":"x","latest":{"resources":[{"urn":"a","type":"t","dependencies":["b"]},{"urn":"b","type":"t"}]}}}',
        "a depends on b, which does not come before it",
    ],
])("refuses %s", async (content, sentence) => {
    const backend = await newStack();
    await writeFile(backend.stackFile(DEV), content);
    await expect(backend.read(DEV)).rejects.toThrow(sentence);
});

test("takes a replaced object that is still to be deleted beside its successor", async () => {
    const backend = await newStack();
    await writeFile(
        backend.stackFile(DEV),
        '{"version":3,"checkpoint":{"stack":"x","latest":{"resources":[{"urn":"a","type":"t","delete":true},{"urn":"a","type":"t"},{"urn":"a","type":"t","delete":true}]}}}',
    );
    await expect(backend.read(DEV)).resolves.toBeDefined();
});

test("refuses other layouts of the folder by name", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, ".pulumi/stacks"), { recursive: true });
    await writeFile(join(folder, ".pulumi/stacks/dev.json"), "{}");
    await expect(fileBackend(folder).read(DEV)).rejects.toThrow("has the state layout 0; the embedded engine supports layout 1");
    await writeFile(join(folder, ".pulumi/meta.yaml"), "version: 2\n");
    await expect(fileBackend(folder).read(DEV)).rejects.toThrow("has the state layout 2");
});

test.each([
    ["file:///var/lib/state", "/var/lib/state"],
    ["file://./.state", "/project/.state"],
    ["file://.state", "/project/.state"],
    ["file://~/x", `${process.env["HOME"]}/x`],
    ["file:///a%20b", "/a b"],
])("opens %s", async (url, root) => {
    expect(rootOf(await openBackend(url, "/project"))).toBe(root);
});

test.each([
    ["gs://bucket", "The backend gs://… is not supported"],
    ["s3://user:secret@bucket", "must not hold credentials"],
    ["s3://bucket?kmskeyid=secret", "The backend s3://bucket has the parameter kmskeyid, which the embedded engine does not support"],
    ["s3://?x=secret", "names no bucket"],
    ["https://user:secret@host", "The backend https://… is not supported"],
    ["nowhere", 'The backend "nowhere" is not supported'],
])("refuses %s by name, without what may be secret in it", async (url, sentence) => {
    const refused = await openBackend(url, "/").catch((error: Error) => error);
    expect(refused).toHaveProperty("message", expect.stringContaining(sentence));
    expect(refused).toHaveProperty("message", expect.not.stringContaining("secret"));
});

test("has a whole state at every moment, also when the writer is killed", async () => {
    const backend = await newStack();
    const script = `
        import { fileBackend } from ${JSON.stringify(join(projectRoot, "embedded/engine/state/open.ts"))};
        const backend = fileBackend(${JSON.stringify(rootOf(backend))});
        const pad = "x".repeat(200_000);
        for (let n = 0; ; n++) {
            await backend.write(${JSON.stringify(DEV)}, JSON.stringify({ version: 3, checkpoint: { stack: "s", latest: { resources: [], n, pad } } }));
            if (n === 0) console.log("writing");
        }`;
    let seen = -1;
    for (let round = 0; round < 6; round++) {
        const writer = spawn(process.execPath, ["--input-type=module", "--eval", script], {
            stdio: ["ignore", "pipe", "inherit"],
            env: { ...process.env, NODE_OPTIONS: "" },
        });
        await new Promise((resolve) => writer.stdout.once("data", resolve));
        // Whoever reads meanwhile must find a whole file every time.
        const end = Date.now() + 20 + Math.random() * 30;
        while (Date.now() < end) expect(JSON.parse(await readFile(backend.stackFile(DEV), "utf8"))).toHaveProperty("version", 3);
        writer.kill("SIGKILL");
        await new Promise((resolve) => writer.once("close", resolve));
        const state = (await backend.read(DEV)) as unknown as { checkpoint: { latest: { n: number; pad: string } } };
        expect(state.checkpoint.latest.pad).toHaveLength(200_000);
        expect(JSON.parse(await readFile(`${backend.stackFile(DEV)}.bak`, "utf8"))).toHaveProperty("version", 3);
        seen = Math.max(seen, state.checkpoint.latest.n);
    }
    expect(seen).toBeGreaterThan(0);
});
