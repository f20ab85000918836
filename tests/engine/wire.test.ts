import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../embedded/engine/values.ts";
import { decodeMap, encodeMap, isUnknownString, SIGNATURE_KEY, signatures, UNKNOWN_STRING } from "../../embedded/engine/wire.ts";

const text = fc.string({ unit: "binary" }).filter((value) => !isUnknownString(value));
// Protobuf's own maps for JavaScript cannot hold a key of this name, in the SDK no more than here.
const UNSENDABLE = "__proto__";
const key = fc.string().filter((value) => value !== SIGNATURE_KEY && value !== UNSENDABLE);

const { value: anyValue } = fc.letrec<{ value: PropertyValue }>((tie) => ({
    value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true }),
        text,
        fc.constant(Unknown.instance),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
        tie("value").map((value) => new Secret(value)),
        fc
            .tuple(fc.option(tie("value"), { nil: undefined }), fc.boolean(), fc.array(text, { maxLength: 2 }))
            .map(([value, secret, urns]) => new OutputValue(value, secret, urns)),
        fc
            .tuple(
                text,
                fc.oneof(
                    fc.constant(undefined),
                    fc.constant(Unknown.instance),
                    text.filter((id) => id !== ""),
                ),
                text,
            )
            .map(([urn, id, version]) => new ResourceReference(urn, id, version)),
    ),
}));

const anyMap: fc.Arbitrary<PropertyMap> = fc.dictionary(key, anyValue, { maxKeys: 5, noNullPrototype: true });

describe("property values on the wire", () => {
    test("come back as they were, through bytes, with every mark", () => {
        fc.assert(
            fc.property(anyMap, (map) => {
                const bytes = encodeMap(map, { outputs: true }).serializeBinary();
                expect(decodeMap(structs.Struct.deserializeBinary(bytes))).toEqual(map);
            }),
        );
    });

    test("are what the SDK expects: its signatures and its unknown", () => {
        const map = {
            secret: new Secret("s"),
            unknown: Unknown.instance,
            reference: new ResourceReference("urn", "id", "1.0.0"),
            output: new OutputValue(undefined, true, ["urn"]),
        };
        expect(encodeMap(map, { outputs: true }).toJavaScript()).toEqual({
            secret: { [SIGNATURE_KEY]: signatures.secret, value: "s" },
            unknown: UNKNOWN_STRING,
            reference: { [SIGNATURE_KEY]: signatures.resource, urn: "urn", id: "id", packageVersion: "1.0.0" },
            output: { [SIGNATURE_KEY]: signatures.output, secret: true, dependencies: ["urn"] },
        });
        expect(encodeMap(map, { secrets: false, resources: false }).toJavaScript()).toEqual({
            secret: "s",
            unknown: UNKNOWN_STRING,
            reference: "id",
            output: UNKNOWN_STRING,
        });
    });

    test.each([
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    ])("know the unknown %s", (unknown) => {
        expect(decodeMap(structs.Struct.fromJavaScript({ a: unknown, b: [unknown] }))).toEqual({
            a: Unknown.instance,
            b: [Unknown.instance],
        });
    });

    test("keep assets and archives whole, and refuse special values of an unknown kind by name", () => {
        const asset = { [SIGNATURE_KEY]: signatures.asset, path: "./file" };
        const archive = { [SIGNATURE_KEY]: signatures.archive, assets: { "a.txt": asset } };
        expect(decodeMap(structs.Struct.fromJavaScript({ asset, archive }))).toEqual({ asset, archive });
        expect(() => decodeMap(structs.Struct.fromJavaScript({ odd: { [SIGNATURE_KEY]: "feedface" } }))).toThrow("signature feedface");
    });
});
