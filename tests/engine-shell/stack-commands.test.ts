/** `stack import`, `stack export`, `stack history` and `stack rm`, as a user meets them; no program runs. */
import { afterEach, expect, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { goJson } from "../../embedded/engine/state/json.ts";
import { addToHistory, type UpdateInfo } from "../../embedded/engine/state/history.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { createPassphrase } from "../../embedded/engine/state/secrets-passphrase.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import type { VersionedCheckpoint } from "../../embedded/engine/state/types.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { command, PASSPHRASE, projectFolder, removeFolders, resource, STACK, urn, type CommandResult } from "./support.ts";

afterEach(removeFolders);

const DEV = { project: "trial", stack: "dev" };
const THING = urn("pkg:index:Thing", "a");
const env = { PULUMI_STACK: "dev" };

/** A project whose stack has a secret, and what its export says. */
async function stack(pending = false): Promise<{ folder: string; run: (...args: string[]) => Promise<CommandResult>; file: string }> {
    const folder = await projectFolder({
        "Pulumi.yaml": "name: trial\nruntime: nodejs\n",
        "Pulumi.dev.yaml": "config:\n  trial:size: 3\n",
    });
    const manager = await createPassphrase(PASSPHRASE);
    const root = resource("pulumi:pulumi:Stack", "trial-dev", { custom: false, outputs: { url: "http://x", "10": 1, "9": 2 } });
    const thing = resource("pkg:index:Thing", "a", { id: "1", parent: STACK, outputs: { token: new Secret("geheim") } });
    const backend = fileBackend(join(folder, "state"));
    await backend.create(DEV);
    const text = new CheckpointWriter("organization/trial/dev", manager, new CiphertextMemory()).write({
        resources: [root, thing],
        pendingOperations: pending ? [{ resource: resource("pkg:index:Thing", "b"), type: "creating" }] : [],
    });
    await backend.write(DEV, text);
    return { folder, run: (...args) => command(folder, args, { env }), file: backend.stackFile(DEV) };
}

test("a state goes out and in again, byte by byte, secrets opened or not", async () => {
    const { folder, run, file } = await stack();
    const before = await readFile(file, "utf8");
    const exported = (await run("stack", "export")).stdout;
    expect(exported).not.toContain("geheim");
    const imported = await command(folder, ["stack", "import"], { env, input: exported });
    expect(imported).toMatchObject({ code: 0, stdout: "Import complete.\n", stderr: "" });
    expect(await readFile(file, "utf8")).toBe(before);
    expect((await run("stack", "export")).stdout).toBe(exported);

    const open = (await run("stack", "export", "--show-secrets")).stdout;
    expect(open).toContain('"plaintext": "\\"geheim\\""');
    await writeFile(join(folder, "open.json"), open);
    expect(await run("stack", "import", "--file", "open.json")).toMatchObject({ code: 0 });
    expect(await readFile(file, "utf8")).not.toContain("geheim");
    expect((await run("stack", "export", "--show-secrets")).stdout).toBe(open);
    expect(await readdir(join(folder, "state/.pulumi/backups/trial/dev"))).toHaveLength(2);
}, 60_000);

test("an operation that nobody finishes any more is left out on the way in, which is said", async () => {
    const { folder, run } = await stack(true);
    const input = (await run("stack", "export")).stdout;
    const imported = await command(folder, ["stack", "import"], { env, input });
    expect(imported.stderr).toBe(
        `warning: ${urn("pkg:index:Thing", "b")} was creating when the state was taken: that is left out. Run "refresh" if the object may exist.\n`,
    );
    expect((await run("stack", "export")).stdout).not.toContain("pending_operations");
}, 30_000);

test("what cannot be a stack's state is refused with a sentence and changes nothing", async () => {
    const { folder, run, file } = await stack();
    const before = await readFile(file, "utf8");
    const state = JSON.parse((await run("stack", "export")).stdout) as { deployment: { resources: { urn: string; parent?: string }[] } };
    const { deployment } = state;
    const [root, thing] = deployment.resources as [(typeof deployment.resources)[0], (typeof deployment.resources)[0]];
    const changed = (resources: object[]): string => goJson({ version: 3, deployment: { ...deployment, resources } });
    const foreign = changed([root, { ...thing, urn: THING.replace(":dev::", ":prod::") }]);
    const cases: [input: string, sentence: string, env?: object][] = [
        ["{", "What was read from standard input is no JSON"],
        [before, 'is a state file of a backend: it must be what "stack export" prints'],
        ['{"version":4,"deployment":{}}', "is of version 4, written by a newer Pulumi"],
        [
            changed([thing, root]),
            `The state is not sound: ${THING} depends on ${STACK}, which does not come before it. Nothing was changed; --force`,
        ],
        [foreign, `The resource ${THING.replace(":dev::", ":prod::")} is of another project or stack than trial/dev`],
        [changed([root, thing]), "does not open the secrets of this state", { PULUMI_CONFIG_PASSPHRASE: "another" }],
    ];
    for (const [input, sentence, more] of cases) {
        const refused = await command(folder, ["stack", "import"], { env: { ...env, ...more }, input });
        expect(refused.code).toBe(255);
        expect(refused.stderr).toContain(sentence);
        expect(await readFile(file, "utf8")).toBe(before);
    }
    const forced = await command(folder, ["stack", "import", "--force"], { env, input: foreign });
    expect(forced.code).toBe(0);
    expect(forced.stderr).toContain("; taken all the same, as --force asks for.");
    expect(await readFile(file, "utf8")).toContain(":prod::");
}, 60_000);

test("a history is listed by pages, the newest first, also by a clock that goes back, and its states can be exported", async () => {
    const { folder, run } = await stack();
    const backend = fileBackend(join(folder, "state"));
    const manager = await createPassphrase(PASSPHRASE);
    const update = (n: number): UpdateInfo => ({
        kind: "update",
        startTime: 1_700_000_000 + n,
        message: `update ${n}`,
        environment: { "exec.kind": "cli" },
        config: { "trial:size": n, "trial:token": { secure: manager.encrypt("geheim") } },
        version: 0,
        result: n === 2 ? "failed" : "succeeded",
        endTime: 1_700_000_065 + n,
        resourceChanges: { create: n, same: 1 },
    });
    const { now } = Date;
    for (const [i, time] of [5000, 4000, 4000].entries()) {
        Date.now = () => time;
        await addToHistory(backend, DEV, update(i + 1));
    }
    Date.now = now;
    await writeFile(join(folder, "Pulumi.dev.yaml"), `encryptionsalt: ${manager.provider.state.salt}\n`);

    const text = (await run("stack", "history", "--full-dates", "--page-size", "2")).stdout;
    expect(text.split("\n").filter((line) => /^(Message|Status)/.test(line))).toEqual([
        "Status: succeeded",
        "Message: update 3",
        "Status: failed",
        "Message: update 2",
    ]);
    expect(text).toContain("+3-0~0 1 Updated 2023-11-14T22:13:23.000Z took 1m5s\n    exec.kind: cli\n");
    expect((await run("stack", "history", "--page", "2", "--page-size", "2")).stdout).toMatch(/Message: update 1\n.* years? ago took 1m5s/);
    expect((await run("stack", "history", "--page", "9")).stdout).toBe("There are no updates on page 9.\n");
    expect((await run("stack", "history", "--page", "x")).stderr).toContain("--page must be a whole number from 1 on");

    const hidden = JSON.parse((await run("stack", "history", "--json")).stdout) as { config: object }[];
    expect(hidden.map(({ config }) => config)).toEqual(
        [3, 2, 1].map((n) => ({ "trial:size": { value: String(n), secret: false }, "trial:token": { secret: true } })),
    );
    const open = JSON.parse((await run("stack", "history", "--json", "--show-secrets")).stdout) as { config: object }[];
    expect(open[0]?.config).toMatchObject({ "trial:token": { value: "geheim", secret: true } });

    expect((await run("stack", "export", "--version", "1")).stdout).toBe((await run("stack", "export")).stdout);
    expect((await run("stack", "export", "--version", "4")).stderr).toContain("has no version 4: it has 1 to 3.");
}, 60_000);

test("a stack is removed once it has nothing, and its settings with it unless they are to stay", async () => {
    const { folder, run } = await stack();
    const settings = join(folder, "Pulumi.dev.yaml");
    const stacks = (): Promise<string[]> => readdir(join(folder, "state/.pulumi/stacks/trial"));
    expect((await run("stack", "rm")).stderr).toContain("--yes must be passed in");
    const refused = await run("stack", "rm", "--yes");
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain('The stack dev still has 2 resources: run "destroy" first.');
    expect(await stacks()).toContain("dev.json");
    expect(await run("stack", "rm", "dev", "--yes", "--force", "--preserve-config")).toMatchObject({
        code: 0,
        stdout: "Stack 'dev' has been removed!\n",
        stderr: "",
    });
    expect(await stacks()).toEqual(["dev.json.bak"]);
    expect(existsSync(settings)).toBe(true);

    expect(await run("stack", "init", "dev")).toMatchObject({ code: 0 });
    expect(await run("stack", "rm", "--yes", "--remove-backups")).toMatchObject({ code: 0, stderr: `Removed ${settings}.\n` });
    expect(existsSync(settings)).toBe(false);
    expect(await stacks()).toEqual([]);
    expect((await run("stack", "rm", "--yes")).stderr).toContain('There is no stack "dev".');
}, 60_000);

test.each([
    ["gzip", ".gz", gzipSync],
    ["zstd", ".zst", zstdCompressSync],
])("a state that the official CLI packed with %s is read, and written as text", async (_name, ending, pack) => {
    const { folder, run, file } = await stack();
    const text = await readFile(file, "utf8");
    const backend = fileBackend(join(folder, "state"));
    await writeFile(`${file}${ending}`, pack(text.replace("http://x", "http://packed")));
    expect(await backend.stacks("trial")).toEqual(["dev"]);
    expect((await run("stack", "output", "url")).stdout).toBe("http://packed\n");
    const checkpoint = (await backend.read(DEV)) as VersionedCheckpoint;
    await backend.write(DEV, goJson(checkpoint));
    expect((await readdir(join(folder, "state/.pulumi/stacks/trial"))).toSorted()).toEqual(
        ["dev.json", "dev.json.bak", `dev.json${ending}.bak`].toSorted(),
    );
    expect((await run("stack", "output", "url")).stdout).toBe("http://packed\n");
    await writeFile(`${file}${ending}`, pack(text).subarray(0, 40));
    await expect(backend.read(DEV)).rejects.toThrow("is cut off or damaged");
    expect(existsSync(file)).toBe(true);
});
