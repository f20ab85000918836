/** `import` as a user calls it: what it takes into the state, the code it prints, and what it refuses. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import type { ResourceV3 } from "../../embedded/engine/state/types.ts";
import { command, projectFolder, removeFolders, type CommandResult } from "./support.ts";

const TYPE = "random:index/randomId:RandomId";
let folder = "";
const run = (...args: string[]): Promise<CommandResult> => command(folder, ["import", "--stack", "dev", ...args]);
const stored = async (): Promise<ResourceV3[]> =>
    (await fileBackend(join(folder, "state")).read({ project: "trial", stack: "dev" }))?.checkpoint.latest?.resources ?? [];

beforeAll(async () => {
    const runtime = "runtime: { name: nodejs, options: { typescript: false } }";
    folder = await projectFolder({ "Pulumi.yaml": `name: trial\n${runtime}\n`, "Pulumi.dev.yaml": "", "index.js": "" });
});
afterAll(removeFolders);

test("takes one object in, protected, and several of a file under their parents", async () => {
    const one = await run(TYPE, "my-id", "p-9hUg", "--yes");
    expect(one.code).toBe(0);
    expect(one.stdout).toContain("= 1 imported");
    expect(one.stdout).toContain('const myId = new random.RandomId("my-id", {\n    byteLength: 4,\n}, {\n    protect: true,\n});\n');
    expect((await stored()).find(({ type }) => type === TYPE)).toMatchObject({ id: "p-9hUg", protect: true, inputs: { byteLength: 4 } });

    const urn = `urn:pulumi:dev::trial::${TYPE}::my-id`;
    const resources = [
        { type: TYPE, name: "child", id: "p-9hUw", parent: "mother" },
        { type: TYPE, name: "mother", logicalName: "the-mother", id: "p-9hUQ", parent: "old" },
    ];
    await writeFile(join(folder, "some.json"), JSON.stringify({ nameTable: { old: urn }, resources }));
    const some = await run("--file", "some.json", "--yes", "--skip-preview", "--protect=false", "--out", "code.ts");
    expect(some.code).toBe(0);
    expect(await readFile(join(folder, "code.ts"), "utf8")).toContain("parent: theMother,");
    const all = await stored();
    const named = (name: string): ResourceV3 | undefined => all.find((resource) => resource.urn.endsWith(`::${name}`));
    expect(named("the-mother")).toMatchObject({ parent: urn });
    expect(named("the-mother")).not.toHaveProperty("protect");
    expect(named("child")?.parent).toBe(named("the-mother")?.urn);
    const history = await command(folder, ["stack", "history", "--stack", "dev", "--page-size", "1"]);
    expect(history.stdout).toContain("UpdateKind: resource-import\nStatus: succeeded");
}, 60_000);

test.each<[string[], object | undefined, string]>([
    [[TYPE, "x"], undefined, "What is to be imported is missing: import TYPE NAME ID"],
    [[TYPE, "x", "y", "--file", "f.json"], undefined, "Name one object (TYPE NAME ID) or a file with several (--file), not both."],
    [[TYPE, "x", "y", "--parent", "nobody"], undefined, "--parent must be a name in the code, an equals sign and a URN"],
    [["--file", "none.json"], undefined, "none.json does not exist."],
    [
        ["--file", "f.json"],
        { resources: [{ type: TYPE, name: "a", id: "1", component: true }] },
        `resource 'a' has "component", which the embedded`,
    ],
    [
        ["--file", "f.json"],
        { resources: [{ name: "a", parent: "b" }] },
        `resource 'a' names "b", which is neither in nameTable nor in resources`,
    ],
    [["--file", "f.json"], { resources: [], providerInputs: {} }, 'has "providerInputs", which the embedded engine does not support'],
    [["--file", "f.json"], { resources: [] }, "it has no resources"],
])("refuses %j with %j", async (args, content, sentence) => {
    if (content) await writeFile(join(folder, "f.json"), JSON.stringify(content));
    const before = await stored();
    const refused = await run(...args, "--yes");
    expect(refused.code).toBe(255);
    expect(refused.stderr).toContain(sentence);
    expect(await stored()).toEqual(before);
});
