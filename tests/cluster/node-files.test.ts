import * as fc from "fast-check";
import { containerdConfig, mirrorConfig, nodeFiles, SHOWN_SYSCTLS } from "../../embedded/cluster/node-files.ts";
import { clusterDns, nodeObject, nodeVolumes, storageClass } from "../../embedded/cluster/objects.ts";
import { planCluster, type NodePlan } from "../../embedded/cluster/plan.ts";

function node(index = 1): NodePlan {
    const found = planCluster({ stateDir: "/s", nodes: index, apiPort: 1, publish: [] }, "nodes").nodes[index - 1];
    if (!found) throw new Error("no node");
    return found;
}

/** Reads back what one `key = "value"` line of TOML says; the escapes in use are a subset of JSON's. */
function tomlString(text: string, key: string): string {
    const line = text.split("\n").find((each) => each.startsWith(`${key} = `));
    return JSON.parse(line?.slice(key.length + 3) ?? "null") as string;
}

describe("a node's files", () => {
    it("has a mirror file for each image host, whatever the endpoint's characters", () => {
        fc.assert(
            fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("\u007f", 'a"b\\c', "\n")), (endpoint) => {
                const text = mirrorConfig(endpoint);
                expect(tomlString(text, "server")).toBe(endpoint);
                expect(text.split("\n").every((line) => ![...line].some((c) => c < " " || c === "\u007f"))).toBe(true);
            }),
        );
        expect([...nodeFiles(node(), { "registry.local": "http://127.0.0.1:32000" }, "overlayfs").keys()]).toContain(
            "mirrors/registry.local/hosts.toml",
        );
    });

    it("names the snapshotter the file system can do", () => {
        expect(tomlString(containerdConfig("native"), "snapshotter")).toBe("native");
    });

    it("leases pod addresses of the node's own network only", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1, max: 9 }), (index) => {
                const conflist = JSON.parse(nodeFiles(node(index), {}, "overlayfs").get("cni/10-pods.conflist") ?? "") as {
                    plugins: { ipam?: { ranges: { subnet: string }[][] } }[];
                };
                expect(conflist.plugins[0]?.ipam?.ranges).toEqual([[{ subnet: node(index).podCidr }]]);
            }),
        );
    });

    it("shows the kubelet the kernel settings it wants, so that it does not write the machine's", () => {
        const files = nodeFiles(node(), {}, "overlayfs");
        const shown = Object.keys(SHOWN_SYSCTLS).map((path) => [path, files.get(`sysctl/${path.replaceAll("/", ".")}`)?.trim()]);
        expect(shown).toEqual([
            ["vm/overcommit_memory", "1"],
            ["vm/panic_on_oom", "0"],
            ["kernel/panic", "10"],
            ["kernel/panic_on_oops", "1"],
            ["kernel/keys/root_maxkeys", "1000000"],
            ["kernel/keys/root_maxbytes", "25000000"],
        ]);
    });
});

const find = (kind: string): { data?: { Corefile: string }; spec?: { template: { metadata: { annotations: Record<string, string> } } } } =>
    clusterDns().find((each) => each.object.kind === kind)?.object as never;

describe("the cluster's objects", () => {
    it("are applied where their kind, namespace and name say", () => {
        for (const { path, object } of [nodeObject(node()), storageClass(), ...nodeVolumes(node()), ...clusterDns()]) {
            expect(path.endsWith(`/${object.metadata.name}`)).toBe(true);
            expect(path.includes("/namespaces/kube-system/")).toBe(object.metadata.namespace === "kube-system");
            expect(path.startsWith(object.apiVersion.includes("/") ? `/apis/${object.apiVersion}/` : "/api/v1/")).toBe(true);
        }
    });

    it("make other DNS pods when the DNS configuration changes", () => {
        expect(find("ConfigMap").data?.Corefile).toContain("kubernetes cluster.local");
        expect(Object.values(find("Deployment").spec?.template.metadata.annotations ?? {})).toEqual([
            expect.stringMatching(/^[0-9a-f]{16}$/),
        ]);
    });

    it("offer volumes that only pods of their own node can use", () => {
        const volumes = nodeVolumes(node(3)).map((each) => JSON.stringify(each.object));
        expect(volumes.every((text) => text.includes(`"values":["node-3"]`))).toBe(true);
        expect(new Set(volumes).size).toBe(8);
    });
});
