import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parse } from "yaml";
import { cautionsOf, parseSettings, settingsSchema, SettingsError } from "../../infra/settings.ts";
import { stackConfig } from "./run.ts";

const STACKS = readdirSync(new URL("../..", import.meta.url)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);

const encode = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function problemsOf(settings: Record<string, unknown>): readonly string[] {
    const config = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`mcp-platform:${key}`, encode(value)]));
    try {
        parseSettings(config);
        return [];
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return error.problems;
    }
}

const INGRESS = { name: "b", role: "ingress", address: "10.0.0.2" };
const keysOf = (settings: Record<string, unknown>) => problemsOf(settings).map((problem) => problem.split(" ")[0]);

const server = (fields: object) => ({ servers: { one: { image: "a/b:1", transport: "streamable-http", ...fields } } });

describe("defaults", () => {
    test("an empty configuration is the embedded platform on localhost", () => {
        expect(parseSettings({})).toEqual({
            domain: "localhost",
            platformMode: "tenant",
            strictProd: false,
            topology: { kind: "embedded", apiPort: 6443, gatewayPort: 8080, gatewayTlsPort: 8443, registryPort: 32000 },
            tls: { mode: "internal" },
            registry: { mode: "bundled-http" },
            frontDoor: { mode: "direct" },
            ingress: { owner: "platform" },
            storage: { mode: "class", registry: "20Gi", mesh: "10Gi" },
            resourceProfile: "light",
            admins: [],
            mesh: { mode: "off" },
            versions: { traefik: "v3.6.7", registry: "3.0.0", certManager: "v1.21.2", meshRegistry: "3.6.0", postgres: "17.6" },
            images: {},
            pushImages: [],
            servers: {},
        });
    });

    test("the defaults that Pulumi.yaml declares are those of the schema, and it declares every key", async () => {
        const { config } = parse(await readFile(new URL("../../Pulumi.yaml", import.meta.url), "utf8")) as {
            config: Record<string, { default: unknown }>;
        };
        const declared = Object.fromEntries(Object.entries(config).map(([key, setting]) => [key, encode(setting.default)]));
        expect(parseSettings(declared)).toEqual(parseSettings({}));
        expect(Object.keys(declared)).toEqual(Object.keys(settingsSchema.shape));
    });

    test.each(STACKS)("the settings of the stack %s are valid, and nothing in them but a login deserves a warning", async (stack) => {
        const settings = parseSettings(await stackConfig(stack));
        const ofLogin = settings.login ? ["mcp-platform:login is set"] : [];
        expect(cautionsOf(settings).map((caution) => caution.split(":", 2).join(":"))).toEqual(ofLogin);
    });

    test("the embedded stack declares the sample server twice, and pushes its image", async () => {
        const settings = parseSettings(await stackConfig("embedded"));
        expect(Object.keys(settings.servers)).toEqual(["everything", "everything-http"]);
        expect(settings.pushImages).toEqual(["examples/everything:2026.8.31"]);
    });

    test("keys of other packages are none of its business", () => {
        expect(parseSettings({ "kubernetes:namespace": "x", "mcp-platform:domain": "example.com" }).domain).toBe("example.com");
    });

    test("what is set to nothing is not set", () => {
        expect(parseSettings({ domain: "", npmRegistry: "", login: "{}" })).toEqual(parseSettings({}));
    });
});

describe("a mistake is named with its key, what was found, and the fix", () => {
    test.each<[Record<string, unknown>, string]>([
        [
            { domain: "MCP.example.com" },
            'mcp-platform:domain is "MCP.example.com": give a domain name in lower case, without scheme, port or final dot, such as example.com',
        ],
        [{ domain: "https://example.com" }, 'mcp-platform:domain is "https://example.com": give a domain name in lower case'],
        [{ domain: "registry.example.com" }, 'mcp-platform:domain is "registry.example.com": give the domain above it (example.com)'],
        [{ domain: "platform.corp.example.com" }, "give the domain above it (corp.example.com)"],
        [{ domain: "mcp.localhost" }, "give the domain above it (localhost)"],
        [{ domain: "10.0.0.1" }, 'mcp-platform:domain is "10.0.0.1": give a domain name, not an address'],
        [{ topology: { kind: "k8s" } }, 'mcp-platform:topology.kind is "k8s": use "embedded", "kind", "minikube", "k3s" or "existing"'],
        [{ topology: "embedded" }, 'mcp-platform:topology is "embedded": give an object'],
        [{ topology: { kind: "embedded", apiPort: 70000 } }, "mcp-platform:topology.apiPort is 70000: use 65535 or less"],
        [{ topology: { kind: "embedded", apiPort: "6443" } }, 'mcp-platform:topology.apiPort is "6443": give a whole number'],
        [
            { topology: { kind: "embedded", gatewayport: 80 } },
            "mcp-platform:topology.gatewayport is not a setting: did you mean gatewayPort?",
        ],
        [{ domian: "example.com" }, "mcp-platform:domian is not a setting: did you mean domain?"],
        [{ tls: { mode: "internal", constructor: 1 } }, "mcp-platform:tls.constructor is not a setting: there are mode"],
        [{ zzz: 1 }, "mcp-platform:zzz is not a setting: there are domain, platformMode, strictProd, topology, tls,"],
        [{ tls: { mode: "acme" } }, "mcp-platform:tls.email is missing: give an e-mail address such as admin@example.com"],
        [{ tls: { mode: "selfsigned" } }, 'mcp-platform:tls.mode is "selfsigned": use "internal", "acme", "issuer" or "secrets"'],
        [{ tls: {} }, 'mcp-platform:tls.mode is missing: use "internal", "acme", "issuer" or "secrets"'],
        [{ tls: { mode: "internal", email: "a@example.com" } }, 'mcp-platform:tls.email is not a setting here: it belongs to mode "acme"'],
        [
            { topology: { kind: "embedded", nodes: [] } },
            'mcp-platform:topology.nodes is not a setting here: it belongs to kind "k3s" or "existing"',
        ],
        [
            { tls: { mode: "acme", email: "a@example.com", directory: "prod" } },
            'mcp-platform:tls.directory is "prod": use "production" or "staging", or give the URL of another directory',
        ],
        [
            { tls: { mode: "acme", email: "a@example.com", directory: "http://ca.example.com/" } },
            'mcp-platform:tls.directory is "http://ca.example.com/": use "production" or "staging", or give the URL of another directory, which begins with https://',
        ],
        [{ platformMode: "team" }, 'mcp-platform:platformMode is "team": use "tenant", "org" or "public"'],
        [{ strictProd: "yes" }, 'mcp-platform:strictProd is "yes": use true or false'],
        [{ versions: { traefik: "v2.0.0" } }, 'mcp-platform:versions.traefik is "v2.0.0": use "v3.6.7"'],
        [{ versions: { treafik: "v3.6.7" } }, "mcp-platform:versions.treafik is not a setting: did you mean traefik?"],
        [{ admins: "a@example.com" }, 'mcp-platform:admins is "a@example.com": give a list of e-mail addresses'],
        [{ admins: ["admin"] }, 'mcp-platform:admins[0] is "admin": give an e-mail address such as admin@example.com'],
        [{ login: { provider: "github" } }, 'mcp-platform:login.provider is "github": use "google" or "oidc"'],
        [{ login: { provider: "google", clientId: "me" } }, 'mcp-platform:login.clientId is "me": give an OAuth client\'s ID'],
        [
            { login: { provider: "oidc", issuer: "http://a.example.com", audience: "a", jwksUrl: "https://a.example.com" } },
            'mcp-platform:login.issuer is "http://a.example.com": give a URL that begins with https://',
        ],
        [{ frontDoor: { mode: "proxy" } }, "mcp-platform:frontDoor.trustedRanges is missing: give a list of address ranges"],
        [
            { frontDoor: { mode: "proxy", trustedRanges: ["cloudflare"] } },
            'mcp-platform:frontDoor.trustedRanges[0] is "cloudflare": give an address range such as 192.0.2.0/24',
        ],
        [{ registry: { mode: "bundled" } }, 'mcp-platform:registry.mode is "bundled": use "bundled-https", "bundled-http", "external" or'],
        [
            { topology: { kind: "k3s", nodes: [{ name: "a", role: "master", address: "10.0.0.1" }] } },
            'mcp-platform:topology.nodes[0].role is "master": use "server", "ingress" or "worker"',
        ],
        [
            { topology: { kind: "k3s", nodes: [{ name: "a", role: "server", adress: "10.0.0.1", address: "10.0.0.1" }, INGRESS] } },
            "mcp-platform:topology.nodes[0].adress is not a setting: did you mean address?",
        ],
        [
            { ingress: { owner: "existing", class: "nginx", namespace: "x", podLabels: { "a b": "c" } } },
            'mcp-platform:ingress.podLabels["a b"] is not a name for it: give a label such as app.kubernetes.io/name',
        ],
        [{ resourceProfile: "huge" }, 'mcp-platform:resourceProfile is "huge": use "light" or "standard"'],
        [
            { storage: { mode: "class", registry: "5GB" } },
            'mcp-platform:storage.registry is "5GB": give a size in Ki, Mi, Gi or Ti, such as 5Gi',
        ],
        [{ storage: { mode: "class", registry: 5 } }, "mcp-platform:storage.registry is 5: give a size such as 5Gi"],
        [{ images: { traefik: "traefik" } }, 'mcp-platform:images.traefik is "traefik": give an image reference with a tag or a digest'],
        [
            { npmRegistry: "npm.example.com" },
            'mcp-platform:npmRegistry is "npm.example.com": give a URL that begins with https:// or http://',
        ],
        [{ pushImages: ["everything"] }, 'mcp-platform:pushImages[0] is "everything": give a repository and a tag'],
        [{ pushImages: ["a/b:1; rm -rf /"] }, "mcp-platform:pushImages[0] is"],
        [
            { servers: { One: { image: "a:1", transport: "stdio", command: ["x"] } } },
            "mcp-platform:servers.One is not a name for it: use lower-case letters",
        ],
        [server({ transport: "sse" }), 'mcp-platform:servers.one.transport is "sse": use "stdio" or "streamable-http"'],
        [
            server({ transport: "stdio" }),
            "mcp-platform:servers.one.command is missing: an image that speaks stdio needs the program to start",
        ],
        [server({ package: { name: "a", version: "1.0.0" } }), "set exactly one of image and package"],
        [server({ image: undefined }), "mcp-platform:servers.one.image is missing: set exactly one of image and package"],
        [
            server({ image: undefined, package: { name: "a", version: "latest" } }),
            'mcp-platform:servers.one.package.version is "latest": give an exact version',
        ],
        [server({ image: undefined, package: { name: "a", version: "1.0.0" }, command: ["a"] }), "mcp-platform:servers.one.command is"],
        [server({ transport: "stdio", command: ["x"], port: 9000 }), "mcp-platform:servers.one.port is 9000: remove it"],
        [server({ port: 80 }), "mcp-platform:servers.one.port is 80: an unprivileged server listens on 1024 to 65535"],
        [server({ env: { PORT: 8080 } }), "mcp-platform:servers.one.env.PORT is 8080: put the value in quotes"],
        [server({ env: { A: "1" }, secretEnv: { A: { secret: "s", key: "k" } } }), "set A in only one of env and secretEnv"],
        [server({ egress: ["203.0.113.0/24"] }), 'mcp-platform:servers.one.egress[0] is "203.0.113.0/24": give an object'],
        [
            server({ egress: [{ cidr: "203.0.113.0/24", ports: [] }] }),
            "mcp-platform:servers.one.egress[0].ports is []: give one port at least",
        ],
        [server({ replicas: 17 }), "mcp-platform:servers.one.replicas is 17: give 0 to 16"],
        [server({ comand: ["x"] }), "mcp-platform:servers.one.comand is not a setting: did you mean command?"],
    ])("%j", (settings, problem) => {
        expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
    });

    test("all of them at once", () => {
        const problems = problemsOf({
            domain: "",
            storage: { mode: "class", registry: "x" },
            platformMode: "public",
            resourceProfile: "x",
            topology: { kind: "embedded", apiPort: 0 },
            extra: 1,
        });
        expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
            "mcp-platform:topology.apiPort",
            "mcp-platform:storage.registry",
            "mcp-platform:resourceProfile",
            "mcp-platform:extra",
            "mcp-platform:login",
        ]);
    });

    test("an unknown key hides no rule, and a wrong value only those that read it", () => {
        const [server, worker] = [
            { name: "a", role: "server", address: "10.0.0.1" },
            { name: "b", role: "worker", address: "10.0.0.1" },
        ];
        const topology = { kind: "k3s", nodes: [server, { ...worker, adress: "10.0.0.2" }] };
        expect(keysOf({ topology, platformMode: "public" })).toEqual([
            "mcp-platform:topology.nodes[1].adress",
            "mcp-platform:topology.nodes",
            "mcp-platform:topology.nodes[1].address",
            "mcp-platform:login",
        ]);
        expect(keysOf({ topology: { kind: "k3s", nodes: [server, { ...worker, role: "x" }] }, platformMode: "public" })).toEqual([
            "mcp-platform:topology.nodes[1].role",
            "mcp-platform:login",
        ]);
    });

    test("a server that is wrong in itself hides nothing of the others", () => {
        const egress = [{ cidr: "10.0.0.0/8", ports: [443] }];
        const one = { image: "a/b:1", transport: "streamable-http", egress };
        const servers = { one, two: { ...one, transport: "sse" }, Three: one, four: { ...one, egres: [] } };
        expect(keysOf({ servers })).toEqual([
            "mcp-platform:servers.two.transport",
            "mcp-platform:servers.Three",
            "mcp-platform:servers.four.egres",
            "mcp-platform:servers.one.egress[0].cidr",
            "mcp-platform:servers.four.egress[0].cidr",
        ]);
    });

    test("an apex may be called mcp where only a top-level domain is above it", () => {
        expect(problemsOf({ domain: "mcp.dev" })).toEqual([]);
    });

    test("the error is one that commands show as a sentence", () => {
        expect(() => parseSettings({ domain: "X", resourceProfile: "x" })).toThrow(
            expect.objectContaining({
                name: "UserError",
                message: expect.stringMatching(
                    /^2 settings are wrong:\n {2}mcp-platform:domain is "X".*\n {2}mcp-platform:resourceProfile/,
                ),
            }),
        );
    });
});

describe("names in settings", () => {
    test("no accepted image to push can reach a shell as more than a word", () => {
        fc.assert(
            fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."ab/:.-_ ;$`'\"&|<>\n") })), (image) => {
                const accepted = problemsOf({ pushImages: [image] }).length === 0;
                expect(accepted && !/^[A-Za-z0-9._/:-]+$/.test(image)).toBe(false);
            }),
        );
    });
});
