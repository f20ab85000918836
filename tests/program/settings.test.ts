import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parseSettings, settingsSchema, SettingsError } from "../../infra/settings.ts";
import { stackConfig } from "./run.ts";

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

const server = (fields: object) => ({ servers: { one: { image: "a/b:1", transport: "streamable-http", ...fields } } });

describe("defaults", () => {
    test("an empty configuration is the embedded platform on localhost", () => {
        expect(parseSettings({})).toEqual({
            domain: "localhost",
            topology: { kind: "embedded", apiPort: 6443, gatewayPort: 8080, gatewayTlsPort: 8443, registryPort: 32000 },
            tls: { mode: "internal" },
            resourceProfile: "light",
            storage: { registry: "5Gi" },
            images: {},
            pushImages: [],
            servers: {},
        });
    });

    test("the defaults that Pulumi.yaml declares are those of the schema, and it declares every key", async () => {
        const { "mcp-platform:servers": _servers, "mcp-platform:pushImages": _push, ...rest } = await stackConfig("embedded");
        expect(parseSettings(rest)).toEqual(parseSettings({}));
        const declared = Object.keys(await stackConfig("embedded")).map((key) => key.replace("mcp-platform:", ""));
        expect(declared.toSorted()).toEqual(Object.keys(settingsSchema.shape).toSorted());
    });

    test("the embedded stack's own settings are valid", async () => {
        const settings = parseSettings(await stackConfig("embedded"));
        expect(Object.keys(settings.servers)).toEqual(["everything", "everything-http"]);
        expect(settings.pushImages).toEqual(["examples/everything:2026.8.31"]);
    });

    test("keys of other packages are none of its business", () => {
        expect(parseSettings({ "kubernetes:namespace": "x", "mcp-platform:domain": "example.com" }).domain).toBe("example.com");
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
        [{ domain: "10.0.0.1" }, 'mcp-platform:domain is "10.0.0.1": give a domain name, not an address'],
        [{ topology: { kind: "k8s" } }, 'mcp-platform:topology.kind is "k8s": use "embedded"'],
        [{ topology: "embedded" }, 'mcp-platform:topology is "embedded": give an object'],
        [{ topology: { kind: "embedded", apiPort: 70000 } }, "mcp-platform:topology.apiPort is 70000: use 65535 or less"],
        [{ topology: { kind: "embedded", apiPort: "6443" } }, 'mcp-platform:topology.apiPort is "6443": give a whole number'],
        [
            { topology: { kind: "embedded", gatewayport: 80 } },
            "mcp-platform:topology.gatewayport is not a setting: did you mean gatewayPort?",
        ],
        [{ domian: "example.com" }, "mcp-platform:domian is not a setting: did you mean domain?"],
        [{ zzz: 1 }, "mcp-platform:zzz is not a setting: there are domain, topology, tls,"],
        [{ tls: { mode: "acme" } }, 'mcp-platform:tls.mode is "acme": use "internal"'],
        [{ resourceProfile: "huge" }, 'mcp-platform:resourceProfile is "huge": use "light" or "standard"'],
        [{ storage: { registry: "5GB" } }, 'mcp-platform:storage.registry is "5GB": give a size in Ki, Mi, Gi or Ti, such as 5Gi'],
        [{ storage: { registry: 5 } }, "mcp-platform:storage.registry is 5: give a size such as 5Gi"],
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
        [server({ replicas: 17 }), "mcp-platform:servers.one.replicas is 17: give 0 to 16"],
        [server({ comand: ["x"] }), "mcp-platform:servers.one.comand is not a setting: did you mean command?"],
    ])("%j", (settings, problem) => {
        expect(problemsOf(settings)).toEqual([expect.stringContaining(problem)]);
    });

    test("all of them at once", () => {
        const problems = problemsOf({
            domain: "",
            storage: { registry: "x" },
            resourceProfile: "x",
            topology: { kind: "embedded", apiPort: 0 },
            extra: 1,
        });
        expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
            "mcp-platform:topology.apiPort",
            "mcp-platform:resourceProfile",
            "mcp-platform:storage.registry",
            "mcp-platform:extra",
        ]);
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
