/** `npm run pulumi`: what the official CLI is given, with a double of it in its place. */
import { afterEach, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";

const folders: string[] = [];
afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folder(): Promise<string> {
    const made = await mkdtemp(join(tmpdir(), "pulumi-"));
    folders.push(made);
    return made;
}

interface Result {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs the command with a runner of the npm package that is not the real one only when it would download. */
function pulumi(args: readonly string[], env: Record<string, string | undefined>, runner?: string): Promise<Result> {
    const call = `main(process.argv.slice(1)${runner === undefined ? "" : `, ${JSON.stringify(runner)}`})`;
    const script = `import { main } from ${JSON.stringify(join(projectRoot, "bin/pulumi.ts"))};
        try { process.exitCode = await ${call}; } catch (error) { console.error(error.name + ": " + error.message); process.exitCode = 255; }`;
    const clean = { NODE_OPTIONS: "", PULUMI_BACKEND_URL: undefined, PULUMI_VERSION: undefined, PULUMI_CONFIG_PASSPHRASE: undefined };
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script, "--", ...args], {
        cwd: projectRoot,
        env: { ...process.env, ...clean, ...env },
        stdio: ["ignore", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...out })));
}

test("runs the CLI that is in PULUMI_HOME on this project's state, and ends as it does", async () => {
    const [home, state] = [await folder(), await folder()];
    const { version } = JSON.parse(await readFile(join(projectRoot, "node_modules/pulumi/package.json"), "utf8")) as { version: string };
    const bin = join(home, "versions", version, "bin");
    await mkdir(bin, { recursive: true });
    const double = join(bin, "pulumi");
    await writeFile(double, '#!/bin/sh\necho "$*"\necho "$PULUMI_BACKEND_URL"\necho "$PULUMI_CONFIG_PASSPHRASE_FILE"\nexit 7\n');
    await chmod(double, 0o755);
    const result = await pulumi(["up", "-s", "prod", "--", "a b"], { PULUMI_HOME: home, MCP_PLATFORM_STATE: state });
    expect(result).toEqual({ code: 7, stdout: `up -s prod -- a b\nfile://${state}\n${state}/passphrase\n`, stderr: "" });

    const bucket = "s3://bucket/team?region=eu-west-1";
    const elsewhere = await pulumi(["stack"], { PULUMI_HOME: home, MCP_PLATFORM_STATE: state, PULUMI_BACKEND_URL: bucket });
    expect(elsewhere.stdout).toContain(`\n${bucket}\n`);
});

test("says where the CLI belongs when it cannot be downloaded", async () => {
    const [home, state] = [await folder(), await folder()];
    const runner = join(home, "run.js");
    await writeFile(runner, 'console.error("pulumi: fetch failed"); process.exit(1);');
    const result = await pulumi(["up"], { PULUMI_HOME: home, MCP_PLATFORM_STATE: state, PULUMI_VERSION: "3.1.2" }, runner);
    expect(result.code).toBe(255);
    expect(result.stderr).toContain("UserError: The official Pulumi CLI 3.1.2 is not on this machine and could not be downloaded.");
    expect(result.stderr).toContain(`so that the program is ${home}/versions/3.1.2/bin/pulumi`);
});
