/**
 * `google.protobuf.Struct` as bytes ⇄ plain values, without a message object for each of them: those cost more than
 * everything else that is done with a large object.
 */
import { Buffer } from "node:buffer";

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Wire types: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
export const LENGTH = 2;
const FIXED32 = 5;

export const tag = (field: number, type: number): number => field * 8 + type;

/** Field numbers of Struct, its entries, Value and ListValue. */
const STRUCT_FIELDS = tag(1, LENGTH);
const ENTRY = { key: tag(1, LENGTH), value: tag(2, LENGTH) } as const;
const VALUE = {
    null: tag(1, VARINT),
    number: tag(2, FIXED64),
    string: tag(3, LENGTH),
    bool: tag(4, VARINT),
    struct: tag(5, LENGTH),
    list: tag(6, LENGTH),
} as const;
const LIST_VALUES = tag(1, LENGTH);

/** Reads fields one after the other. */
export class Reader {
    readonly #bytes: Buffer;
    #at: number;

    constructor(bytes: Uint8Array) {
        this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#at = 0;
    }

    get at(): number {
        return this.#at;
    }

    get size(): number {
        return this.#bytes.length;
    }

    varint(): number {
        let value = 0;
        for (let factor = 1; ; factor *= 128) {
            const byte = this.#bytes.readUInt8(this.#at++);
            value += (byte & 0x7f) * factor;
            if (byte < 0x80) return value;
        }
    }

    double(): number {
        this.#at += 8;
        return this.#bytes.readDoubleLE(this.#at - 8);
    }

    /** The end of a field that begins here with its length. */
    end(): number {
        const length = this.varint();
        if (this.#at + length > this.#bytes.length) throw new RangeError("a message ends in the middle of a field");
        return this.#at + length;
    }

    text(): string {
        const end = this.end();
        const text = this.#bytes.toString("utf8", this.#at, end);
        this.#at = end;
        return text;
    }

    skip(type: number): void {
        if (type === VARINT) this.varint();
        else if (type === FIXED64) this.#at += 8;
        else if (type === LENGTH) this.#at = this.end();
        else if (type === FIXED32) this.#at += 4;
        else throw new RangeError(`a message has a field of wire type ${type}`);
    }
}

/** What becomes of strings and objects when they are read. */
export interface Reading<Value> {
    readonly text: (text: string) => Value;
    readonly object: (map: Record<string, Value | null | boolean | number>) => Value;
    readonly list: (items: (Value | null | boolean | number)[]) => Value;
}

type Read<Value> = Value | null | boolean | number;

/** Reads the fields of a Struct. */
export function readStruct<Value>(bytes: Uint8Array, reading: Reading<Value>): Record<string, Read<Value>> {
    const reader = new Reader(bytes);
    return structUntil(reader, reader.size, reading);
}

function structUntil<Value>(reader: Reader, end: number, reading: Reading<Value>): Record<string, Read<Value>> {
    const map: Record<string, Read<Value>> = {};
    while (reader.at < end) {
        const field = reader.varint();
        if (field !== STRUCT_FIELDS) {
            reader.skip(field % 8);
            continue;
        }
        let key = "";
        let value: Read<Value> = null;
        for (const entryEnd = reader.end(); reader.at < entryEnd;) {
            const part = reader.varint();
            if (part === ENTRY.key) key = reader.text();
            else if (part === ENTRY.value) value = valueUntil(reader, reader.end(), reading);
            else reader.skip(part % 8);
        }
        if (key === "__proto__") Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
        else map[key] = value;
    }
    return map;
}

function valueUntil<Value>(reader: Reader, end: number, reading: Reading<Value>): Read<Value> {
    let value: Read<Value> = null;
    while (reader.at < end) {
        const field = reader.varint();
        if (field === VALUE.string) value = reading.text(reader.text());
        else if (field === VALUE.number) value = reader.double();
        else if (field === VALUE.bool) value = reader.varint() !== 0;
        else if (field === VALUE.struct) value = reading.object(structUntil(reader, reader.end(), reading));
        else if (field === VALUE.list) value = reading.list(listUntil(reader, reader.end(), reading));
        else {
            reader.skip(field % 8);
            if (field === VALUE.null) value = null;
        }
    }
    return value;
}

function listUntil<Value>(reader: Reader, end: number, reading: Reading<Value>): Read<Value>[] {
    const items: Read<Value>[] = [];
    while (reader.at < end) {
        const field = reader.varint();
        if (field === LIST_VALUES) items.push(valueUntil(reader, reader.end(), reading));
        else reader.skip(field % 8);
    }
    return items;
}

/** Writes from the end to the beginning, so that a length is known when its turn comes. */
export class Writer {
    #bytes = Buffer.allocUnsafe(1024);
    #at = 1024;

    /** Bytes written. */
    get written(): number {
        return this.#bytes.length - this.#at;
    }

    #room(size: number): number {
        if (size > this.#at) {
            const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.written + size));
            const at = larger.length - this.written;
            this.#bytes.copy(larger, at, this.#at);
            this.#bytes = larger;
            this.#at = at;
        }
        this.#at -= size;
        return this.#at;
    }

    varint(value: number): void {
        let size = 1;
        for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
        let at = this.#room(size);
        for (let rest = value; ; rest = Math.floor(rest / 128)) {
            this.#bytes[at++] = rest >= 128 ? (rest % 128) + 128 : rest;
            if (rest < 128) return;
        }
    }

    double(value: number): void {
        const at = this.#room(8); // which may change the buffer
        this.#bytes.writeDoubleLE(value, at);
    }

    text(field: number, text: string): void {
        const size = Buffer.byteLength(text);
        const at = this.#room(size); // which may change the buffer
        this.#bytes.write(text, at, "utf8");
        this.varint(size);
        this.varint(field);
    }

    /** Closes what was written since `before` bytes were. */
    close(field: number, before: number): void {
        this.varint(this.written - before);
        this.varint(field);
    }

    result(): Buffer {
        return this.#bytes.subarray(this.#at);
    }
}

/** Makes of a value what is written for it: JSON, whose parts are asked for in their turn. */
export type Lowering<Value> = (value: Value) => null | boolean | number | string | readonly Value[] | Readonly<Record<string, Value>>;

/** Writes the fields of a Struct. */
export function writeStruct<Value>(map: Readonly<Record<string, Value>>, lower: Lowering<Value>): Uint8Array {
    const writer = new Writer();
    writeFields(writer, map, lower);
    return writer.result();
}

function writeFields<Value>(writer: Writer, map: Readonly<Record<string, Value>>, lower: Lowering<Value>): void {
    for (const [key, value] of Object.entries(map).toReversed()) {
        const before = writer.written;
        writeValue(writer, ENTRY.value, value, lower);
        writer.text(ENTRY.key, key);
        writer.close(STRUCT_FIELDS, before);
    }
}

function writeValue<Value>(writer: Writer, field: number, value: Value, lower: Lowering<Value>): void {
    const before = writer.written;
    const json = lower(value);
    if (typeof json === "string") writer.text(VALUE.string, json);
    else if (typeof json === "number") {
        writer.double(json);
        writer.varint(VALUE.number);
    } else if (json === null || typeof json === "boolean") {
        writer.varint(json === true ? 1 : 0);
        writer.varint(json === null ? VALUE.null : VALUE.bool);
    } else if (isList(json)) {
        for (const item of json.toReversed()) writeValue(writer, LIST_VALUES, item, lower);
        writer.close(VALUE.list, before);
    } else {
        writeFields(writer, json, lower);
        writer.close(VALUE.struct, before);
    }
    writer.close(field, before);
}

const isList = <Value>(json: readonly Value[] | Readonly<Record<string, Value>>): json is readonly Value[] => Array.isArray(json);
