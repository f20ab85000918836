import { expect, test } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "../../embedded/common/process.ts";

const root = resolve(import.meta.dirname, "../..");

const withoutDuration = (text: string) => text.replace(/"duration": *\d+/, "");

test("the embedded engine previews the stack without a cluster, the same every time, and shows no secret", async () => {
    const state = await mkdtemp(join(tmpdir(), "preview-"));
    const preview = async () => {
        const env = { MCP_PLATFORM_STATE: state, PULUMI_BACKEND_URL: undefined, PULUMI_CONFIG_PASSPHRASE: "test" };
        const program = `process.exitCode = await (await import(${JSON.stringify(join(root, "embedded/engine/cli.ts"))})).main(process.argv.slice(1));`;
        return run(process.execPath, ["--input-type=module", "-e", program, "preview", "--stack", "embedded", "--json"], {
            cwd: root,
            env: { ...env, PULUMI_BACKEND_URL: `file://${state}` },
        });
    };
    try {
        const [first, second] = [await preview(), await preview()];
        expect({ code: first.code, stderr: first.stderr.includes("error") }).toEqual({ code: 0, stderr: false });
        const digest = JSON.parse(first.stdout) as { steps: { op: string; urn: string }[]; changeSummary: Record<string, number> };
        expect(digest.changeSummary).toEqual({ create: 66 });
        expect(new Set(digest.steps.map(({ op }) => op))).toEqual(new Set(["create"]));
        expect(withoutDuration(second.stdout)).toBe(withoutDuration(first.stdout));
    } finally {
        await rm(state, { recursive: true });
    }
});
