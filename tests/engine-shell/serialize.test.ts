import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { goJson } from "../../embedded/engine/state/json.ts";
import { CiphertextMemory, plainCrypter } from "../../embedded/engine/state/secrets.ts";
import { deserializeMap, serializeMap } from "../../embedded/engine/state/serialize-values.ts";
import { CheckpointWriter, deserializeDeployment, goTime, serializeResource } from "../../embedded/engine/state/serialize.ts";
import type { ResourceState } from "../../embedded/engine/state/snapshot.ts";
import type { DeploymentV3, VersionedCheckpoint } from "../../embedded/engine/state/types.ts";
import { ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../embedded/engine/values.ts";
import { countingManager, resource, snapshot, STACK, urn } from "./support.ts";

const FULL = resource("pkg:index:Thing", "full", {
    delete: true,
    id: "id-1",
    inputs: { b: 1, a: "x" },
    outputs: { s: new Secret({ password: "p<w>&" }) },
    parent: STACK,
    protect: true,
    external: true,
    dependencies: [STACK],
    initErrors: ["not ready"],
    provider: `${urn("pulumi:providers:pkg", "default")}::1`,
    propertyDependencies: { b: [], a: [STACK] },
    pendingReplacement: true,
    additionalSecretOutputs: ["s"],
    aliases: [urn("pkg:index:Thing", "old")],
    customTimeouts: { create: 60, update: 0 },
    importID: "imported",
    retainOnDelete: true,
    deletedWith: STACK,
    created: "2026-01-01T00:00:00Z",
    modified: "2026-01-02T00:00:00Z",
    sourcePosition: "project:///index.ts#1,2",
    ignoreChanges: ["a"],
    hideDiff: ["b"],
    replaceOnChanges: ["a"],
});

test("writes the fields in the order of Pulumi's types", () => {
    const text = goJson(serializeResource(FULL, { crypter: undefined }));
    expect(text).toBe(
        `{"urn":"urn:pulumi:dev::trial::pkg:index:Thing::full","custom":true,"delete":true,"id":"id-1","type":"pkg:index:Thing",` +
            `"inputs":{"a":"x","b":1},"outputs":{"s":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"{\\"password\\":\\"p\\\\u003cw\\\\u003e\\\\u0026\\"}"}},` +
            `"parent":"${STACK}","protect":true,"external":true,"dependencies":["${STACK}"],"initErrors":["not ready"],` +
            `"provider":"urn:pulumi:dev::trial::pulumi:providers:pkg::default::1","propertyDependencies":{"a":["${STACK}"],"b":[]},` +
            `"pendingReplacement":true,"additionalSecretOutputs":["s"],"aliases":["urn:pulumi:dev::trial::pkg:index:Thing::old"],` +
            `"customTimeouts":{"create":60},"importID":"imported","retainOnDelete":true,"deletedWith":"${STACK}",` +
            `"created":"2026-01-01T00:00:00Z","modified":"2026-01-02T00:00:00Z","sourcePosition":"project:///index.ts#1,2",` +
            `"ignoreChanges":["a"],"hideDiff":["b"],"replaceOnChanges":["a"]}`,
    );
});

test("leaves out what is empty", () => {
    expect(
        goJson(serializeResource(resource("pkg:index:Thing", "bare", { custom: false, protect: false, id: "" }), { crypter: undefined })),
    ).toBe('{"urn":"urn:pulumi:dev::trial::pkg:index:Thing::bare","custom":false,"type":"pkg:index:Thing"}');
});

test.each([
    [{ b: 1, "10": 2, "9": 3, a: 4 }, '{"10":2,"9":3,"a":4,"b":1}'],
    [{ line: "a\u2028b", html: "<&>", tab: "\t" }, '{"html":"<&>","line":"a\\u2028b","tab":"\\t"}'],
    [{ big: 1e21, small: 1e-7, list: [], map: {} }, '{"big":1e+21,"list":[],"map":{},"small":1e-7}'],
])("orders and escapes as Go does: %j", (map, text) => {
    expect(goJson(serializeMap(map, { crypter: undefined }, ""))).toBe(text);
});

test("indents maps with numeric keys as all others", () => {
    expect(goJson({ z: { "2": [1], "1": {} } }, "  ")).toBe('{\n  "z": {\n    "1": {},\n    "2": [\n      1\n    ]\n  }\n}');
});

const values: fc.Arbitrary<PropertyValue> = fc.letrec<{ value: PropertyValue; leaf: PropertyValue }>((tie) => ({
    leaf: fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.double({ noDefaultInfinity: false }).map((n) => (Object.is(n, -0) ? 0 : n)),
        fc.string({ unit: "binary" }),
        fc.constant(Unknown.instance),
        fc
            .record({ urn: fc.string(), id: fc.option(fc.string(), { nil: undefined }) })
            .map(({ urn, id }) => new ResourceReference(urn, id, "1.0.0")),
    ),
    value: fc.oneof(
        { depthSize: "small" },
        tie("leaf"),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
        tie("value").map((value) => new Secret(value)),
    ),
})).value;

test("reads back every value it writes, sealed or in clear", () => {
    fc.assert(
        fc.property(fc.dictionary(fc.string(), values, { maxKeys: 5, noNullPrototype: true }), (map) => {
            for (const crypter of [countingManager(), undefined]) {
                const stored = JSON.parse(goJson(serializeMap(map as PropertyMap, { crypter }, "at"))) as Parameters<
                    typeof deserializeMap
                >[0];
                expect(deserializeMap(stored, { crypter: crypter ?? plainCrypter }, "at")).toEqual(map);
            }
        }),
        { numRuns: 300 },
    );
});

function thing(password: string, other: string): ResourceState {
    return resource("pkg:index:Thing", "a", { inputs: { password: new Secret(password), other: new Secret(other) } });
}

function resourcesOf(text: string): unknown {
    return (JSON.parse(text) as VersionedCheckpoint).checkpoint.latest?.resources;
}

test("stores a state without changes with the same bytes, and only changed secrets anew", () => {
    const manager = countingManager();
    const first = new CheckpointWriter("organization/trial/dev", manager, new CiphertextMemory()).write(snapshot(thing("one", "same")));
    const stored = JSON.parse(first) as VersionedCheckpoint;
    const memory = new CiphertextMemory();
    const read = deserializeDeployment(stored.checkpoint.latest as DeploymentV3, manager, memory);
    expect(read.resources).toEqual([thing("one", "same")]);

    const writer = new CheckpointWriter("organization/trial/dev", manager, memory);
    expect(resourcesOf(writer.write(read))).toEqual(stored.checkpoint.latest?.resources);
    // A program that ran again has new objects of equal content.
    expect(resourcesOf(writer.write(snapshot(thing("one", "same"))))).toEqual(stored.checkpoint.latest?.resources);
    expect(manager.count).toBe(2);
    writer.write(snapshot(thing("two", "same")));
    expect(manager.count).toBe(3);
});

test("writes pending operations behind the resources", () => {
    const pending = { resource: resource("pkg:index:Thing", "p"), type: "creating" as const };
    const text = new CheckpointWriter("organization/trial/dev", countingManager(), new CiphertextMemory()).write({
        resources: [],
        pendingOperations: [pending],
    });
    const { latest } = (JSON.parse(text) as VersionedCheckpoint).checkpoint;
    expect(Object.keys(latest ?? {})).toEqual(["manifest", "secrets_providers", "pending_operations", "metadata"]);
    expect(deserializeDeployment(latest as DeploymentV3, plainCrypter).pendingOperations).toEqual([pending]);
});

test("refuses by name what a newer engine wrote about a resource", () => {
    const stored = { ...serializeResource(FULL, { crypter: undefined }), snippetID: "x", viewOf: STACK };
    expect(() =>
        deserializeDeployment({ manifest: { time: "", magic: "", version: "" }, resources: [stored], metadata: {} }, plainCrypter),
    ).toThrow(
        "The state of urn:pulumi:dev::trial::pkg:index:Thing::full has viewOf, snippetID, which the embedded engine does not support. Use the official Pulumi CLI for this stack.",
    );
});

test.each([
    ["2026-01-01T10:00:00.000Z", "2026-01-01T10:00:00Z"],
    ["2026-01-01T10:00:10.120Z", "2026-01-01T10:00:10.12Z"],
])("writes the time %s as Go does", (time, text) => {
    expect(goTime(new Date(time))).toBe(text);
});
