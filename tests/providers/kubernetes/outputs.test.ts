/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import * as fc from "fast-check";
import { finishedOutputs } from "../../../embedded/engine/deployment/apply.ts";
import type { ResourceState } from "../../../embedded/engine/state/snapshot.ts";
import { Secret, type PropertyMap } from "../../../embedded/engine/values.ts";
import { toManifest, toProperties, type Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { checkpoint, importedInputs, liveInputs, previewedOutputs } from "../../../embedded/providers/kubernetes/outputs.ts";

const live = (rest: PropertyMap, metadata: PropertyMap = {}): Manifest =>
    ({
        apiVersion: "v1",
        kind: "ConfigMap",
        ...rest,
        metadata: { name: "a", namespace: "b", uid: "1", resourceVersion: "7", managedFields: [{ manager: "m" }], ...metadata },
    }) as unknown as Manifest;

describe("what is kept of an object", () => {
    it("is the object without its bookkeeping, and the field manager", () => {
        const outputs = checkpoint(live({ data: { x: "1" } }), "pulumi-kubernetes-1", { data: { x: "1" } });
        expect(outputs).toEqual({
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "a", namespace: "b", uid: "1", resourceVersion: "7" },
            data: { x: "1" },
            __inputs: { data: { x: "1" } },
            __fieldManager: "pulumi-kubernetes-1",
            __initialApiVersion: "v1",
        });
        expect(checkpoint(live({}), "m", {}, { __initialApiVersion: "v1beta1" })["__initialApiVersion"]).toBe("v1beta1");
    });

    it("has in the inputs for the official engine the secrets of the program's inputs", () => {
        const inputs = { data: { x: "1", y: "2" } };
        const state = { inputs: { data: { x: new Secret("1"), y: "2" } }, additionalSecretOutputs: [] } as unknown as ResourceState;
        expect(finishedOutputs(state, checkpoint(live(inputs), "m", inputs))).toMatchObject({
            data: { x: new Secret("1"), y: "2" },
            __inputs: { data: { x: new Secret("1"), y: "2" } },
        });
    });

    it("has the data of a Secret as secret", () => {
        const outputs = checkpoint({ ...live({ data: { p: "cGFzcw==" } }), kind: "Secret" }, "m", {
            apiVersion: "v1",
            kind: "Secret",
            stringData: { p: "pass" },
        });
        expect((outputs["__inputs"] as PropertyMap)["stringData"]).toEqual(new Secret({ p: "pass" }));
        expect(outputs["data"]).toEqual(new Secret({ p: "cGFzcw==" }));
        expect(importedInputs({ ...live({ data: { p: "cGFzcw==" } }), kind: "Secret" })["data"]).toBeInstanceOf(Secret);
    });

    it("writes the schema extensions of CRDs as the SDK does, and sends them as the server does", () => {
        const schema = { "x-kubernetes-preserve-unknown-fields": true, properties: { a: { "x-kubernetes-int-or-string": true } } };
        const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "a" }, spec: { schema } };
        const properties = toProperties(crd);
        expect(properties["spec"]).toEqual({
            schema: { x_kubernetes_preserve_unknown_fields: true, properties: { a: { x_kubernetes_int_or_string: true } } },
        });
        expect(toManifest(properties)).toEqual(crd);
    });

    it("sends neither nulls nor what only the server writes", () => {
        const inputs = {
            apiVersion: "core/v1",
            kind: "ConfigMap",
            metadata: { name: "a", uid: "1", labels: null },
            data: { a: null, b: "c" },
        };
        expect(toManifest(inputs)).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { b: "c" } });
    });
});

describe("reading an object again", () => {
    const inputs: PropertyMap = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "a", namespace: "b" },
        spec: { cpu: "1000m", ports: [{ port: 80 }], empty: {} },
    };
    const recorded = checkpoint(live({ spec: { cpu: "1", ports: [{ port: 80, protocol: "TCP" }] } }), "m", {});

    it("gives the inputs back as they were when nothing has changed, however the server writes them", () => {
        const again = live(
            { spec: { cpu: "1", ports: [{ port: 80, protocol: "TCP" }] }, status: { phase: "Active" } },
            { resourceVersion: "9" },
        );
        expect(liveInputs(again, inputs, recorded)).toEqual(inputs);
    });

    it("shows what has been changed, and only that", () => {
        const drifted = live({ spec: { cpu: "2", ports: [{ port: 81, protocol: "TCP" }], added: true } });
        expect(liveInputs(drifted, inputs, recorded)).toEqual({ ...inputs, spec: { cpu: "2", ports: [{ port: 81 }], empty: {} } });
    });

    it("shows what has been taken away", () => {
        const drifted = live({ spec: { cpu: "1", ports: [] } });
        expect(liveInputs(drifted, inputs, recorded)).toEqual({ ...inputs, spec: { cpu: "1000m", ports: [], empty: {} } });
        expect(liveInputs(live({}), inputs, recorded)).toEqual({
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "a", namespace: "b" },
        });
    });

    it("sees changed data behind stringData", () => {
        const secret = (value: string): Manifest => ({ ...live({ data: { p: Buffer.from(value).toString("base64") } }), kind: "Secret" });
        const given = { apiVersion: "v1", kind: "Secret", metadata: { name: "a", namespace: "b" }, stringData: { p: "one" } };
        const before = { ...checkpoint(secret("one"), "m", {}), data: { p: Buffer.from("one").toString("base64") } };
        expect(liveInputs(secret("one"), given, before)).toEqual(given);
        expect(liveInputs(secret("two"), given, before)["stringData"]).toEqual({ p: "two" });
    });

    it("finds no drift in an object that is as it was recorded, for any object and any inputs", () => {
        const value = fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.boolean()] }) as fc.Arbitrary<PropertyMap>;
        fc.assert(
            fc.property(value, value, (spec, given) => {
                const object = live({ spec });
                const declared = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, spec: given };
                expect(liveInputs(object, declared, checkpoint(object, "m", declared))).toEqual(declared);
            }),
        );
    });

    it("makes inputs for an object that was never declared", () => {
        const found = live(
            { data: { x: "1" }, status: { phase: "Active" } },
            {
                generation: 3,
                creationTimestamp: "2026-01-01T00:00:00Z",
                annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
                labels: { a: "b" },
            },
        );
        expect(importedInputs(found)).toEqual({
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "a", namespace: "b", labels: { a: "b" } },
            data: { x: "1" },
        });
    });
});

it("an update promises the old outputs with the new inputs in them", () => {
    const outputs = { kind: "Service", metadata: { name: "a", uid: "1" }, spec: { clusterIP: "10.0.0.1", ports: [1, 2] }, status: {} };
    expect(previewedOutputs(outputs, { kind: "Service", metadata: { name: "a" }, spec: { ports: [3] } })).toEqual({
        kind: "Service",
        metadata: { name: "a", uid: "1" },
        spec: { clusterIP: "10.0.0.1", ports: [3] },
        status: {},
    });
});
