import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandProvider } from "../../../embedded/providers/command/index.ts";
import { contextOf, urnOf } from "../shared/operations.ts";
import { localRows } from "./rows/local.ts";
import { Lab } from "./support/lab.ts";
import { prove } from "./support/semantics.ts";

const provider = commandProvider();
const local = new Lab(provider, "command:local:Command");
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "command-"))));
afterEach(() => rm(folder, { recursive: true }));

prove(localRows(() => ({ provider, local, folder })));

test("the id is the resource's name and eight hexadecimal digits", async () => {
    const { id } = await provider.create(urnOf("command:local:Command", "push"), { create: "true" }, contextOf());
    expect(id).toMatch(/^push[0-9a-f]{8}$/);
});

test("a type that there is not is refused with those that there are", async () => {
    await expect(provider.check(urnOf("command:remote:Other"), undefined, {}, contextOf())).rejects.toThrow(
        "command:remote:Other is not supported by the embedded engine; the command provider has command:local:Command, command:remote:Command, command:remote:CopyToRemote",
    );
});

test("nothing can be imported", async () => {
    await expect(provider.read("x", urnOf("command:local:Command"), undefined, contextOf())).rejects.toThrow(
        'command:local:Command "x" cannot be imported: a command leaves nothing to read back',
    );
});
