/** What the engine answers itself: outputs of other stacks, values kept in the state, and whether an object is there. */
import { describe, expect, test } from "@jest/globals";
import { objectExists } from "../../embedded/engine/deployment/exists.ts";
import { invoke } from "../../embedded/engine/deployment/invoke.ts";
import { preview, update } from "../../embedded/engine/index.ts";
import { Secret, Unknown, type PropertyMap } from "../../embedded/engine/values.ts";
import { Stack, thing, type Program } from "./support/direct.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram, type RunSetup } from "./support/runs.ts";

const REFERENCE = "pulumi:pulumi:StackReference";
const STASH = "pulumi:index:Stash";
const other = "organization/test/other";
const outputs: PropertyMap = { url: "http://there", token: new Secret("a well kept secret"), nested: { inner: new Secret("another one") } };

async function stackOutputs(name: string): Promise<PropertyMap> {
    if (name !== other) throw new Error(`There is no stack ${name}.`);
    return outputs;
}

const referring =
    (name: string) =>
    (program: Program): Promise<unknown> =>
        program.read("other", name, { type: REFERENCE, inputs: { name } });

describe("a stack reference", () => {
    test("has the outputs of the other stack, and names the secret ones (builtins.go)", async () => {
        const stack = new Stack();
        const ran = await stack.up(referring(other), { stackOutputs });
        expect(ran).toMatchObject({ failed: false, steps: ["read other"] });
        expect(find(stack.snapshot, "other")).toMatchObject({
            external: true,
            id: other,
            outputs: { name: other, outputs, secretOutputNames: ["nested", "token"] },
            provider: expect.stringContaining("::pulumi:providers:pulumi::default::"),
        });
        expect(await stack.up(referring(other), { stackOutputs })).toMatchObject({ stored: 0 });
    });

    test("is read in previews, too", async () => {
        const seen: unknown[] = [];
        await new Stack().up(async (program) => seen.push((await referring(other)(program)) as object), { stackOutputs, preview: true });
        expect(seen).toMatchObject([{ outputs: { outputs: { url: "http://there" } } }]);
    });

    test.each<[string, object, RegExp]>([
        ["of a stack that is not there", { stackOutputs }, /reading failed: There is no stack organization\/test\/nowhere/],
        ["without a backend", {}, /reading failed: The outputs of the stack organization\/test\/nowhere cannot be read/],
    ])("%s fails by name", async (_what, options, message) => {
        const ran = await new Stack().up(referring("organization/test/nowhere"), options);
        expect(ran.diagnostics).toEqual([expect.stringMatching(message)]);
    });

    test("works in a program, whose secret outputs stay secret and plain ones plain", async () => {
        const setup: RunSetup = { program: "references.ts", providers: { double: double(new World()) } };
        for (const operation of [preview, update]) {
            const ran = await runProgram(setup, (run) => operation({ ...run, stackOutputs }));
            expect(ran.diagnostics).toEqual([]);
            expect(ran.outputs).toEqual({ url: "http://there", token: new Secret("a well kept secret"), there: false });
        }
    });

    test("can be asked for with a function", async () => {
        const answers: unknown[] = [];
        const program = async ({ deployment }: Program): Promise<void> => {
            answers.push(await invoke(deployment, { token: "pulumi:pulumi:readStackOutputs", args: { name: other }, version: "" }));
        };
        await new Stack().up(program, { stackOutputs });
        expect(answers).toMatchObject([{ outputs: { outputs, secretOutputNames: ["nested", "token"] } }]);
    });
});

const stashing =
    (input: string, goal: object = {}) =>
    (program: Program): Promise<unknown> =>
        program.thing("kept", { input: new Secret(input) }, { type: STASH, ...goal });

describe("a stash", () => {
    test("keeps its first value until it is replaced (builtins.go)", async () => {
        const stack = new Stack();
        await stack.up(stashing("one"));
        expect((await stack.up(stashing("two"))).steps).toEqual(["update kept"]);
        expect(find(stack.snapshot, "kept").outputs).toEqual({ input: new Secret("two"), output: new Secret("one") });
        expect((await stack.up(stashing("two", { replacementTrigger: 1 }))).steps).toEqual([]);
        await stack.up(stashing("two", { replacementTrigger: 2 }));
        expect(find(stack.snapshot, "kept").outputs["output"]).toEqual(new Secret("two"));
    });

    test("needs its input, and nothing else of the package is there", async () => {
        const ran = await new Stack().up(async (program) => [
            await program.thing("a", {}, { type: STASH }),
            await program.thing("b", {}, { type: "pulumi:index:Other" }),
        ]);
        expect(ran.diagnostics).toEqual([
            expect.stringContaining('property "input": is required'),
            expect.stringContaining("no resource of the type pulumi:index:Other"),
        ]);
    });
});

test("whether an object is there is told without taking it into the state", async () => {
    const stack = new Stack();
    const answers: unknown[] = [];
    const type = "double:index:Thing";
    await stack.up(async (program) => {
        const made = await program.thing("a");
        const unknown = await program.provider("p", { token: "x" });
        for (const id of [made?.state.id, "nowhere", undefined])
            answers.push(await objectExists(program.deployment, { type, id, inputs: {}, version: "", provider: unknown?.reference }));
    });
    expect(answers).toEqual([true, false, undefined]);
    expect(stack.names()).toEqual(["a", "p"]);
});

const unconfigured = async ({ provider, thing: make }: Program): Promise<void> => {
    const made = await provider("p", { token: Unknown.instance });
    await make("a", {}, { provider: made?.reference, dependencies: [thing("p", "pulumi:providers:double")] });
};

test("a provider whose configuration is not known during an update is refused by the property's name", async () => {
    const stack = new Stack();
    const ran = await stack.up(unconfigured);
    expect(ran.diagnostics).toEqual([expect.stringMatching(/"p" .*: the value of "token" is not known during the update/)]);
    expect(ran.calls).toEqual([]);
});
