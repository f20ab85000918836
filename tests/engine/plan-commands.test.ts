/** Update plans from the command line: what stands in the file, and an update that is held to it. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";
import { writePlan } from "../../embedded/engine/plan/index.ts";
import { plainCrypter } from "../../embedded/engine/state/secrets.ts";
import { Secret, Unknown } from "../../embedded/engine/values.ts";
import { command, projectFolder, removeFolders } from "../engine-shell/support.ts";

let folder = "";
beforeAll(async () => {
    folder = await projectFolder({
        "Pulumi.yaml":
            "name: trial\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\nconfig:\n  length: { type: integer, default: 8 }\n",
        "index.ts": `
            import * as pulumi from "@pulumi/pulumi";
            import * as random from "@pulumi/random";
            const name = new random.RandomString("name", { length: new pulumi.Config().requireNumber("length") });
            const key = new random.RandomPassword("key", { length: 12, keepers: { of: name.result, token: pulumi.secret("a token of the program") } });
            export const result = name.result;
            export const password = key.result;
        `,
        "Pulumi.dev.yaml": "config: {}\n",
    });
});
afterAll(removeFolders);

interface File {
    readonly resourcePlans: Record<string, { goal?: { inputDiff: { adds?: Record<string, unknown> } }; steps?: string[]; seed?: string }>;
}

test("a plan with secrets needs a stack that can encrypt them", async () => {
    const { code, stderr } = await command(folder, ["preview", "--stack", "dev", "--save-plan", "plan.json"]);
    expect(code).toBe(255);
    expect(stderr).toContain('The plan holds secrets, but the stack dev has nothing to encrypt them with yet: run "stack init dev"');
    await expect(stat(join(folder, "plan.json"))).rejects.toThrow("ENOENT");
}, 60_000);

test("a preview writes its plan, and only the update that was planned is done", async () => {
    await writeFile(join(folder, "Pulumi.dev.yaml"), "");
    expect(await command(folder, ["stack", "init", "dev"])).toMatchObject({ code: 0 });
    await appendFile(join(folder, "Pulumi.dev.yaml"), "config:\n  trial:length: 9\n");
    const saved = await command(folder, ["preview", "--stack", "dev", "--save-plan", "plan.json"]);
    expect(saved).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('Update plan written to plan.json. Run "up --plan plan.json"'),
    });

    const path = join(folder, "plan.json");
    const text = await readFile(path, "utf8");
    expect(text).not.toContain("a token of the program");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { resourcePlans } = JSON.parse(text) as File;
    const name = resourcePlans["urn:pulumi:dev::trial::random:index/randomString:RandomString::name"];
    expect(name).toMatchObject({ steps: ["create"], goal: { inputDiff: { adds: { length: 9 } } } });

    const up = ["up", "--stack", "dev", "--yes", "--skip-preview", "--plan", "plan.json"];
    expect(await command(folder, up)).toMatchObject({ code: 0, stdout: expect.stringContaining("+ 3 created") });

    await writeFile(
        join(folder, "longer.yaml"),
        `${await readFile(join(folder, "Pulumi.dev.yaml"), "utf8")}`.replace("length: 9", "length: 10"),
    );
    const refused = await command(folder, [...up, "--config-file", "longer.yaml"]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("RandomString::name is not as planned in plan.json:\n      - property length: planned 9, found 10\n");
}, 120_000);

test("a plan that is not there, and one without a preview, are refused before the stack is made", async () => {
    const up = ["up", "--stack", "dev", "--yes", "--config-file", "Pulumi.dev.yaml"];
    const env = { PULUMI_BACKEND_URL: `file://${folder}/other` };
    const missing = await command(folder, [...up, "--plan", "missing.json"], { env });
    expect(missing).toEqual({ code: 255, stdout: "", stderr: "error: The update plan missing.json (--plan) does not exist.\n" });
    const strict = await command(folder, [...up, "--skip-preview", "--strict"], { env });
    expect(strict).toMatchObject({ code: 255, stdout: "", stderr: expect.stringContaining("--strict cannot be used with --skip-preview") });
    await expect(stat(join(folder, "other"))).rejects.toThrow("ENOENT");
}, 60_000);

test("--strict holds an update to its own preview", async () => {
    await writeFile(
        join(folder, "index.ts"),
        `
            import * as pulumi from "@pulumi/pulumi";
            import * as random from "@pulumi/random";
            // A program that asks for something else the second time.
            new random.RandomString("name", { length: pulumi.runtime.isDryRun() ? 9 : 11 });
        `,
    );
    const { code, stdout } = await command(folder, ["up", "--stack", "dev", "--yes", "--strict"]);
    expect(code).toBe(1);
    expect(stdout).toContain("RandomString::name is not as planned in the preview:\n      - property length: planned 9, found 11\n");
}, 60_000);

/** Has Pulumi's Go types read a plan and write it again. */
function throughGo(plan: unknown): { readonly stdout: string; readonly stderr: string } {
    return spawnSync("go", ["run", "."], {
        cwd: join(projectRoot, "tests/engine-shell/go"),
        input: JSON.stringify({ plan }),
        env: { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false" },
        encoding: "utf8",
    });
}

const go = spawnSync("go", ["version"]).status === 0;
if (!go) console.warn("skipped: the plan read by Pulumi's Go types, because go is not installed");

(go ? describe : describe.skip)("Pulumi's Go types", () => {
    test("read the plan, unknown fields forbidden, and write the same bytes", async () => {
        const plan = JSON.parse(await readFile(join(folder, "plan.json"), "utf8")) as object;
        const { stdout, stderr } = throughGo(plan);
        expect(stderr).toBe("");
        expect((JSON.parse(stdout) as { plan: string }).plan).toBe(JSON.stringify(plan));
        const goal = {
            type: "pkg:index:Thing",
            name: "full",
            custom: true,
            inputDiff: { adds: { a: new Secret("geheim") }, deletes: ["b"], updates: { c: [1.5, Unknown.instance, null] } },
            outputDiff: { adds: {}, deletes: [], updates: {} },
            parent: "urn:pulumi:dev::trial::pulumi:pulumi:Stack::trial-dev",
            protect: true,
            dependencies: ["urn:pulumi:dev::trial::pulumi:pulumi:Stack::trial-dev"],
            provider: "urn:pulumi:dev::trial::pulumi:providers:pkg::p::1",
            propertyDependencies: { a: [], c: ["urn:pulumi:dev::trial::pkg:index:Thing::other"] },
            deleteBeforeReplace: false,
            ignoreChanges: ["x"],
            additionalSecretOutputs: ["y"],
            aliases: ["urn:pulumi:dev::trial::pkg:index:Thing::old", { name: "older", noParent: true as const }],
            importId: "id",
            customTimeouts: { create: 60, delete: 1.5 },
        };
        const full = {
            resources: new Map([
                ["urn:pulumi:dev::trial::pkg:index:Thing::full", { goal, ops: ["import", "update"] as const, seed: Buffer.from("seed") }],
            ]),
        };
        const written = JSON.parse(writePlan(full, { "trial:flag": true }, plainCrypter)) as object;
        const rewritten = throughGo(written);
        expect(rewritten.stderr).toBe("");
        expect(JSON.parse((JSON.parse(rewritten.stdout) as { plan: string }).plan)).toEqual(written);
        expect(throughGo({ ...plan, invented: 1 }).stderr).toContain("invented");
    }, 300_000);
});
