/** Policy packs from the command line: a program of its own, the built-in providers, the exit codes. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { join } from "node:path";
import { command, PASSPHRASE, projectFolder, removeFolders } from "../engine-shell/support.ts";
import { PACKS } from "./support.ts";

const RULES = join(PACKS, "rules");

let folder = "";
beforeAll(async () => {
    folder = await projectFolder({
        "Pulumi.yaml":
            "name: trial\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\nconfig:\n  ask: { type: string, default: nothing }\n",
        "Pulumi.dev.yaml": "config: {}\n",
        "index.ts": `
            import * as pulumi from "@pulumi/pulumi";
            import * as random from "@pulumi/random";
            const ask = new pulumi.Config().require("ask");
            new random.RandomString("ruled", { length: 8, keepers: { ask } });
            new random.RandomString("other", { length: 9 });
        `,
        "mandatory.yaml": "config:\n  trial:ask: mandatory\n",
        "advisory.yaml": "config:\n  trial:ask: advisory\n",
    });
});
afterAll(removeFolders);

test("a mandatory violation fails a preview with code 1, and is in the digest", async () => {
    const { code, stdout } = await command(folder, [
        "preview",
        "--stack",
        "dev",
        "--config-file",
        "mandatory.yaml",
        "--policy-pack",
        RULES,
        "--json",
    ]);
    expect(code).toBe(1);
    const digest = JSON.parse(stdout) as { policyViolations: unknown[]; changeSummary: unknown };
    expect(digest.policyViolations).toEqual([
        {
            resourceUrn: "urn:pulumi:dev::trial::random:index/randomString:RandomString::ruled",
            message: "A rule of this level.\nruled broke it",
            policyName: "is-mandatory",
            policyPackName: "rules",
            policyPackVersion: "1.2.3",
            enforcementLevel: "mandatory",
        },
    ]);
    expect(digest.changeSummary).toEqual({ create: 3 });
}, 60_000);

test("an update leaves out what a mandatory policy refuses, and shows the verdict", async () => {
    const up = ["up", "--stack", "dev", "--yes", "--skip-preview", "--config-file"];
    const refused = await command(folder, [...up, "mandatory.yaml", "--policy-pack", RULES]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.not.stringContaining("    at ") });
    expect(refused.stdout).toContain(
        `❌ rules@v1.2.3 (local: ${RULES})\n        - [mandatory]  is-mandatory  (random:index:RandomString: ruled)\n          A rule of this level.\n          ruled broke it\n`,
    );
    expect(refused.stdout).toContain("the pack starts");
    expect(refused.stdout).not.toContain("Resources:");
    const state = await command(folder, ["stack", "export", "--stack", "dev"], { env: { PULUMI_CONFIG_PASSPHRASE: PASSPHRASE } });
    const { deployment } = JSON.parse(state.stdout) as { deployment: { resources: { urn: string }[] } };
    expect(deployment.resources.map(({ urn }) => urn.split("::").at(-1))).toEqual([
        "trial-dev",
        expect.stringMatching(/^default/),
        "other",
    ]);

    const advised = await command(folder, [...up, "advisory.yaml", "--policy-pack", RULES]);
    expect(advised).toMatchObject({ code: 0, stdout: expect.stringContaining("⚠️ rules@v1.2.3") });
    expect(advised.stdout).toContain("+ 1 created");
}, 120_000);

test("a pack that is not there is a mistake of the command line", async () => {
    const { code, stderr } = await command(folder, ["preview", "--stack", "dev", "--policy-pack", "missing"]);
    expect({ code, stderr }).toEqual({
        code: 255,
        stderr: expect.stringContaining(
            `error: The policy pack missing (--policy-pack) does not exist: there is no folder ${join(folder, "missing")}.\n`,
        ),
    });
}, 60_000);
