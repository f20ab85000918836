/** Changing single settings: the file's text, the keys and paths, and the commands around them. */
import { afterEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { configRemove, configSet } from "../../embedded/engine/commands/config-set.ts";
import { looksLikeSecret } from "../../embedded/engine/commands/likely-secret.ts";
import type { Options } from "../../embedded/engine/commands/options.ts";
import { withoutSetting, withSetting, type WrittenValue } from "../../embedded/engine/config/document.ts";
import { parseKey } from "../../embedded/engine/config/keys.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { createPassphrase } from "../../embedded/engine/state/secrets-passphrase.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import { command, PASSPHRASE, projectFolder, removeFolders } from "./support.ts";

afterEach(removeFolders);

const FILE = `# whose file this is
config:
    # the size of it
    p:size: 3 # small
    tags: # the project's own
        a: one
        list:
            - x # first
            - y
    aws:region: eu
encryptionsalt: v1:x
`;

const set = (key: string, value: WrittenValue, text = FILE): string => withSetting(text, "p", parseKey(key, "p", true), value);

describe("a file", () => {
    test.each<[string, WrittenValue, string, string]>([
        ["size", 4, "    p:size: 3 # small", "    p:size: 4 # small"],
        ["p:tags.a", "two", "        a: one", "        a: two"],
        ["tags.list[1]", "z", "            - y", "            - z"],
        ["aws:region", "us", "aws:region: eu", "aws:region: us"],
        ["aws:zone", "a", "    aws:region: eu\n", "    aws:region: eu\n    aws:zone: a\n"],
        ["text", "true", "    aws:region: eu\n", '    aws:region: eu\n    p:text: "true"\n'],
    ])("in which %s becomes %j keeps everything else, comments included", (key, value, before, after) => {
        expect(FILE).toContain(before);
        expect(set(key, value)).toBe(FILE.replace(before, after));
    });

    test("gets what it does not have inside a value, with its comments", () => {
        const text = set("new.deep[0].x", true, set("tags.list[2]", "z"));
        for (const comment of FILE.matchAll(/# .*/g)) expect(text).toContain(comment[0]);
        expect(parse(text)).toMatchObject({ config: { tags: { list: ["x", "y", "z"] }, "p:new": { deep: [{ x: true }] } } });
    });

    test("is begun when there is none", () => {
        expect(set("a", "b", "")).toBe("config:\n  p:a: b\n");
        expect(set("a[0]", 1, "# nothing yet\n")).toBe("# nothing yet\n\nconfig:\n  p:a:\n    - 1\n");
    });

    test.each([
        ["tags[0]", "p:tags is a map: its keys are text"],
        ["tags.list.x", "is a list: its items have numbers"],
        ["tags.list[3]", "has 2 items, so that 3 is out of its range; the next one is 2"],
        ["tags.a.b", "is a single value: nothing can be set inside it"],
        ["[0]", "must begin with the key of a setting"],
        ["a:b:c", '"a:b:c" is no key of a setting'],
    ])("is not changed for %s", (key, sentence) => {
        expect(() => set(key, "v")).toThrow(sentence);
    });

    test("is not changed where another place refers to the value", () => {
        const text = "config:\n  p:a: &x 1\n  p:b: *x\n";
        const a = { key: "p:a", inside: [] };
        for (const change of [() => withSetting(text, "p", a, 2), () => withoutSetting(text, "p", a)])
            expect(change).toThrow("Another place in the settings file refers to this value");
    });

    test("may have a single value replaced by what is inside it, as the official CLI does", () => {
        expect(set("size.x", 1)).toContain("    p:size:\n        x: 1\n");
    });

    test("loses only what is removed", () => {
        const remove = (key: string): string => withoutSetting(FILE, "p", parseKey(key, "p", true));
        expect(remove("tags.list[0]")).toBe(FILE.replace("            - x # first\n", ""));
        expect(remove("aws:region")).toBe(FILE.replace("    aws:region: eu\n", ""));
        expect(remove("tags.none.deep")).toBe(FILE);
        expect(remove("none")).toBe(FILE);
    });

    test("holds afterwards what was set, wherever", () => {
        const segment = fc.oneof(fc.constant(0), fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/), fc.string({ minLength: 1, maxLength: 4 }));
        const value = fc.oneof(fc.string(), fc.integer(), fc.boolean());
        fc.assert(
            fc.property(fc.array(segment, { maxLength: 4 }), value, (inside, wanted) => {
                fc.pre(inside.at(-1) !== "secure" && !inside.includes("__proto__"));
                const text = withSetting(FILE, "p", { key: "p:fresh", inside }, wanted);
                const config = (parse(text) as { config: Record<string, unknown> }).config;
                const found = inside.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], config["p:fresh"]);
                expect(found).toEqual(wanted);
                expect(withoutSetting(text, "p", { key: "p:fresh", inside: [] })).toBe(FILE);
            }),
        );
    });
});

describe("keys", () => {
    test.each([
        ["a", false, { key: "p:a", inside: [] }],
        ["aws:region", false, { key: "aws:region", inside: [] }],
        ["aws:config:region", false, { key: "aws:region", inside: [] }],
        ["a.b", false, { key: "p:a.b", inside: [] }],
        ["a.b[0]", true, { key: "p:a", inside: ["b", 0] }],
        ['aws:a["b.c"]', true, { key: "aws:a", inside: ["b.c"] }],
        ['["a.b"]["c:d"]', true, { key: "p:a.b", inside: ["c:d"] }],
    ])("%s, as a path: %j", (text, path, key) => {
        expect(parseKey(text, "p", path)).toEqual(key);
    });
});

test.each([
    ["p:dbPassword", "correct-horse-7", true],
    ["p:token", "ghp_0123456789abcdef", true],
    ["p:token", "off", false],
    ["p:tokenLifetime", "3600", false],
    ["p:url", "https://example.com/0123456789abcdef", false],
    ["secret:region", "eu-central-1-abcdef", false],
])("%s=%s looks like a secret: %j", (key, value, likely) => {
    expect(looksLikeSecret(key, value)).toBe(likely);
});

describe("commands", () => {
    const PROJECT = `name: trial
runtime: nodejs
config:
  size: { type: integer, default: 1 }
  on: { type: boolean, default: false }
  names: { type: array, items: { type: string }, default: [] }
  map: { type: object, default: {} }
  token: { type: string, secret: true, default: none }
`;

    type Run = (work: (options: Options) => Promise<number>) => Promise<number>;

    async function stack(): Promise<{ folder: string; run: Run; text: () => Promise<string> }> {
        const settings = "# mine\nconfig:\n  trial:size: 2\n";
        const folder = await projectFolder({ "Pulumi.yaml": PROJECT, "Pulumi.dev.yaml": settings });
        process.env["PULUMI_BACKEND_URL"] = `file://${folder}/state`;
        process.env["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE;
        return {
            folder,
            run: (work) => work({ cwd: folder, stack: "dev", "non-interactive": true }),
            text: () => readFile(join(folder, "Pulumi.dev.yaml"), "utf8"),
        };
    }

    test("set what the project's schema declares, and refuse anything else", async () => {
        const { run, text } = await stack();
        await run((options) => configSet(options, "size", "7"));
        await run((options) => configSet(options, "on", "true"));
        await run((options) => configSet(options, "names", '["a","b"]'));
        await run((options) => configSet({ ...options, path: true }, "names[1]", "c"));
        await run((options) => configSet({ ...options, path: true }, "map.n", "0123"));
        await run((options) => configSet({ ...options, path: true }, "map.m", "123"));
        await run((options) => configSet(options, "other:key", "5"));
        const before = await text();
        expect(before).toMatch(/^# mine\n/);
        expect((parse(before) as { config: object }).config).toEqual({
            "trial:size": 7,
            "trial:on": true,
            "trial:names": ["a", "c"],
            "trial:map": { n: "0123", m: 123 },
            "other:key": "5",
        });
        for (const [key, value, sentence] of [
            ["size", "many", 'the value for size must be a whole number, found "many"'],
            ["on", "maybe", "the value for on must be true or false"],
            ["names", "a", "the value for names must be a JSON list"],
        ] as const)
            await expect(run((options) => configSet(options, key, value))).rejects.toThrow(sentence);
        await expect(run((options) => configSet({ ...options, path: true }, "names[0].x", "v"))).rejects.toThrow("is a single value");
        await expect(run((options) => configSet({ ...options, path: true }, "names[2]", "9"))).rejects.toThrow(
            "names item 2 must be text, found 9",
        );
        expect(await text()).toBe(before);
        await run((options) => configRemove(options, "other:key"));
        expect(await text()).toBe(before.replace('  other:key: "5"\n', ""));
    });

    test("encrypt secrets, also those that the project declares, and keep likely ones out of the clear", async () => {
        const { run, text, folder } = await stack();
        await expect(run((options) => configSet(options, "apiToken", "ghp_0123456789abcdef"))).rejects.toThrow(
            "The value for apiToken looks like a secret: encrypt it with --secret",
        );
        await run((options) => configSet(options, "token", "geheim-1"));
        await run((options) => configSet({ ...options, secret: true, path: true }, "map.key", "geheim-2"));
        const written = await text();
        expect(written).not.toContain("geheim");
        expect(written).toMatch(/^# mine\n[\s\S]*\nencryptionsalt: v1:/);
        expect((await stat(join(folder, "Pulumi.dev.yaml"))).mode & 0o777).toBe(0o644);

        const env = { PULUMI_STACK: "dev" };
        const list = await command(folder, ["config"], { env });
        expect(list.stdout).toBe('KEY    VALUE\nmap    {"key":"[secret]"}\nnames  []\non     false\nsize   2\ntoken  [secret]\n');
        const json = JSON.parse((await command(folder, ["config", "--json", "--show-secrets"], { env })).stdout) as object;
        expect(json).toMatchObject({
            "trial:token": { value: "geheim-1", secret: true },
            "trial:map": { value: '{"key":"geheim-2"}', objectValue: { key: "geheim-2" }, secret: true },
            "trial:size": { value: "2", secret: false },
        });
        expect((await command(folder, ["config", "get", "--path", "map.key"], { env })).stdout).toBe("geheim-2\n");
        const missing = await command(folder, ["config", "get", "nothing"], { env });
        expect(missing).toMatchObject({ code: 255, stderr: "error: The stack dev has no setting nothing.\n" });
        expect((await command(folder, ["config", "cp", "-d", "prod"], { env })).stderr).toContain(
            '"config cp" is not supported by the embedded engine',
        );
    });

    test("encrypt with the key that the state has already", async () => {
        const { run, text, folder } = await stack();
        const manager = await createPassphrase(PASSPHRASE);
        const backend = fileBackend(join(folder, "state"));
        const reference = { project: "trial", stack: "dev" };
        await backend.create(reference);
        const writer = new CheckpointWriter("organization/trial/dev", manager, new CiphertextMemory());
        await backend.write(reference, writer.write({ resources: [], pendingOperations: [] }));
        await run((options) => configSet({ ...options, secret: true }, "one", "geheim"));
        expect(await text()).toContain(`\nencryptionsalt: ${manager.provider.state.salt}\n`);
    });

    test("read a value from standard input, so that it is on no command line", async () => {
        const { folder, text } = await stack();
        const result = await command(folder, ["config", "set", "--secret", "pipe", "--stack", "dev"], { input: "from a pipe\n" });
        expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
        expect(await text()).not.toContain("pipe\n");
        expect((await command(folder, ["config", "get", "pipe", "--stack", "dev"])).stdout).toBe("from a pipe\n");
        await command(folder, ["config", "set", "text", "--raw", "--stack", "dev"], { input: "a\n" });
        expect((parse(await text()) as { config: Record<string, unknown> }).config["trial:text"]).toBe("a\n");
    });
});
