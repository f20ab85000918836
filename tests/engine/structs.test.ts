import { describe, expect, test } from "@jest/globals";
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import * as fc from "fast-check";
import structs, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { monitorDefinition } from "../../embedded/engine/host/registrations.ts";
import { RawStruct, takeField, withField } from "../../embedded/engine/raw-struct.ts";
import { readStruct, writeStruct, type Json } from "../../embedded/engine/structs.ts";
import { decodeMap } from "../../embedded/engine/wire.ts";

const READING = {
    text: (text: string): Json => text,
    object: (map: Record<string, Json>): Json => map,
    list: (items: Json[]): Json => items,
};
const read = (bytes: Uint8Array) => readStruct<Json>(bytes, READING);
const write = (map: Record<string, Json>) => writeStruct<Json>(map, (value) => value as never);

/** What is read, as JSON, or the name of the error. */
function readOrName(bytes: Uint8Array): string {
    try {
        return JSON.stringify(read(bytes));
    } catch (error) {
        return (error as Error).name;
    }
}

// Protobuf's own maps for JavaScript cannot hold a key of this name.
const anyObject = fc
    .dictionary(
        fc.string({ unit: "binary" }).filter((key) => key !== "__proto__"),
        fc.jsonValue({ maxDepth: 5 }),
        { noNullPrototype: true },
    )
    .filter((map) => !JSON.stringify(map).includes("__proto__")) as fc.Arbitrary<Record<string, JavaScriptValue>>;

describe("structs as bytes", () => {
    test("are read as protobuf's own messages are", () => {
        fc.assert(
            fc.property(anyObject, (map) => {
                const message = structs.Struct.fromJavaScript(map);
                expect(read(message.serializeBinary())).toEqual(message.toJavaScript());
            }),
        );
    });

    test("are written so that protobuf reads the same", () => {
        fc.assert(
            fc.property(anyObject, (map) => {
                const bytes = write(map as Record<string, Json>);
                expect(structs.Struct.deserializeBinary(bytes).toJavaScript()).toEqual(structs.Struct.fromJavaScript(map).toJavaScript());
                expect(new RawStruct(bytes).toJavaScript()).toEqual(structs.Struct.fromJavaScript(map).toJavaScript());
            }),
        );
    });

    test("may hold a key that JavaScript gives a meaning, as any other", () => {
        const map = JSON.parse('{"__proto__":{"a":1}}') as Record<string, Json>;
        expect(Object.entries(read(write(map)))).toEqual([["__proto__", { a: 1 }]]);
    });

    test("that are cut short or have a field of an unknown type are refused, and unknown fields are passed over", () => {
        const bytes = write({ key: "value", list: [1, true, null] });
        const found = Array.from({ length: bytes.length - 1 }, (_, index) => readOrName(bytes.subarray(0, index + 1)));
        // Cut between its two fields it is a struct with the first.
        expect(new Set(found)).toEqual(new Set(["RangeError", '{"key":"value"}']));
        expect(found.filter((one) => one !== "RangeError")).toHaveLength(1);
        expect(() => read(Uint8Array.of(0x0b))).toThrow("a message has a field of wire type 3");
        const unknown = Uint8Array.of(0x78, 0x01, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8);
        expect(read(Buffer.concat([unknown, withField(bytes, 9, Uint8Array.of(1))]))).toEqual({ key: "value", list: [1, true, null] });
    });

    test("that are longer than the first room for them are written whole", () => {
        const map = { long: "ä".repeat(5_000), list: Array.from({ length: 3_000 }, (_, index) => index) };
        expect(read(write(map))).toEqual(map);
    });
});

describe("a field of a message", () => {
    const request = new proto.RegisterResourceRequest();
    request.setName("name");
    request.setObject(structs.Struct.fromJavaScript({ a: "b" }));
    request.setProtect(false);

    test("is taken out and the rest stays", () => {
        const taken = takeField(request.serializeBinary(), 5);
        expect(read(taken?.field ?? new Uint8Array())).toEqual({ a: "b" });
        const rest = proto.RegisterResourceRequest.deserializeBinary(taken?.rest ?? new Uint8Array());
        expect([rest.getName(), rest.hasObject(), rest.hasProtect()]).toEqual(["name", false, true]);
    });

    test("that is absent or repeated is left to protobuf", () => {
        expect(takeField(new proto.RegisterResourceRequest().serializeBinary(), 5)).toBeUndefined();
        const twice = Buffer.concat([request.serializeBinary(), request.serializeBinary()]);
        expect(takeField(twice, 5)).toBeUndefined();
        expect(monitorDefinition.registerResource.requestDeserialize(twice).getObject()?.toJavaScript()).toEqual({ a: "b" });
    });

    test("of a registration is in its clones, and in what is changed of it", () => {
        const received = monitorDefinition.registerResource.requestDeserialize(Buffer.from(request.serializeBinary()));
        const clone = received.cloneMessage().cloneMessage();
        expect([clone.getName(), decodeMap(clone.getObject())]).toEqual(["name", { a: "b" }]);
        const value = new structs.Value();
        value.setStringValue("d");
        clone.getObject()?.getFieldsMap().set("c", value);
        expect(decodeMap(clone.getObject())).toEqual({ a: "b", c: "d" });
        expect(decodeMap(clone.cloneMessage().getObject())).toEqual({ a: "b", c: "d" });
        expect(decodeMap(received.getObject())).toEqual({ a: "b" });
        received.setObject(structs.Struct.fromJavaScript({ e: "f" }));
        expect(decodeMap(received.cloneMessage().getObject())).toEqual({ e: "f" });
    });

    test("of a registration goes there and back", () => {
        const { requestDeserialize, responseSerialize } = monitorDefinition.registerResource;
        const received = requestDeserialize(Buffer.from(request.serializeBinary()));
        expect([received.getName(), received.getObject()?.toJavaScript()]).toEqual(["name", { a: "b" }]);
        expect(proto.RegisterResourceRequest.deserializeBinary(received.serializeBinary()).getObject()?.toJavaScript()).toEqual({ a: "b" });
        const response = new proto.RegisterResourceResponse();
        response.setUrn("urn");
        response.setObject(new RawStruct(write({ c: [1] })));
        const sent = proto.RegisterResourceResponse.deserializeBinary(responseSerialize(response));
        expect([sent.getUrn(), sent.getObject()?.toJavaScript()]).toEqual(["urn", { c: [1] }]);
    });
});
