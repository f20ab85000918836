/** A node's containerd configuration, edited: what a real TOML parser reads in it afterwards. */
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { editConfigToml } from "../../stacks/node-registry/config-toml.ts";
import { nodeRegistry } from "../../stacks/node-registry/index.ts";
import { facts, filesOf } from "./support/facts.ts";
import { hasTomlParser, parseToml } from "./support/toml.ts";

if (!hasTomlParser) process.stderr.write("SKIPPED edited configurations are TOML: python3 has no tomllib\n");
const parsed = hasTomlParser ? describe : describe.skip;

const V2 = 'plugins."io.containerd.grpc.v1.cri".registry';
const V3 = "plugins.'io.containerd.cri.v1.images'.registry";
const ROOT = "/etc/containerd/certs.d";

interface Config {
    readonly version: number;
    readonly plugins: Readonly<Record<string, { readonly registry: Readonly<Record<string, unknown>> }>>;
}

function registryOf({ version, plugins }: Config): Readonly<Record<string, unknown>> | undefined {
    return plugins[version === 3 ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri"]?.registry;
}

parsed("config_path is set once, in the table of the file's version", () => {
    const cases: [string, string, boolean][] = [
        ["version = 2\n", ROOT, true],
        ["version = 3\n", ROOT, true],
        [`version = 2\n[${V2}]\n`, ROOT, true],
        [`version = 3\n[${V3}]\n  config_path = ''\n`, ROOT, true],
        [`version = 2\n[${V2}]\n  config_path = "${ROOT}"\n`, ROOT, false],
        [`version = 3\n[${V3}]\n  config_path = "${ROOT}:/etc/docker/certs.d"\n`, ROOT, true],
        [`version = 2\n[${V2}]\n  config_path = "/srv/registries"\n`, "/srv/registries", false],
        [`version = 2\n[${V2}]\n  config_path = "/srv/a:/srv/b" # both\n`, "/srv/a", true],
        [`version = 2\n[${V2}]\n  config_path = "/srv/a:${ROOT}"\n`, ROOT, true],
        [`version = 2\n[${V2}]\n  [${V2}.mirrors]\n`, ROOT, true],
        [`version = 2\n[${V2}]\n  mirrors = {}\n  [${V2}.configs."x".auth]\n  username = "u"\n`, ROOT, true],
        [`version = 2\n[a]\nlist = [\n  '[${V2}]',\n]\ntext = """\nfirst\n[${V2}.mirrors.x]\n"""\n`, ROOT, true],
    ];
    const read = hasTomlParser ? (parseToml(...cases.map(([text]) => editConfigToml(text).text)) as unknown as Config[]) : [];

    test.each(cases.map((row, index) => [...row, read[index]] as const))("%j", (text, root, changed, config) => {
        const edit = editConfigToml(text);
        expect({ root: edit.root, changed: edit.changed }).toEqual({ root, changed });
        expect(config && registryOf(config)).toMatchObject({ config_path: root });
        expect(editConfigToml(edit.text)).toEqual({ text: edit.text, changed: false, root });
    });

    test("all else stays as it was", () => {
        const before = `version = 2\nroot = "/srv"\n\n[grpc]\n  address = "/run/c.sock"\n\n[${V2.replace(".registry", "")}]\n  sandbox_image = "pause:3.10"\n`;
        const [read] = parseToml(editConfigToml(before).text);
        const plugin = { sandbox_image: "pause:3.10", registry: { config_path: ROOT } };
        expect(read).toEqual({
            version: 2,
            root: "/srv",
            grpc: { address: "/run/c.sock" },
            plugins: { "io.containerd.grpc.v1.cri": plugin },
        });
    });

    test("any configuration without mirrors is still the same one afterwards, but for one config_path", () => {
        const word = fc.stringMatching(/^[a-z_]{1,8}$/);
        const value = fc.oneof(
            fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
            fc.integer().map(String),
            fc.constant("true"),
            fc.constant('["[x]",\n  "=#"]'),
        );
        const table = fc.tuple(
            fc.array(fc.oneof(word, fc.constantFrom('"a.b"', "'c d'")), { minLength: 1, maxLength: 3 }),
            fc.dictionary(word, value, { maxKeys: 3 }),
        );
        const cases: [string, string][] = [];
        fc.assert(
            fc.property(
                fc.constantFrom(2, 3),
                fc.uniqueArray(table, { maxLength: 5, selector: ([path]) => path[0] }),
                (version, tables) => {
                    const rows = tables.map(([path, keys], index) => [
                        `[t${index}.${path.join(".")}] # note`,
                        ...Object.entries(keys).map(([key, text]) => `${key} = ${text}`),
                    ]);
                    const text = [`version = ${version}`, ...rows.flat(), ""].join("\n");
                    cases.push([text, editConfigToml(text).text]);
                },
            ),
            { numRuns: 60 },
        );
        const before = parseToml(...cases.map(([text]) => text));
        const after = parseToml(...cases.map(([, text]) => text));
        for (const [index, { plugins, ...rest }] of after.entries()) {
            expect(rest).toEqual(before[index]);
            expect(Object.values(plugins as object)).toEqual([{ registry: { config_path: ROOT } }]);
        }
    });
});

describe("what containerd would not start with is refused, with its line", () => {
    test.each([
        [`version = 2\n[${V2}.mirrors."registry.local"]\n  endpoint = ["http://127.0.0.1:32000"]\n`, 2],
        [`version = 2\n[${V2}]\n  mirrors."x".endpoint = ["http://x"]\n`, 3],
        [`version = 2\n[${V2}]\n  mirrors = { "x" = { endpoint = [] } }\n`, 3],
        [`version = 3\n\n[${V3}.mirrors.'x']\n`, 3],
        // A file of version 3 may still have the table of version 2: containerd moves it over.
        [`version = 3\n[ plugins . "io.containerd.grpc.v1.cri" . registry . mirrors . "x" ]\n`, 2],
        [`version = 2\n[${V2}.configs."127.0.0.1:32000".tls]\n  insecure_skip_verify = true\n`, 2],
        [`version = 2\n[${V2}.configs."x"]\n  tls = { ca_file = "/x" }\n`, 3],
    ])("%j", (text, line) => {
        expect(() => editConfigToml(text)).toThrow(`/etc/containerd/config.toml line ${line} has `);
        expect(() => nodeRegistry(facts({ configToml: text }))).toThrow("CRI plugin does not load when config_path is set beside them");
    });

    test("a file of version 1, and a table that cannot be added to", () => {
        for (const text of ["", "version = 1\n"])
            expect(() => editConfigToml(text)).toThrow("is of version 1: write it anew with `containerd config migrate`");
        expect(() => editConfigToml(`version = 2\n[${V2.replace(".registry", "")}]\n  registry = { headers = {} }\n`)).toThrow("by hand");
    });
});

describe("kubeadm", () => {
    test("a known configuration is printed as it has to become; one that is right already is left alone", () => {
        const [changed] = nodeRegistry(facts({ names: ["registry.local"], configToml: "version = 3\n" })).nodes;
        expect(filesOf(changed)["/etc/containerd/config.toml"]).toBe(
            `version = 3\n\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "${ROOT}"\n`,
        );
        expect(changed?.commands).toEqual(["containerd config dump > /dev/null && systemctl restart containerd"]);
        const right = `version = 2\n[${V2}]\n  config_path = "/srv/registries"\n`;
        const [same] = nodeRegistry(facts({ names: ["registry.local"], configToml: right })).nodes;
        expect(same?.files.map(({ path }) => path)).toEqual(["/srv/registries/registry.local/hosts.toml"]);
        expect(same?.commands).toEqual([]);
    });

    test.each([
        [undefined, V2],
        ["containerd://1.7.24", V2],
        ["containerd github.com/containerd/containerd/v2 v2.1.4 abc", V3.replaceAll("'", '"')],
    ])("an unknown configuration gets the lines for runtime %s, to be added", (runtime, table) => {
        const [node] = nodeRegistry(facts({ runtime })).nodes;
        expect(node?.files[0]).toEqual({
            path: "/etc/containerd/config.toml",
            mode: "0644",
            kind: "merge",
            content: { text: `[${table}]\n  config_path = "${ROOT}"\n` },
        });
        expect(node?.notes[0]).toContain("move those into hosts.toml first");
    });

    test("Docker Engine is refused: it reads no hosts.toml", () => {
        expect(() => nodeRegistry(facts({ runtime: "docker://28.1.1" }))).toThrow(
            "node one runs docker://28.1.1: Docker Engine reads no hosts.toml",
        );
    });

    test.each([
        ["containerd://2.2.0", "2.2.2"],
        ["containerd://2.2.1-k3s1", "2.2.2"],
        ["containerd://2.1.4", "config_path"],
        ["containerd://2.0.2", "config_path"],
        ["containerd://2.4.0", "no longer knows mirrors"],
        ["containerd://3.0.0", "no longer knows mirrors"],
    ])("%s comes with a warning about %s", (runtime, about) => {
        expect(nodeRegistry(facts({ runtime })).warnings).toEqual([expect.stringContaining(about)]);
    });

    test.each(["containerd://1.7.24", "containerd://2.2.2", "containerd://2.3.4-k3s1", undefined, "?"])("%s comes without", (runtime) => {
        expect(nodeRegistry(facts({ runtime })).warnings).toEqual([]);
    });
});
