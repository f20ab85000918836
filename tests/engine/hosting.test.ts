import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { preview } from "../../embedded/engine/index.ts";
import { startServer } from "../../embedded/engine/host/server.ts";
import { ResourceReference, Secret } from "../../embedded/engine/values.ts";
import { double, World } from "./support/double.ts";
import { find, runProgram, type Ran, type RunSetup } from "./support/runs.ts";

function runCase(
    name: string,
    more: Partial<RunSetup> & { readonly world?: World } = {},
    operation?: Parameters<typeof runProgram>[1],
): Promise<Ran> {
    const { world = new World(), config = {}, ...setup } = more;
    return runProgram(
        { program: "cases.ts", providers: { double: double(world) }, config: { "test:case": name, ...config }, ...setup },
        operation,
    );
}

describe("a program's process", () => {
    test("has what it prints shown, beside its messages with their resource", async () => {
        const ran = await runCase("prints");
        expect(ran.failed).toBe(false);
        expect(ran.events).toContainEqual(expect.objectContaining({ type: "diagnostic", severity: "info", message: "to standard output" }));
        expect(ran.events).toContainEqual(
            expect.objectContaining({ type: "diagnostic", severity: "info#err", message: "to standard error" }),
        );
        expect(ran.events).toContainEqual(
            expect.objectContaining({ severity: "warning", message: "a warning", urn: "urn:pulumi:unit::test::double:index:Thing::a" }),
        );
    });

    test("is served on a socket that only its user can open and that is gone afterwards, as are those of killed engines", async () => {
        const folder = mkdtempSync(join(tmpdir(), "engine-test-"));
        try {
            mkdirSync(join(folder, "mcp-engine-999999999-abcdef"));
            const server = await startServer(() => {}, folder);
            const [socket, ...others] = readdirSync(folder);
            expect(socket).toMatch(new RegExp(`^mcp-engine-${process.pid}-`));
            expect(others).toEqual([]);
            expect(statSync(join(folder, socket ?? "")).mode & 0o077).toBe(0);
            await server.close();
            expect(readdirSync(folder)).toEqual([]);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    test("gets settings and secrets, and the stack's names, without the environment that other processes see", async () => {
        const ran = await runCase("settings", {
            config: { "test:plain": "p", "test:hidden": "very hidden value" },
            secretKeys: ["test:hidden"],
        });
        expect(ran.failed).toBe(false);
        expect(ran.outputs).toMatchObject({
            plain: "p",
            hidden: new Secret("very hidden value"),
            project: "test",
            stack: "unit",
            organization: "organization",
        });
        expect(JSON.stringify(ran.events.filter(({ type }) => type === "prelude"))).not.toContain("very hidden value");
    });

    test.each([
        ["throws", /the program's own mistake/],
        ["rejects", /a promise that failed/],
        ["exits", /ended (with exit code 1|before it had registered everything)/],
        ["exits with 3", /ended with exit code 3/],
    ])("that %s fails the run, says why, and nothing is deleted for it", async (name, reason) => {
        const world = new World();
        const first = await runProgram({ program: "steered.ts", providers: { double: double(world) }, steer: [{ name: "old" }] });
        const ran = await runCase(name, { world, snapshot: first.snapshot });
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics.filter((line) => line.startsWith("error")).join("\n")).toMatch(reason);
        expect(world.names()).toContain("old");
        expect(find(ran.snapshot, "old").id).toBeTruthy();
    });

    test("that is killed during a step fails the run; the step ends and its object is in the state", async () => {
        const world = new World();
        const ran = await runCase("is killed during a step", { world });
        expect(ran.diagnostics).toEqual(["error: The program was ended by SIGKILL."]);
        expect(find(ran.snapshot, "slow").id).toBe([...world.objects.keys()][0]);
        expect(ran.snapshot.pendingOperations).toEqual([]);
    });

    test.each([
        ["remote", /components of other packages need a plugin/],
        ["a required version", /requires Pulumi >=3\.0\.0/],
    ])("that uses %s is refused by name", async (name, reason) => {
        const ran = await runCase(name);
        expect(ran.failed).toBe(true);
        expect(ran.diagnostics.join("\n")).toMatch(reason);
    });

    test("can go on without an output that failed", async () => {
        const world = new World();
        const ran = await runCase("recovers", { world });
        expect(ran.failed).toBe(true);
        expect(world.calls).toEqual(["create fine"]);
        expect(find(ran.snapshot, "fine").inputs).toEqual({ value: "instead" });
    });
});

test("values of every kind arrive whole: secrets marked, assets kept, references as such for components and as ids for providers", async () => {
    const seen: unknown[] = [];
    const world = new World();
    const make = double(world);
    const providers = {
        double: () => {
            const inner = make();
            return {
                ...inner,
                create: (urn: string, inputs: never, context: never) => {
                    seen.push((inputs as { value?: unknown }).value);
                    return inner.create(urn, inputs, context);
                },
            };
        },
    };
    const ran = await runCase("values of every kind", { providers });
    expect(ran.diagnostics).toEqual([]);
    const source = find(ran.snapshot, "source");
    const asset = {
        "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
        hash: "d1b2a59fbea7e20077af9f91b27e95e865061b270be03ff539ab3b73587882e8",
        text: "contents",
    };
    expect(find(ran.snapshot, "t").inputs["value"]).toMatchObject({
        text: "x",
        list: [1, true, null, ["nested"]],
        secret: new Secret({ deep: "hidden away" }),
        reference: source.id,
        component: find(ran.snapshot, "g").urn,
        output: "generated for source",
        asset,
    });
    expect(find(ran.snapshot, "g").outputs).toEqual({ source: new ResourceReference(source.urn, source.id, "") });
    expect(seen[1]).toMatchObject({ secret: { deep: "hidden away" }, reference: source.id, component: find(ran.snapshot, "g").urn, asset });
    const again = await runCase("values of every kind", { providers, snapshot: ran.snapshot });
    expect(again.changes).toEqual({ same: 5 });
});

test("functions are answered by the provider", async () => {
    const ran = await runCase("functions");
    expect(ran.outputs).toMatchObject({ plain: { said: "hello" }, later: { said: "generated for a" } });
});

describe("reading an object that the program does not own", () => {
    test("gives its outputs, keeps it as external, and never deletes it", async () => {
        const world = new World();
        world.objects.set("elsewhere-1", { urn: "x::seen", inputs: { value: 7 } });
        const ran = await runCase("reads", { world, config: { "test:id": "elsewhere-1" } });
        expect(ran).toMatchObject({ failed: false, outputs: { generated: "generated for seen" }, changes: { create: 1, read: 1 } });
        expect(find(ran.snapshot, "seen")).toMatchObject({ external: true, id: "elsewhere-1" });
        const without = await runCase("prints", { world, snapshot: ran.snapshot });
        expect(without.changes).toEqual({ same: 1, create: 1, discard: 1 });
        expect(world.objects.has("elsewhere-1")).toBe(true);
    });

    test("fails by name when there is none", async () => {
        const ran = await runCase("reads", { config: { "test:id": "nowhere" } });
        expect(ran.diagnostics).toEqual(["error: reading failed: there is no object with the id nowhere"]);
    });

    test("is put off in a preview while the id is not known", async () => {
        const ran = await runCase("reads what is not known", {}, preview);
        expect(ran).toMatchObject({ failed: false, changes: { create: 2, read: 1 } });
    });
});
