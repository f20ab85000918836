/** What a real containerd makes of generated files: whom it asks for an image, whom it trusts, with what it does not start. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { builtTools } from "../../embedded/cluster/build.ts";
import { editConfigToml } from "../../stacks/node-registry/config-toml.ts";
import { nodeRegistry, type RegistryFacts } from "../../stacks/node-registry/index.ts";
import { authority } from "../support/pki.ts";
import { registryDouble, startContainerd, writeFiles, type Containerd, type RegistryDouble } from "./support/containerd.ts";
import { facts, filesOf } from "./support/facts.ts";

const bin = (await builtTools(["containerd"]))?.containerd;
const why =
    process.getuid?.() !== 0 ? "containerd wants root" : bin === undefined ? "containerd is not built (npm start builds it)" : undefined;
if (why !== undefined) process.stderr.write(`SKIPPED what a real containerd makes of generated files: ${why}\n`);

const NAMES = ["registry.example.test", "registry.registry.svc.cluster.local:5000"];
const ROOT = "/etc/containerd/certs.d";

/** States of the CRI plugins that a configuration gives. */
async function states(folder: string, config: string): Promise<string[]> {
    const containerd = await startContainerd(bin ?? "", folder, config);
    try {
        const rows = (await containerd.ctr("plugins", "ls")).split("\n").filter((row) => row.includes("cri"));
        return rows.map((row) => row.trim().split(/\s+/).at(-1) ?? "");
    } finally {
        await containerd.stop();
    }
}

(why === undefined ? describe : describe.skip)("a real containerd", () => {
    let folder = "";
    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "mcp-containerd-"));
    });
    afterAll(async () => {
        await rm(folder, { recursive: true, force: true });
    });

    describe("pulls through hosts.toml", () => {
        let containerd: Containerd;
        const doubles: RegistryDouble[] = [];
        beforeAll(async () => {
            containerd = await startContainerd(bin ?? "", join(folder, "pulls"), "version = 3\n");
        });
        afterAll(async () => {
            await containerd.stop();
            await Promise.all(doubles.map((double) => double.close()));
        });

        /** Writes a node's files below a folder of their own, and tries to pull an image of each name. */
        async function pull(name: string, overrides: Partial<RegistryFacts>): Promise<string[]> {
            const certs = join(folder, name);
            const [node] = nodeRegistry(facts({ target: "kind", names: NAMES, ...overrides })).nodes;
            const files = Object.entries(filesOf(node)).map(([path, text]) => [path.replace(ROOT, ""), text.replaceAll(ROOT, certs)]);
            await writeFiles(Object.fromEntries(files) as Record<string, string>, certs);
            return Promise.all(NAMES.map((host) => containerd.ctr("images", "pull", "--hosts-dir", certs, `${host}/team/x:1`)));
        }

        test("over HTTP: each name asks the endpoint, and its answer is the error", async () => {
            const double = await registryDouble();
            doubles.push(double);
            for (const output of await pull("http", { endpoint: `127.0.0.1:${double.port}` })) expect(output).toMatch(/x:1: not found/);
            const asked = NAMES.map((host) => `HEAD /v2/team/x/manifests/1?ns=${encodeURIComponent(host)}`);
            expect([...new Set(double.asked)].filter((line) => line.startsWith("HEAD")).toSorted()).toEqual(asked.toSorted());
        });

        test("over HTTPS: with the authority that signed, and not with another", async () => {
            const [ours, other] = [await authority("ours"), await authority("other")];
            const double = await registryDouble(await ours.issue("CN=registry", ["127.0.0.1"]));
            doubles.push(double);
            const secure = { endpoint: `127.0.0.1:${double.port}`, scheme: "https" } as const;
            for (const output of await pull("other", { ...secure, ca: { text: other.cert } }))
                expect(output).toMatch(/x509: certificate signed by unknown authority/);
            expect(double.asked).toEqual([]);
            for (const output of await pull("https", { ...secure, ca: { text: ours.cert } })) expect(output).toMatch(/x:1: not found/);
            expect(double.asked.length).toBeGreaterThanOrEqual(NAMES.length);
        });
    });

    describe("starts its CRI plugin", () => {
        test.each([2, 3])("with an edited configuration of version %s", async (version) => {
            expect(await states(join(folder, `edited-${version}`), editConfigToml(`version = ${version}\n`).text)).toEqual([
                "ok",
                "ok",
                "ok",
            ]);
        });

        test("but not with mirrors beside config_path, which is why they are refused", async () => {
            const mirrors = '[plugins."io.containerd.cri.v1.images".registry.mirrors."x"]\n  endpoint = ["http://x"]\n';
            const edited = editConfigToml("version = 3\n").text;
            expect(await states(join(folder, "mix"), edited + mirrors)).toContain("error");
            expect(() => editConfigToml(edited + mirrors)).toThrow("line 5 has mirrors");
        });
    });
});
