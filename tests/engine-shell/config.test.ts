import { afterEach, expect, test } from "@jest/globals";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readProject } from "../../embedded/engine/config/project.ts";
import { hasSecureValues, resolveConfig, type ResolvedConfig } from "../../embedded/engine/config/resolve.ts";
import { readSettings, settingsFile, stacksWithSettings, writeSalt } from "../../embedded/engine/config/settings.ts";
import type { Crypter } from "../../embedded/engine/state/secrets.ts";
import { countingManager, removeFolders, temporaryFolder, writeFiles } from "./support.ts";

afterEach(removeFolders);

const PROJECT = `
name: trial
runtime: { name: nodejs, options: { typescript: false } }
backend: { url: "file://./.state" }
config:
  domain: { type: string, description: the apex domain }
  nodes: { type: integer, default: 1 }
  open: { type: boolean, default: false }
  hosts: { type: array, items: { type: string }, default: [] }
  topology: { type: object, default: {} }
  token: { type: string, secret: true, default: none }
  kubernetes:context: mine
`;

async function resolveFiles(project: string, settings: string, crypter?: Crypter): Promise<ResolvedConfig> {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "Pulumi.yaml": project, "Pulumi.dev.yaml": settings });
    const read = await readProject(folder);
    return resolveConfig(read, await readSettings(read, settingsFile(read, "dev", undefined, folder)), crypter);
}

test("reads the project of a folder above", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "Pulumi.yaml": PROJECT, "infra/deep/x": "" });
    expect(await readProject(join(folder, "infra/deep"))).toMatchObject({
        name: "trial",
        root: folder,
        backendUrl: "file://./.state",
        runtimeOptions: { typescript: false },
        settingsFolder: folder,
        alwaysRefresh: false,
    });
});

test("says where it looked when there is no project", async () => {
    const folder = await temporaryFolder();
    await expect(readProject(folder)).rejects.toThrow(`There is no Pulumi.yaml in ${folder} or in a folder above it.`);
});

test("names every mistake of the project's file at once", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, {
        "Pulumi.yaml":
            "name: a b\nruntime: python\nplugins: { languages: [], providers: [{ name: x }] }\nmain: 3\nconfig:\n  n: { type: number }\n  m: { type: integer, default: many }\n  l: { type: array }\n  o: { typ: string }\n  aws:region: { type: string }\n",
    });
    const error = await readProject(folder).catch((e: Error) => e);
    expect((error as Error).message.split("\n")).toEqual([
        `${folder}/Pulumi.yaml has 10 mistakes:`,
        '  - name: must be letters, digits, "-", "_" and ".", found "a b"',
        '  - runtime: the embedded engine runs nodejs programs, found "python"',
        "  - main: must be a path, found 3",
        "  - plugins.languages: not supported by the embedded engine; remove it or use the official Pulumi CLI",
        '  - plugins.providers: each needs a name and the path of its folder, and may have a version, all of them texts; found {"name":"x"}',
        '  - config.n.type: must be one of string, integer, boolean, array, object, found "number"',
        '  - config.m.default: must be a whole number, found "many"',
        "  - config.l.items: an array needs items with a type",
        "  - config.o.typ: there is no such field; there are type, items, description, secret, default, value",
        "  - config.aws:region.type: only the project's own settings have types; give aws:region a value",
    ]);
});

test("refuses settings of the official engine that this one does not have", async () => {
    const settings =
        "config:\n  trial:domain: d\n  pulumi:autonaming: { mode: verbatim }\n  pulumi:disable-default-providers: [kubernetes]\n";
    await expect(resolveFiles(PROJECT, settings)).rejects.toMatchObject({
        problems: ["pulumi:autonaming: is not supported by the embedded engine; remove it, or use the official engine"],
        values: { "pulumi:disable-default-providers": '["kubernetes"]' },
    });
});

test("says line and column of what is not YAML", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "Pulumi.yaml": "name: a\n  b: c\n" });
    await expect(readProject(folder)).rejects.toThrow(/Pulumi\.yaml is not valid YAML:\n.*line 1, column 7/s);
});

test("gives values as text, completes defaults, and knows what is secret", async () => {
    const crypter = countingManager();
    const settings = `
config:
  domain: example.org
  trial:nodes: 3
  hosts: [a, b]
  topology: { apiPort: 6443, password: { secure: "${crypter.encrypt("s3cret")}" } }
  kubernetes:context: other
`;
    expect(await resolveFiles(PROJECT, settings, crypter)).toEqual({
        values: {
            "kubernetes:context": "other",
            "trial:domain": "example.org",
            "trial:hosts": '["a","b"]',
            "trial:nodes": "3",
            "trial:open": "false",
            "trial:token": "none",
            "trial:topology": '{"apiPort":6443,"password":"s3cret"}',
        },
        secretKeys: ["trial:token", "trial:topology"],
    });
});

test("reports every problem of the settings with key, value and fix, and no secret", async () => {
    const crypter = countingManager();
    const settings = `
config:
  nodes: two
  open: "yes"
  hosts: [a, 1]
  topology: [x]
  token: { secure: broken }
  empty:
`;
    const error = await resolveFiles(
        PROJECT.replace("token: { type: string,", "token: { type: integer,").replace("default: none", "default: 1"),
        settings,
        { ...crypter, decrypt: () => "s3cret" },
    ).catch((e: Error) => e);
    const lines = (error as Error).message.split("\n");
    expect(lines[0]).toMatch(/^The configuration in .*Pulumi\.dev\.yaml has 7 problems:$/);
    expect(lines.slice(1)).toEqual([
        '  - nodes: must be a whole number, found "two"',
        '  - open: must be true or false, found "yes"',
        "  - hosts: item 1 must be text, found 1; put quotes around it",
        "  - topology: must be an object (keys below it), found an array",
        "  - token: must be a whole number, found another type (the value is secret)",
        "  - empty: has no value; set one or remove the key",
        "  - domain: is missing; give it a string (the apex domain)",
    ]);
});

test("says which value was encrypted with another key", async () => {
    const broken: Crypter = {
        encrypt: (text) => text,
        decrypt: () => {
            throw new Error("bad");
        },
    };
    await expect(resolveFiles(PROJECT, "config:\n  domain: { secure: v1:a:b }\n", broken)).rejects.toThrow(
        "domain: its encrypted value was made with another key; set it again",
    );
});

test.each([
    ["config: [a]", "config must be a map of settings"],
    ["encryptionsalt: 3", "encryptionsalt must be text, found 3"],
    ["secretsprovider: awskms://alias", "has secretsprovider: another secrets provider than the passphrase is not supported"],
    ["environment: [x]", "has environment: environment imports is not supported"],
    ["config:\n  trial:a: 1\n  a: 2", "trial:a is set twice, with and without its namespace"],
    ["- a", "must be a map of keys to values, found a list"],
])("refuses the settings %j", async (settings, sentence) => {
    await expect(resolveFiles(PROJECT, settings)).rejects.toThrow(sentence);
});

test("finds the stacks that have settings", async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, { "Pulumi.yaml": PROJECT, "Pulumi.dev.yaml": "", "Pulumi.prod.yml": "", "Pulumi.md": "", "other.yaml": "" });
    expect(await stacksWithSettings(await readProject(folder))).toEqual(["dev", "prod"]);
});

test("knows whether the passphrase is needed", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "s.yaml");
    await writeFiles(folder, { "Pulumi.yaml": PROJECT });
    const project = await readProject(folder);
    for (const [text, needed] of [
        ["config: { a: { b: [ { secure: x } ] } }", true],
        ["config: { a: { secure: x, more: y } }", false],
        ["", false],
    ] as const) {
        await writeFile(file, text);
        expect(hasSecureValues(await readSettings(project, file))).toBe(needed);
    }
});

test.each([
    ["", "encryptionsalt: v1:S\n"],
    [
        "# why\nconfig: # inline\n    a:   'x'   # kept\n\n\n# end",
        "# why\nconfig: # inline\n    a:   'x'   # kept\n\n\n# end\nencryptionsalt: v1:S\n",
    ],
    ["# top\nencryptionsalt: v1:OLD # of us\nconfig: {a: 1}\n", "# top\nencryptionsalt: v1:S # of us\nconfig: {a: 1}\n"],
    ['encryptionsalt: "old"\nconfig:\n  a: 1\n', "encryptionsalt: v1:S\nconfig:\n  a: 1\n"],
    ["{ config: { a: 1 } }\n", "{ config: { a: 1 }, encryptionsalt: v1:S }\n"],
])("writes the salt into %j and leaves the rest", async (before, after) => {
    const file = join(await temporaryFolder(), "Pulumi.dev.yaml");
    await writeFile(file, before);
    await writeSalt(file, "v1:S");
    expect(await readFile(file, "utf8")).toBe(after);
});

test("makes the settings file that is not there", async () => {
    const file = join(await temporaryFolder(), "Pulumi.dev.yaml");
    await writeSalt(file, "v1:S");
    expect(await readFile(file, "utf8")).toBe("encryptionsalt: v1:S\n");
});
