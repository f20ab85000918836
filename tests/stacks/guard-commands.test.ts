/** The context guard as people meet it: every command that reaches a cluster, with a kubeconfig of another one. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";

let folder = "";
beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-guard-commands-"));
    const cluster = { name: "theirs", cluster: { server: "https://198.51.100.1:6443" } };
    const context = { name: "minikube", context: { cluster: "theirs", user: "u" } };
    const users = [{ name: "u", user: { token: "kubeconfig-secret" } }];
    await writeFile(join(folder, "kubeconfig"), JSON.stringify({ contexts: [context], clusters: [cluster], users }));
    await writeSettings(`{ kind: minikube, kubeconfig: ${join(folder, "kubeconfig")} }`);
});
afterAll(() => rm(folder, { recursive: true }));

const settings = () => join(folder, "settings.yaml");
const writeSettings = (topology: string) => writeFile(settings(), `config:\n  mcp-platform:topology: ${topology}\n`);

function command(...args: string[]): Promise<RunResult> {
    const env = {
        MCP_PLATFORM_STATE: join(folder, "state"),
        NO_COLOR: "1",
        PULUMI_BACKEND_URL: undefined,
        PULUMI_CONFIG_PASSPHRASE: undefined,
    };
    const all = [join(projectRoot, "bin/main.ts"), ...args, "--stack", "guarded", "--config-file", settings()];
    return run(process.execPath, all, { cwd: projectRoot, env });
}

test.each([
    ["up", "--yes"],
    ["refresh", "--yes"],
    ["destroy", "--yes"],
])("%s says both clusters and touches neither", async (...args) => {
    const { code, stdout, stderr } = await command(...args);
    const text = stdout + stderr;
    expect(code).not.toBe(0);
    expect(text).toContain(
        `kubeconfig ${join(folder, "kubeconfig")}: context "minikube" leads to https://198.51.100.1:6443, but this stack's cluster is on this machine (127.0.0.1 or 192.168.49.2).`,
    );
    expect(text).not.toContain("kubeconfig-secret");
    expect(text).not.toMatch(/^\s+at /m);
});

test("what settings that cannot be read have made can still be removed: destroy goes on to the engine", async () => {
    await writeSettings("{ kind: minikub }");
    const { stderr } = await command("destroy", "--yes");
    expect(stderr).not.toContain("leads to");
    expect(existsSync(join(folder, "kubeconfig"))).toBe(true);
});
