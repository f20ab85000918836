/** The commands as a user runs them: processes of their own, the real engine, a program with real resources. */
import { afterEach, expect, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { command, projectFolder, removeFolders, type CommandResult } from "./support.ts";

afterEach(removeFolders);

const PULUMI_YAML = `name: trial
runtime: { name: nodejs, options: { typescript: false } }
main: index.js
config:
  length: { type: integer, default: 20 }
`;
const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
const password = new random.RandomPassword("password", { length: new pulumi.Config().requireNumber("length") });
const id = new random.RandomId("id", { byteLength: 4 });
export const idHex = id.hex;
export const secret = password.result;
export const nested = { user: "push", password: password.result };
`;

const project = (files: Record<string, string> = {}): Promise<string> =>
    projectFolder({ "Pulumi.yaml": PULUMI_YAML, "Pulumi.dev.yaml": "# ours\nconfig: {}\n", "index.js": PROGRAM, ...files });
const stateFile = (folder: string): string => join(folder, "state/.pulumi/stacks/trial/dev.json");
const stored = async (folder: string): Promise<{ resources: { type: string; outputs: Record<string, unknown> }[] }> =>
    (JSON.parse(await readFile(stateFile(folder), "utf8")) as { checkpoint: { latest: never } }).checkpoint.latest;

function expectCode(result: CommandResult, code: number): void {
    if (result.code !== code) throw new Error(`exit code ${result.code}, expected ${code}\n${result.stderr}\n${result.stdout}`);
}

test("a stack's life: preview, up, outputs, export, no changes, changes, destroy", async () => {
    const folder = await project();

    const preview = await command(folder, ["preview"]);
    expectCode(preview, 0);
    expect(preview.stderr).toBe(`The stack dev has no state yet: this is what its first update would make (file://${folder}/state).\n`);
    expect(preview.stdout).toContain("    + 3 to create\n");
    expect(existsSync(join(folder, "state"))).toBe(false);
    expect(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")).toBe("# ours\nconfig: {}\n");

    const up = await command(folder, ["up", "--yes", "--message", "first"]);
    expectCode(up, 0);
    expect(up.stderr).toBe(`The stack dev has no state yet and is created (file://${folder}/state).\n`);
    expect(up.stdout).toMatch(
        /Previewing update \(dev\):[\s\S]*\+ 3 to create[\s\S]*Updating \(dev\):[\s\S]*random:index:RandomId id created \([\d.]+s\)[\s\S]*\+ secret: \[secret\][\s\S]*\+ 3 created[\s\S]*Duration: /,
    );
    // The salt is in the state: an operation leaves the files under version control alone.
    expect(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")).toBe("# ours\nconfig: {}\n");

    const shown = await command(folder, ["stack", "output", "--json", "--show-secrets"]);
    const outputs = JSON.parse(shown.stdout) as { secret: string; idHex: string; nested: { password: string } };
    expect(outputs.secret).toHaveLength(20);
    expect(outputs.nested.password).toBe(outputs.secret);
    const blind = await command(folder, ["stack", "output", "--json"], { env: { PULUMI_CONFIG_PASSPHRASE: undefined } });
    expect(JSON.parse(blind.stdout)).toEqual({ idHex: outputs.idHex, nested: { user: "push", password: "[secret]" }, secret: "[secret]" });
    expect((await command(folder, ["stack", "output", "idHex"])).stdout).toBe(`${outputs.idHex}\n`);
    const missing = await command(folder, ["stack", "output", "url"]);
    expect(missing).toMatchObject({
        code: 255,
        stderr: "error: current stack does not have output property 'url'; it has idHex, nested, secret\n",
    });

    const exported = await command(folder, ["stack", "export"]);
    expect(JSON.parse(exported.stdout)).toEqual({ version: 3, deployment: await stored(folder) });
    const opened = await command(folder, ["stack", "export", "--show-secrets"]);
    expect(opened.stdout).toContain(
        JSON.stringify(JSON.stringify(outputs.secret).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)),
    );

    const before = await stored(folder);
    const again = await command(folder, ["up", "--skip-preview", "--expect-no-changes"]);
    expectCode(again, 0);
    expect(again.stdout).toContain("    3 unchanged\n");
    expect((await stored(folder)).resources).toEqual(before.resources);

    await writeFile(
        join(folder, "Pulumi.dev.yaml"),
        (await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")).replace("config: {}", "config: { length: 24 }"),
    );
    const digest = await command(folder, ["preview", "--json", "--expect-no-changes"]);
    expectCode(digest, 7);
    const { steps, changeSummary } = JSON.parse(digest.stdout) as { steps: { op: string; urn: string }[]; changeSummary: object };
    expect(steps.map((s) => `${s.op} ${s.urn.split("::").at(-1)}`)).toEqual(["same trial-dev", "replace password"]);
    expect(changeSummary).toEqual({ replace: 1, same: 2 });
    const diff = await command(folder, ["up", "-yf", "--diff"]);
    expect(diff.stdout).toContain("        ~ length: 20 => 24\n");

    const said = [preview, up, blind, exported, again, digest, diff].map((r) => r.stdout + r.stderr).join("");
    for (const secret of [outputs.secret, JSON.stringify(outputs.secret).slice(1, -1)]) expect(said).not.toContain(secret);
    const files = (await readdir(join(folder, "state"), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const file of files) expect(await readFile(join(file.parentPath, file.name), "utf8")).not.toContain(outputs.secret);

    const destroy = await command(folder, ["destroy", "--yes"]);
    expectCode(destroy, 0);
    expect(destroy.stdout).toContain("    - 3 deleted\n");
    expect(await stored(folder)).not.toHaveProperty("resources");
    const history = (await readdir(join(folder, "state/.pulumi/history/trial/dev"))).filter((name) => name.endsWith(".history.json"));
    const records = await Promise.all(
        history.map(
            async (name) =>
                JSON.parse(await readFile(join(folder, "state/.pulumi/history/trial/dev", name), "utf8")) as {
                    kind: string;
                    result: string;
                    message: string;
                },
        ),
    );
    expect(records.map((r) => `${r.kind} ${r.result} ${r.message}`)).toEqual([
        "update succeeded first",
        "update succeeded ",
        "update succeeded ",
        "destroy succeeded ",
    ]);
}, 120_000);

test("changes nothing without --yes when nobody can be asked", async () => {
    const folder = await project();
    for (const [name, only] of [
        ["up", ""],
        ["destroy", " or --preview-only"],
        ["refresh", " or --preview-only"],
    ]) {
        expect(await command(folder, [name as string])).toEqual({
            code: 255,
            stdout: "",
            stderr: `error: --yes or --skip-preview${only} must be passed in to proceed when running in non-interactive mode\n`,
        });
    }
    expect(existsSync(join(folder, "state"))).toBe(false);
});

test.each([
    [
        ["preview", "-s", "dve"],
        'There is no stack "dve". Stacks with a settings file: dev. Did you mean dev? To make it, write Pulumi.dve.yaml, or run "stack init dve".',
    ],
    [["preview", "--config-file", "other.yaml"], "other.yaml (--config-file) does not exist."],
    [["preview", "--replace", "x"], "--replace is not supported by the embedded engine."],
    [["stack", "tag"], `"stack tag" is not supported by the embedded engine: use the official Pulumi CLI for it.`],
    [["console"], '"console" is not supported by the embedded engine'],
    [["previw"], 'There is no command "previw". Did you mean "preview"?'],
    [["destroy", "-y"], 'The stack dev has no state yet: there is nothing to destroy. Run "up" first.'],
    [["stack", "export"], 'The stack dev has no state yet: there is nothing to export. Run "up" first.'],
    [["up", "-y", "--color", "pink"], '--color must be one of always, never, raw, auto, found "pink".'],
])("answers %j with a sentence and 255", async (args, sentence) => {
    const folder = await project();
    const result = await command(folder, args);
    expect(result.stderr).toContain(sentence);
    expect(result.stderr.split("\n")).toHaveLength(2);
    expect(result).toMatchObject({ code: 255, stdout: "" });
    expect(existsSync(join(folder, "state"))).toBe(false);
});

test("refuses a wrong passphrase, a missing one and a damaged state, and changes nothing", async () => {
    const folder = await project();
    expectCode(await command(folder, ["up", "-yf"]), 0);
    const before = await readFile(stateFile(folder), "utf8");
    const refused = async (env: Record<string, string | undefined>, sentence: string): Promise<void> => {
        for (const args of [["up", "-yf"], ["preview"], ["stack", "output", "--show-secrets"]]) {
            const result = await command(folder, args, { env });
            expect(result.code).toBe(255);
            expect(result.stderr).toContain(sentence);
        }
        expect(await readFile(stateFile(folder), "utf8")).toBe(before);
    };
    await refused({ PULUMI_CONFIG_PASSPHRASE: "another" }, "The passphrase in PULUMI_CONFIG_PASSPHRASE does not open the secrets of");
    await refused(
        { PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: undefined },
        "The passphrase of the stack's secrets is missing: set PULUMI_CONFIG_PASSPHRASE_FILE",
    );
    await refused(
        { PULUMI_CONFIG_PASSPHRASE: undefined, PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "nowhere") },
        "cannot be read: ENOENT",
    );

    await writeFile(stateFile(folder), before.slice(0, 100));
    const damaged = await command(folder, ["up", "-yf"]);
    expect(damaged.code).toBe(255);
    expect(damaged.stderr).toContain("is cut off or damaged");
    expect(await readFile(stateFile(folder), "utf8")).toBe(before.slice(0, 100));
    expect(await readdir(join(folder, "state/.pulumi/locks/organization/trial/dev"))).toEqual([]);
}, 60_000);

test("passes over a salt of another passphrase as long as nothing is encrypted with it", async () => {
    const settings = "encryptionsalt: v1:c2FsdHNhbHQ=:v1:MVMPgWNntWUQd+lx:popHOzkbTMRQzLMBYqK6xvrh80QypA==\n";
    const folder = await project({ "Pulumi.dev.yaml": settings });
    const env = { PULUMI_CONFIG_PASSPHRASE: "another" };
    for (let i = 0; i < 2; i++) {
        const up = await command(folder, ["up", "-yf"], { env });
        expectCode(up, 0);
        expect(up.stderr).toContain("belongs to another passphrase; nothing is encrypted with it, so it is passed over");
    }
    expect(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")).toBe(settings);
    const shown = await command(folder, ["stack", "output", "secret", "--show-secrets"], { env });
    expect(shown.stdout).toHaveLength(21);
    await writeFile(join(folder, "Pulumi.dev.yaml"), `${settings}config: { x: { secure: "v1:AAAAAAAAAAAAAAAA:AAAA" } }\n`);
    const refused = await command(folder, ["up", "-yf"], { env });
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain(`The passphrase in PULUMI_CONFIG_PASSPHRASE does not open the secrets of ${folder}/Pulumi.dev.yaml`);
});

test("keeps secrets out of what a failing program says", async () => {
    const folder = await project({
        "Pulumi.yaml": `${PULUMI_YAML}  token: { type: string, secret: true, default: tok3n-v4lue }\n`,
        "index.js": `import * as pulumi from "@pulumi/pulumi";
const token = new pulumi.Config().require("token");
pulumi.log.info("using " + token);
throw new Error("cannot log in with " + token);`,
    });
    const result = await command(folder, ["up", "-yf"]);
    expectCode(result, 1);
    expect(result.stdout).toContain("cannot log in with [secret]");
    expect(result.stdout + result.stderr).not.toContain("tok3n-v4lue");
    const shown = await command(folder, ["up", "-yf", "--show-secrets"]);
    expectCode(shown, 1);
    expect(shown.stdout).toContain("using tok3n-v4lue");
    expect(shown.stdout).toContain("cannot log in with tok3n-v4lue");
});

async function until(done: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 200 && !(await done()); i++) await sleep(50);
    if (!(await done())) throw new Error("it did not happen within 10 s");
}

test("one Ctrl-C ends an update that others find locked; a killed one's lock is taken over", async () => {
    const waiting = `import * as random from "@pulumi/random";
const id = new random.RandomId("id", { byteLength: 4 });
id.hex.apply(() => console.error("made"));
await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const folder = await project({ "index.js": waiting });
    const made = async (): Promise<boolean> =>
        existsSync(stateFile(folder)) &&
        ((await stored(folder).catch(() => undefined))?.resources ?? []).some((r) => r.type.startsWith("random:"));

    let pid = 0;
    const running = command(folder, ["up", "-yf"], { onSpawn: (child) => (pid = child.pid ?? 0) });
    await until(made);
    const second = await command(folder, ["destroy", "-y"]);
    expect(second.code).toBe(255);
    expect(second.stderr).toMatch(new RegExp(`The stack dev is locked by .*, pid ${pid}, since .*: up\\.`));
    process.kill(pid, "SIGINT");
    const canceled = await running;
    expectCode(canceled, 8);
    expect(canceled.stdout).toContain("canceling: ");
    expect(canceled.stderr).toContain("The update was canceled. The state is stored; run the command again to go on.");
    expect(await made()).toBe(true);

    const killed = command(folder, ["up", "-yf"], { onSpawn: (child) => (pid = child.pid ?? 0) });
    await until(async () => (await readdir(join(folder, "state/.pulumi/locks/organization/trial/dev"))).length > 0);
    await sleep(300);
    process.kill(pid, "SIGKILL");
    await killed;
    const last = await command(folder, ["destroy", "-y"]);
    expectCode(last, 0);
    expect(last.stderr).toContain("was locked by a process that is gone");
}, 90_000);

test("makes, lists and selects stacks", async () => {
    const folder = await project({ "Pulumi.prod.yaml": "" });
    expect((await command(folder, ["preview"])).stderr).toContain("No stack is selected: name one with --stack. There are: dev, prod.");
    expect(await command(folder, ["stack", "init", "blue"])).toMatchObject({ code: 0, stderr: "Created stack 'blue'\n" });
    expect(await command(folder, ["stack", "init", "blue"])).toMatchObject({ code: 255, stderr: "error: stack 'blue' already exists\n" });
    expect(await readFile(join(folder, "Pulumi.blue.yaml"), "utf8")).toMatch(/^encryptionsalt: v1:/);
    expect((await command(folder, ["stack", "ls"])).stdout).toMatch(
        /^NAME +LAST UPDATE +RESOURCE COUNT\nblue\* +\d{4}-\S+Z\ndev +no state yet\nprod +no state yet\n$/,
    );
    expect(await command(folder, ["stack", "select", "prod"])).toMatchObject({ code: 0 });
    const list = JSON.parse((await command(folder, ["stack", "ls", "--json"])).stdout) as { name: string; current: boolean }[];
    expect(list.filter((s) => s.current).map((s) => s.name)).toEqual(["prod"]);
    expect((await command(folder, ["stack", "output"])).stdout).toBe(
        "Current stack outputs (0):\n    No output values currently in this stack\n",
    );
    expect((await command(folder, ["cancel", "-y"])).stderr).toBe("The stack prod is not locked.\n");
}, 60_000);
