/** Messages whose properties stay bytes until somebody asks for them. */
import { Buffer } from "node:buffer";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { LENGTH, Reader, tag, Writer } from "./structs.ts";

/** A Struct that is kept as its bytes until somebody asks for its fields. */
export class RawStruct extends structs.Struct {
    readonly bytes: Uint8Array;
    #opened: structs.Struct | undefined;

    constructor(bytes: Uint8Array) {
        super();
        this.bytes = bytes;
    }

    /** Whether somebody asked for the fields, and may have changed them: the bytes then say nothing any more. */
    get isOpen(): boolean {
        return this.#opened !== undefined;
    }

    override getFieldsMap(): ReturnType<structs.Struct["getFieldsMap"]> {
        this.#opened ??= structs.Struct.deserializeBinary(this.bytes);
        return this.#opened.getFieldsMap();
    }

    /** What protobuf's own clone would be, of which it knows nothing here. */
    copy(): RawStruct {
        return new RawStruct(this.#opened ? this.#opened.serializeBinary() : this.bytes);
    }
}

/**
 * Takes one field of a message out of it.
 * @returns undefined when the message does not have it exactly once
 */
export function takeField(message: Uint8Array, number: number): { readonly field: Uint8Array; readonly rest: Uint8Array } | undefined {
    const reader = new Reader(message);
    let found: { readonly from: number; readonly content: number; readonly to: number } | undefined;
    while (reader.at < reader.size) {
        const from = reader.at;
        const field = reader.varint();
        if (field === tag(number, LENGTH)) {
            if (found) return undefined;
            const content = reader.at;
            reader.skip(LENGTH);
            found = { from, content, to: reader.at };
        } else reader.skip(field % 8);
    }
    if (!found) return undefined;
    const inner = new Reader(message.subarray(found.content, found.to));
    inner.varint();
    return {
        field: message.subarray(found.content + inner.at, found.to),
        rest: Buffer.concat([message.subarray(0, found.from), message.subarray(found.to)]),
    };
}

/** A message with one more field at its end. */
export function withField(message: Uint8Array, number: number, field: Uint8Array): Buffer {
    const writer = new Writer();
    writer.varint(field.length);
    writer.varint(tag(number, LENGTH));
    return Buffer.concat([message, writer.result(), field]);
}
