import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { apiOf, type Api } from "./api.ts";
import { actOn } from "./hands.ts";
import { stackConfig } from "./run.ts";

const root = resolve(import.meta.dirname, "../..");
const describeApi = await describeWithApiServer();

const errorsOf = ({ stdout, stderr }: RunResult) => `${stdout}\n${stderr}`.split("\n").filter((line) => /\berror:/.test(line));

describeApi("the program, applied by the embedded engine to a real API server", () => {
    let server: ApiServer;
    let api: Api;
    let folder: string;
    let acting: Promise<void>;
    const end = new AbortController();

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "update-"));
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        await writeFile(join(folder, "kubeconfig"), server.kubeconfig().replaceAll(/\btest\b/g, "embedded"), { mode: 0o600 });
        const { "mcp-platform:servers": servers = "{}" } = await stackConfig("embedded");
        const config = {
            "mcp-platform:topology": { kind: "embedded", kubeconfig: join(folder, "kubeconfig") },
            // Named, the image is neither made nor loaded into a cluster.
            "mcp-platform:images": { operator: "localhost/mcp-platform/operator:test" },
            "mcp-platform:servers": JSON.parse(servers) as unknown,
        };
        await writeFile(join(folder, "Pulumi.embedded.yaml"), stringify({ config }));
        acting = actOn(api, end.signal);
    }, 120_000);
    afterAll(async () => {
        end.abort();
        await acting?.catch(() => {});
        api?.close();
        await server?.stop();
        await rm(folder, { recursive: true });
    }, 30_000);

    function engine(...args: string[]): Promise<RunResult> {
        const program = `process.exitCode = await (await import(${JSON.stringify(join(root, "embedded/engine/cli.ts"))})).main(process.argv.slice(1));`;
        const env = { PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "test" };
        const settings = args[0] === "stack" ? [] : ["--config-file", join(folder, "Pulumi.embedded.yaml")];
        const all = ["--input-type=module", "-e", program, ...args, "--stack", "embedded", ...settings];
        return run(process.execPath, all, { cwd: root, env, signal: end.signal });
    }
    const writes = () => Object.entries(server.requests()).filter(([verb]) => ["create", "update", "patch", "delete"].includes(verb));

    test("is made, changes nothing the second time, and is taken away again", async () => {
        const up = await engine("up", "--yes", "--skip-preview");
        expect({ code: up.code, errors: errorsOf(up) }).toEqual({ code: 0, errors: [] });
        expect(up.stdout).toContain("62 created");

        const before = writes();
        const again = await engine("up", "--yes", "--skip-preview", "--json");
        expect({ code: again.code, errors: errorsOf(again) }).toEqual({ code: 0, errors: [] });
        const events = again.stdout.trim().split("\n");
        const summary = events
            .map((line) => (JSON.parse(line) as { summaryEvent?: { resourceChanges: unknown } }).summaryEvent)
            .find(Boolean);
        expect(summary?.resourceChanges).toEqual({ same: 62 });
        expect(writes()).toEqual(before);

        const exported = await engine("stack", "export");
        const state = JSON.parse(exported.stdout) as {
            deployment: { resources: { type: string; outputs?: { result?: { ciphertext?: string } } }[] };
        };
        const passwords = state.deployment.resources.filter(({ type }) => type.endsWith("RandomPassword"));
        expect(passwords.map(({ outputs }) => typeof outputs?.result?.ciphertext)).toEqual(["string", "string", "string"]);
        const password = (await engine("stack", "output", "registryPassword", "--show-secrets")).stdout.trim();
        expect(password).toMatch(/^[A-Za-z0-9]{40}$/);
        for (const text of [exported.stdout, up.stdout, up.stderr, again.stdout]) {
            for (const secret of [password, btoa(`push:${password}`), "PRIVATE KEY", "$2b$10$"]) expect(text).not.toContain(secret);
        }

        const destroyed = await engine("destroy", "--yes", "--skip-preview");
        expect({ code: destroyed.code, errors: errorsOf(destroyed) }).toEqual({ code: 0, errors: [] });
        const { body } = await api.request("GET", "/api/v1/namespaces");
        const left = (body["items"] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
        expect(left.filter((name) => !name.startsWith("kube-") && name !== "default")).toEqual([]);
    }, 120_000);
});
