/** Outputs of other stacks, as stack references read them. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { outputsReader } from "../../embedded/engine/commands/stack-outputs.ts";
import { openWorkspace, type Target } from "../../embedded/engine/commands/workspace.ts";
import { fileBackend } from "../../embedded/engine/state/open.ts";
import { createPassphrase } from "../../embedded/engine/state/secrets-passphrase.ts";
import { CiphertextMemory } from "../../embedded/engine/state/secrets.ts";
import { CheckpointWriter } from "../../embedded/engine/state/serialize.ts";
import { Secret, type PropertyMap } from "../../embedded/engine/values.ts";
import { PASSPHRASE, projectFolder, removeFolders, resource, snapshot } from "./support.ts";

const saved = { ...process.env };
let read: (name: string) => Promise<PropertyMap>;

beforeAll(async () => {
    const folder = await projectFolder({ "Pulumi.yaml": "name: trial\nruntime: nodejs\n" });
    process.env["PULUMI_BACKEND_URL"] = `file://${folder}/state`;
    process.env["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE;
    const backend = fileBackend(`${folder}/state`);
    const manager = await createPassphrase(PASSPHRASE);
    for (const [project, stack] of [
        ["trial", "base"],
        ["network", "base"],
    ] as const) {
        const outputs = { from: project, token: new Secret({ deep: "geheim" }) };
        const root = resource("pulumi:pulumi:Stack", `${project}-${stack}`, { custom: false, outputs });
        await backend.create({ project, stack });
        const writer = new CheckpointWriter(`organization/${project}/${stack}`, manager, new CiphertextMemory());
        await backend.write({ project, stack }, writer.write(snapshot(root)));
    }
    await backend.create({ project: "trial", stack: "empty" });
    read = outputsReader(await openWorkspace({ cwd: folder }), { reference: { project: "trial", stack: "dev" } } as Target);
});
afterAll(async () => {
    process.env = saved;
    await removeFolders();
});

test.each([
    ["base", "trial"],
    ["organization/base", "trial"],
    ["organization/network/base", "network"],
])("%s is the stack of the project %s, its secrets stay so", async (name, from) => {
    expect(await read(name)).toEqual({ from, token: new Secret({ deep: "geheim" }) });
});

test("a stack that was never updated has none", async () => {
    expect(await read("empty")).toEqual({});
});

test.each([
    ["bass", 'There is no stack "bass" to read outputs of. The project trial has base, empty in file://'],
    ["organization/none/base", "The project none has no stacks"],
    ["acme/base", 'This backend has one organization, "organization"; found "acme"'],
    ["a/b/c/d", '"a/b/c/d" is no name of a stack'],
    ["", '"" is no name of a stack'],
])("%j is refused with a sentence", async (name, sentence) => {
    await expect(read(name)).rejects.toThrow(sentence);
});
