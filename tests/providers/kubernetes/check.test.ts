import * as fc from "fast-check";
import { Secret, Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import { checkInputs } from "../../../embedded/providers/kubernetes/check.ts";
import { isNamespacedKind, kindOfType, targetOf } from "../../../embedded/providers/kubernetes/kinds.ts";
import { urnOf } from "./support.ts";

const ask = { defaultNamespace: () => "team", isNamespaced: async () => true };

async function check(type: string, inputs: PropertyMap, olds?: PropertyMap) {
    return (await checkInputs(urnOf(type, "thing"), olds, inputs, ask)) as {
        inputs: PropertyMap & { metadata: PropertyMap };
        failures: { property: string; reason: string }[];
    };
}

describe("checking inputs", () => {
    it("fills in version, kind and namespace", async () => {
        expect(await check("core/v1:ConfigMap", { metadata: { name: "a" } })).toEqual({
            inputs: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "team" } },
            failures: [],
        });
        expect((await check("core/v1:Namespace", { metadata: { name: "a", namespace: "by-mistake" } })).inputs.metadata).toEqual({
            name: "a",
        });
    });

    it("makes up a name, marks it, and keeps it from then on", async () => {
        const { inputs } = await check("core/v1:ConfigMap", { metadata: { labels: { a: "b" } } });
        expect(inputs.metadata["name"]).toMatch(/^thing-[0-9a-f]{8}$/);
        expect(inputs.metadata["annotations"]).toEqual({ "pulumi.com/autonamed": "true" });
        expect((await check("core/v1:ConfigMap", { metadata: { labels: {} } }, inputs)).inputs.metadata["name"]).toBe(
            inputs.metadata["name"],
        );
        const given = await check("core/v1:ConfigMap", { metadata: { name: "given" } }, inputs);
        expect(given.inputs.metadata).toEqual({ name: "given", namespace: "team" });
    });

    it("does not take a name over that the program once gave", async () => {
        const { inputs } = await check("core/v1:ConfigMap", {}, { metadata: { name: "given" } });
        expect(inputs.metadata["name"]).toMatch(/^thing-/);
    });

    it("leaves unknown metadata and names alone", async () => {
        expect((await check("core/v1:ConfigMap", { metadata: Unknown.instance })).inputs.metadata).toBe(Unknown.instance);
        expect((await check("core/v1:ConfigMap", { metadata: { name: Unknown.instance } })).inputs.metadata["name"]).toBe(Unknown.instance);
    });

    it("refuses a version or kind that is not the type's", async () => {
        const { failures } = await check("apps/v1:Deployment", { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } });
        expect(failures).toEqual([
            { property: "apiVersion", reason: 'apiVersion is "v1", but the resource\'s type says apps/v1' },
            { property: "kind", reason: 'kind is "Pod", but the resource\'s type says Deployment' },
        ]);
    });

    it("refuses generateName and drops what only the server writes", async () => {
        const { inputs, failures } = await check("core/v1:ConfigMap", { metadata: { generateName: "a-", uid: "1", resourceVersion: "2" } });
        expect(failures.map(({ property }) => property)).toEqual(["metadata.generateName"]);
        expect(Object.keys(inputs.metadata).toSorted()).toEqual(["annotations", "generateName", "name", "namespace"]);
    });

    it("makes the data of a Secret secret", async () => {
        const { inputs } = await check("core/v1:Secret", { metadata: { name: "a" }, stringData: { a: "b" }, data: { c: "ZA==" } });
        expect(inputs["stringData"]).toEqual(new Secret({ a: "b" }));
        expect(inputs["data"]).toEqual(new Secret({ c: "ZA==" }));
    });

    it("gives the same again for what it gave", async () => {
        const label = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string());
        await fc.assert(
            fc.asyncProperty(label, fc.option(fc.stringMatching(/^[a-z]{1,9}$/)), async (labels, name) => {
                const given = { metadata: { labels, ...(name && { name }) } };
                const { inputs } = await check("core/v1:ConfigMap", given);
                expect((await check("core/v1:ConfigMap", given, inputs)).inputs).toEqual(inputs);
                expect((await check("core/v1:ConfigMap", inputs, inputs)).inputs).toEqual(inputs);
            }),
        );
    });
});

describe("types", () => {
    it.each([
        ["kubernetes:core/v1:Namespace", { group: "", version: "v1", kind: "Namespace" }],
        ["kubernetes:apps/v1:Deployment", { group: "apps", version: "v1", kind: "Deployment" }],
        ["kubernetes:mcpruntime.org/v1alpha1:MCPServer", { group: "mcpruntime.org", version: "v1alpha1", kind: "MCPServer" }],
        ["kubernetes:v1:Thing", { group: "", version: "v1", kind: "Thing" }],
        ["kubernetes:example.org/v1:AllowList", { group: "example.org", version: "v1", kind: "AllowList" }],
        ["kubernetes:example.org/v1:DispatchPatch", { group: "example.org", version: "v1", kind: "DispatchPatch" }],
    ])("%s", (type, kind) => {
        expect(kindOfType(type)).toEqual(kind);
    });

    it.each([
        ["kubernetes:core/v1:ConfigMapList", /cannot be created: lists only exist/],
        ["kubernetes:helm.sh/v3:Release", /helm.sh\/v3:Release is not supported.*render the chart/],
        ["kubernetes:helm.sh/v4:Chart", /is not supported/],
        ["kubernetes:yaml/v2:ConfigGroup", /is not supported/],
        ["kubernetes:yaml:ConfigFile", /is not supported/],
        ["kubernetes:kustomize:Directory", /is not supported/],
        ["kubernetes:Namespace", /expected kubernetes:<group>/],
    ])("%s is refused by name", (type, reason) => {
        expect(() => kindOfType(type)).toThrow(reason);
    });

    it.each([
        ["kubernetes:apps/v1:DeploymentPatch", "Deployment", { kind: "Deployment", patch: true }],
        ["kubernetes:apps/v1:DeploymentPatch", undefined, { kind: "Deployment", patch: true }],
        ["kubernetes:example.org/v1:DispatchPatch", "DispatchPatch", { kind: "DispatchPatch", patch: false }],
        ["kubernetes:example.org/v1:DispatchPatch", "Dispatch", { kind: "Dispatch", patch: true }],
        ["kubernetes:example.org/v1:DispatchPatchPatch", "DispatchPatch", { kind: "DispatchPatch", patch: true }],
    ])("%s with the kind %s is told from a patch", (type, declared, expected) => {
        const { kind, patch } = targetOf(`urn:pulumi:s::p::${type}::n`, declared === undefined ? undefined : { kind: declared });
        expect({ kind: kind.kind, patch }).toEqual(expected);
    });

    it("know the scope of built-in kinds and nothing of others", () => {
        expect(isNamespacedKind(kindOfType("kubernetes:core/v1:Namespace"))).toBe(false);
        expect(isNamespacedKind(kindOfType("kubernetes:core/v1:Service"))).toBe(true);
        expect(isNamespacedKind(kindOfType("kubernetes:networking.k8s.io/v1:IngressClass"))).toBe(false);
        expect(isNamespacedKind(kindOfType("kubernetes:networking.k8s.io/v1:NetworkPolicy"))).toBe(true);
        expect(isNamespacedKind(kindOfType("kubernetes:example.org/v1:Thing"))).toBeUndefined();
    });
});
