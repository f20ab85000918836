/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import { diffConfiguration } from "../../../embedded/providers/kubernetes/config.ts";
import { loadKubeConfig } from "../../../embedded/providers/kubernetes/kubeconfig.ts";
import { proxyFor } from "../../../embedded/providers/kubernetes/proxy.ts";
import { optionFailures, readOptions } from "../../../embedded/providers/kubernetes/options.ts";

const kubeconfig = (server: string, token = "t"): string => `apiVersion: v1
kind: Config
current-context: one
clusters: [{name: a, cluster: {server: "${server}"}}, {name: b, cluster: {server: "https://b:1"}}]
contexts: [{name: one, context: {cluster: a, user: u, namespace: team}}, {name: two, context: {cluster: b, user: u}}]
users: [{name: u, user: {token: ${token}}}]
`;

describe("options", () => {
    it("are read whether they are JSON-encoded or not", () => {
        expect(
            readOptions({ upsertExistingObjects: "true", enablePatchForce: true, namespace: "x", kubeconfig: { clusters: [] } }),
        ).toMatchObject({
            upsertExistingObjects: true,
            enablePatchForce: true,
            deleteUnreachable: false,
            namespace: "x",
            kubeconfig: '{"clusters":[]}',
        });
    });

    it("are refused by name when they are not supported, and let through when they ask for nothing", () => {
        const failures = optionFailures({
            kubeconfig: "x",
            clusterIdentifier: Unknown.instance,
            enableServerSideApply: "true",
            alwaysRender: "false",
            renderYamlToDirectory: "out",
            helmReleaseSettings: "{}",
            deleteUnreachable: "maybe",
            suppressDeprecationWarnings: "true",
        });
        expect(failures.map(({ property }) => property)).toEqual(["renderYamlToDirectory", "helmReleaseSettings", "deleteUnreachable"]);
        expect(optionFailures({ enableServerSideApply: "false" })).toEqual([
            { property: "enableServerSideApply", reason: expect.stringContaining("always applies on the server") },
        ]);
    });
});

describe("a changed configuration", () => {
    const diff = (olds: PropertyMap, news: PropertyMap): readonly string[] => diffConfiguration(olds, news).replaces ?? [];
    const here = kubeconfig("https://here:1");
    const there = kubeconfig("https://there:1");

    it("replaces everything when it means another cluster", () => {
        expect(diff({ kubeconfig: here }, { kubeconfig: there })).toEqual(["kubeconfig"]);
        expect(diff({ kubeconfig: here }, { kubeconfig: here, context: "two" })).toEqual(["context"]);
        expect(diff({ kubeconfig: here }, { kubeconfig: here, cluster: "b" })).toEqual(["cluster"]);
    });

    it("replaces nothing when it is the same cluster by other means", () => {
        expect(diff({ kubeconfig: here }, { kubeconfig: kubeconfig("https://here:1", "other") })).toEqual([]);
        expect(diffConfiguration({ namespace: "a" }, { namespace: "b" })).toEqual({
            changes: true,
            replaces: [],
            detailedDiff: { namespace: "update" },
        });
        expect(diffConfiguration({ kubeconfig: here }, { kubeconfig: here })).toEqual({ changes: false, replaces: [], detailedDiff: {} });
    });

    it("replaces everything when the cluster is not known yet", () => {
        expect(diff({ kubeconfig: here }, { kubeconfig: Unknown.instance })).toEqual(["kubeconfig"]);
    });

    it("replaces nothing as long as clusterIdentifier is the same, and everything when it is another", () => {
        const clusterIdentifier = "lab";
        expect(diff({ kubeconfig: here, clusterIdentifier }, { kubeconfig: there, clusterIdentifier })).toEqual([]);
        expect(diff({ kubeconfig: here, clusterIdentifier }, { kubeconfig: Unknown.instance, clusterIdentifier })).toEqual([]);
        expect(diff({ kubeconfig: here, clusterIdentifier }, { kubeconfig: here, clusterIdentifier: "other" })).toEqual([
            "clusterIdentifier",
        ]);
        expect(diff({ kubeconfig: here }, { kubeconfig: here, clusterIdentifier })).toEqual([]);
        expect(diff({ kubeconfig: here, clusterIdentifier }, { kubeconfig: here })).toEqual([]);
    });
});

describe("kubeconfigs", () => {
    let folder: string;
    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
        await writeFile(join(folder, "config"), kubeconfig("https://file:1"));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it("are contents in YAML or JSON, or a path, also a relative one", () => {
        expect(loadKubeConfig({ kubeconfig: kubeconfig("https://x:1") })).toMatchObject({
            cluster: { server: "https://x:1" },
            user: { token: "t" },
            namespace: "team",
        });
        const json = JSON.stringify({
            "current-context": "c",
            clusters: [{ name: "k", cluster: { server: "https://j:1" } }],
            contexts: [{ name: "c", context: { cluster: "k", user: "" } }],
            users: [],
        });
        expect(loadKubeConfig({ kubeconfig: json }).cluster.server).toBe("https://j:1");
        expect(loadKubeConfig({ kubeconfig: join(folder, "config") }).cluster.server).toBe("https://file:1");
        expect(loadKubeConfig({ kubeconfig: relative(process.cwd(), join(folder, "config")) })).toMatchObject({
            folder,
            cluster: { server: "https://file:1" },
        });
    });

    it.each([
        ["a path to nothing", { kubeconfig: "./nowhere/config" }, /nowhere\/config does not exist/],
        ["an unknown context", { kubeconfig: kubeconfig("https://x:1"), context: "three" }, /no context "three": it has one, two/],
        ["an unknown cluster", { kubeconfig: kubeconfig("https://x:1"), cluster: "c" }, /no cluster "c": it has a, b/],
        ["something else", { kubeconfig: "{}" }, /has no clusters/],
        [
            "a server that is no URL",
            { kubeconfig: kubeconfig("x:1") },
            /server of cluster "a" in the kubeconfig is "x:1": expected an https/,
        ],
        [
            "a key of its user that nobody reads",
            { kubeconfig: kubeconfig("https://x:1", "t, as-groups: [g]") },
            /user "u" in the kubeconfig has as-groups, which the embedded/,
        ],
    ])("are refused for %s", (_what, choice, reason) => {
        expect(() => loadKubeConfig(choice)).toThrow(reason);
    });

    it("are merged when $KUBECONFIG names several files, each with its own folder", async () => {
        const second = join(folder, "second");
        await writeFile(
            second,
            JSON.stringify({
                "current-context": "late",
                clusters: [{ name: "s", cluster: { server: "https://second:1", "certificate-authority": "ca.crt" } }],
                contexts: [
                    { name: "late", context: { cluster: "s", user: "u" } },
                    { name: "one", context: { cluster: "s", user: "u" } },
                ],
                users: [{ name: "u", user: { token: "other" } }],
            }),
        );
        const before = process.env["KUBECONFIG"];
        try {
            process.env["KUBECONFIG"] = [join(folder, "missing"), join(folder, "config"), second].join(":");
            expect(loadKubeConfig({})).toMatchObject({ cluster: { server: "https://file:1" }, context: "one", user: { token: "t" } });
            expect(loadKubeConfig({ context: "late" })).toMatchObject({
                cluster: { server: "https://second:1", caFile: join(folder, "ca.crt") },
                user: { token: "t" },
            });
        } finally {
            if (before === undefined) delete process.env["KUBECONFIG"];
            else process.env["KUBECONFIG"] = before;
        }
    });

    it("are never quoted when they cannot be parsed", () => {
        const broken = kubeconfig("https://x:1", "very-secret-token").replace("users: [", "users: [[}");
        expect(() => loadKubeConfig({ kubeconfig: broken })).toThrow(/not YAML or JSON/);
        expect(() => loadKubeConfig({ kubeconfig: broken })).not.toThrow(/very-secret-token/);
    });
});

describe("a proxy", () => {
    const server = new URL("https://api.example.org:6443");
    const HTTPS_PROXY = "http://user:secret@proxy:3128";

    it.each([
        ["nothing", {}, undefined],
        ["HTTPS_PROXY", { HTTPS_PROXY }, "proxy"],
        ["small letters, without a scheme", { https_proxy: "proxy:3128" }, "proxy"],
        ["another scheme's variable", { HTTP_PROXY: HTTPS_PROXY }, undefined],
        ["an excepted host", { HTTPS_PROXY, NO_PROXY: "x, api.example.org" }, undefined],
        ["an excepted domain", { HTTPS_PROXY, no_proxy: ".example.org" }, undefined],
        ["an excepted port", { HTTPS_PROXY, NO_PROXY: "example.org:6443" }, undefined],
        ["another port", { HTTPS_PROXY, NO_PROXY: "example.org:443" }, "proxy"],
        ["the end of a name only", { HTTPS_PROXY, NO_PROXY: "ple.org" }, "proxy"],
        ["everything", { HTTPS_PROXY, NO_PROXY: "*" }, undefined],
    ])("is used as the environment says: %s", (_what, env, host) => {
        expect(proxyFor(server, undefined, env)?.hostname).toBe(host);
    });

    it("is not used for excepted networks nor for this machine, unless the kubeconfig says so", () => {
        const env = { HTTPS_PROXY, NO_PROXY: "10.0.0.0/8,fd00::/8,10.0.0.0/99" };
        const used = (url: string): boolean => proxyFor(new URL(url), undefined, env) !== undefined;
        expect(["https://10.1.2.3", "https://11.1.2.3", "https://[fd00::1]", "https://127.0.0.1:1", "https://localhost"].map(used)).toEqual(
            [false, true, false, false, false],
        );
        expect(proxyFor(new URL("https://127.0.0.1:1"), "http://p:1", env)?.host).toBe("p:1");
    });

    it.each(["socks5://user:secret@p:1", "secret"])("is refused when it is no HTTP proxy, without its password: %s", (url) => {
        expect(() => proxyFor(server, url, {})).toThrow(/^proxy-url in the kubeconfig is (a socks5:\/\/ proxy|no URL), which the embedded/);
        expect(() => proxyFor(server, url, {})).not.toThrow(/secret/);
    });
});
