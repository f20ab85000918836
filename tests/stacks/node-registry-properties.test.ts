/** What holds for every plan, whatever the facts: each rule is one that a node broke on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parse } from "yaml";
import { nodeRegistry, writeScript, type NodeTarget, type RegistryFacts } from "../../stacks/node-registry/index.ts";
import { CA, filesOf, plansOf } from "./support/facts.ts";
import { hasTomlParser, parseToml } from "./support/toml.ts";

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const host = fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }))
    .map(([labels, port]) => labels.join(".") + (port === undefined ? "" : `:${port}`));
const place = fc
    .tuple(fc.oneof(host, fc.ipV4()), fc.integer({ min: 1, max: 65535 }))
    .map(([name, port]) => `${name.replace(/:.*/, "")}:${port}`);

const anyFacts: fc.Arbitrary<RegistryFacts> = fc
    .record({
        target: fc.constantFrom<NodeTarget>("k3s", "kind", "minikube", "docker-desktop", "kubeadm"),
        // Docker Desktop is asked with a runtime that has mirrors; its other one is refused for most names.
        runtime: fc.constantFrom("containerd://1.7.24", "containerd://2.0.2", "containerd://2.2.0", "containerd://2.2.2"),
        names: fc.uniqueArray(host, { minLength: 1, maxLength: 4 }),
        endpoint: place,
        secure: fc.boolean(),
        nodes: fc
            .uniqueArray(label, { minLength: 1, maxLength: 4 })
            .map((names) => names.map((name) => ({ name, role: "agent" as const }))),
    })
    .map(({ secure, ...rest }) => (secure ? { ...rest, scheme: "https", ca: { text: CA } } : { ...rest, scheme: "http" }));

type Table = Readonly<Record<string, unknown>>;

interface HostsToml extends Table {
    readonly server: string;
    readonly host: Readonly<Record<string, Table>>;
}

/** Paths of all keys of a parsed document. */
const keysOf = (value: unknown): string[] =>
    typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]) : [];

const samples = fc.sample(anyFacts, { numRuns: 150, seed: 7 }).map((facts) => ({ facts, plan: nodeRegistry(facts) }));
const documents = samples.flatMap(({ facts, plan }) => {
    const texts = plansOf(plan).flatMap((node) => Object.entries(filesOf(node)).filter(([path]) => path.endsWith(".toml")));
    return [...texts, ...(plan.kindPatch === undefined ? [] : [["patch", plan.kindPatch] as const])].map(([path, text]) => ({
        facts,
        path,
        text,
    }));
});

if (!hasTomlParser) process.stderr.write("SKIPPED generated files are TOML: python3 has no tomllib\n");

(hasTomlParser ? describe : describe.skip)("TOML, read by a real parser", () => {
    const read = hasTomlParser ? parseToml(...documents.map(({ text }) => text)) : [];
    const hosts = () =>
        documents.flatMap(({ facts, path }, index) =>
            path.endsWith("hosts.toml") ? [{ facts, path, parsed: read[index] as HostsToml }] : [],
        );

    test("hosts.toml names one endpoint, as its server too, for pulls only", () => {
        expect(hosts().length).toBeGreaterThan(100);
        for (const { facts, parsed } of hosts()) {
            const url = `${facts.scheme}://${facts.endpoint}`;
            expect([parsed.server, Object.keys(parsed.host), parsed.host[url]?.["capabilities"]]).toEqual([
                url,
                [url],
                ["pull", "resolve"],
            ]);
        }
    });

    test("an http endpoint has no key of TLS, an https one the authority beside the file", () => {
        for (const { facts, path, parsed } of hosts()) {
            const authority = path.replace(/^~\/\.minikube\/files/, "").replace(/hosts\.toml$/, "ca.crt");
            const tls = keysOf(parsed).filter((key) => ["ca", "skip_verify", "client"].includes(key));
            expect([tls, parsed["ca"]]).toEqual(facts.scheme === "http" ? [[], undefined] : [["ca", "ca"], authority]);
        }
    });

    test("nothing has mirrors or configs, and config_path is one folder", () => {
        for (const [index, { text }] of documents.entries()) {
            expect(keysOf(read[index]).filter((key) => ["mirrors", "configs"].includes(key))).toEqual([]);
            expect(text).not.toMatch(/registry\.(mirrors|configs)/);
            for (const [, value = ""] of text.matchAll(/config_path = "(.*)"/g)) expect(value).toBe("/etc/containerd/certs.d");
        }
    });
});

test("every name has a folder of its own, named exactly like it, on every node", () => {
    for (const { facts, plan } of samples.filter(({ facts }) => facts.target !== "k3s" && facts.target !== "docker-desktop"))
        for (const node of facts.target === "minikube" && plan.before ? [plan.before] : plan.nodes) {
            const folders = node.files.flatMap(({ path }) => /\/etc\/containerd\/certs\.d\/(.+)\/hosts\.toml$/.exec(path)?.[1] ?? []);
            expect(folders).toEqual(facts.names);
        }
});

test("k3s has a mirror for each name on every node, and configs for https alone", () => {
    for (const { facts, plan } of samples.filter(({ facts }) => facts.target === "k3s"))
        for (const node of plan.nodes) {
            const url = `${facts.scheme}://${facts.endpoint}`;
            const tls = { ca_file: "/etc/rancher/k3s/mcp-platform-registry-ca.crt" };
            expect(parse(filesOf(node)["/etc/rancher/k3s/registries.yaml"] ?? "")).toEqual({
                mirrors: Object.fromEntries(facts.names.map((name) => [name, { endpoint: [url] }])),
                ...(facts.scheme === "https" ? { configs: { [facts.endpoint]: { tls } } } : {}),
            });
        }
});

test("every node is told, can be checked, and is told the same twice", () => {
    for (const { facts, plan } of samples) {
        expect(plan.nodes.map(({ node }) => node)).toEqual(facts.nodes.map(({ name }) => name));
        for (const { verify } of plan.nodes) expect(verify.length).toBeGreaterThan(0);
        expect(nodeRegistry(facts)).toEqual(plan);
    }
});

test("the script that writes a file works in a POSIX shell with any path that a plan has", () => {
    const folder = mkdtempSync(join(tmpdir(), "mcp-node-"));
    try {
        const path = join(folder, "registry.local:5000", "it's here", "hosts.toml");
        const script = writeScript({ path, mode: "0640" });
        // Until the mode is set nobody else can read it.
        expect(spawnSync("sh", ["-c", script.split("; chmod")[0] ?? ""], { input: "" }).status).toBe(0);
        expect(statSync(path).mode & 0o777).toBe(0o600);
        const { status } = spawnSync("sh", ["-c", script], { input: "server = 1\n" });
        expect([status, readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual([0, "server = 1\n", 0o640]);
    } finally {
        rmSync(folder, { recursive: true });
    }
});
