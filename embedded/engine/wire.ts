/** Property values on the wire: `google.protobuf.Struct` with Pulumi's signatures ⇄ {@link PropertyValue}. */
import type { Struct, Value } from "google-protobuf/google/protobuf/struct_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { UserError } from "../common/errors.ts";
import { RawStruct } from "./raw-struct.ts";
import { readStruct, writeStruct } from "./structs.ts";
import { OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "./values.ts";

/** The key whose presence makes an object a special value, and what its value says. */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
export const signatures = {
    secret: "1b47061264138c4ac30d75fd1eb44270",
    output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
    resource: "5cf8f73096256a8f31e491e813e4eb8e",
    asset: "c44067f5952c0a294b673a41bacd8c17",
    archive: "0def7320c3a5731c473e5ecbe6d01bc7",
} as const;

/** How an unknown string is written, and with it every unknown that we send. */
export const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Unknowns by the type their value will have: string, boolean, number, array, asset, archive, object. */
const unknowns = new Set([
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Whether a string stands for an unknown value. */
export function isUnknownString(text: string): boolean {
    return unknowns.has(text);
}

/** Reads a struct; absent means no properties. Throws {@link UserError} for a special value of an unknown kind. */
export function decodeMap(struct: Struct | undefined): PropertyMap {
    if (!struct) return {};
    if (struct instanceof RawStruct && !struct.isOpen) return readStruct<PropertyValue>(struct.bytes, READING) as PropertyMap;
    const entries: [string, PropertyValue][] = [];
    struct.getFieldsMap().forEach((value, key) => entries.push([key, decode(value)]));
    return Object.fromEntries(entries);
}

/** Strings and objects that stand for something else become it. */
const READING = {
    text: (text: string): PropertyValue => (unknowns.has(text) ? Unknown.instance : text),
    object: (map: Record<string, PropertyValue>): PropertyValue => special(map),
    list: (items: PropertyValue[]): PropertyValue => items,
} as const;

export function decode(value: Value): PropertyValue {
    const kind = structs.Value.KindCase;
    switch (value.getKindCase()) {
        case kind.NUMBER_VALUE:
            return value.getNumberValue();
        case kind.STRING_VALUE:
            return READING.text(value.getStringValue());
        case kind.BOOL_VALUE:
            return value.getBoolValue();
        case kind.LIST_VALUE:
            return value.getListValue()?.getValuesList().map(decode) ?? [];
        case kind.STRUCT_VALUE:
            return special(decodeMap(value.getStructValue()));
        default:
            return null;
    }
}

function special(map: PropertyMap): PropertyValue {
    if (!Object.hasOwn(map, SIGNATURE_KEY)) return map;
    switch (map[SIGNATURE_KEY]) {
        case signatures.secret:
            return new Secret(map["value"] ?? null);
        case signatures.output: {
            const dependencies = Array.isArray(map["dependencies"]) ? map["dependencies"].filter((urn) => typeof urn === "string") : [];
            return new OutputValue(map["value"], map["secret"] === true, dependencies);
        }
        case signatures.resource: {
            const id = map["id"];
            const known = typeof id === "string" && id !== "" ? id : id === undefined || id === null ? undefined : Unknown.instance;
            return new ResourceReference(String(map["urn"]), known, typeof map["packageVersion"] === "string" ? map["packageVersion"] : "");
        }
        case signatures.asset:
        case signatures.archive:
            return map;
        default:
            throw new UserError(
                `A property holds a special value of an unknown kind (signature ${String(map[SIGNATURE_KEY])}): this version of the SDK sends what the embedded engine does not support.`,
            );
    }
}

export interface EncodeOptions {
    /** False sends resource references as the resource's id, or its URN when it has none. Default true. */
    readonly resources?: boolean;
    /** False sends the values of secrets bare. Default true. */
    readonly secrets?: boolean;
    /** True sends outputs as outputs, with their dependencies; otherwise as what they hold. Default false. */
    readonly outputs?: boolean;
}

/** Writes a struct. */
export function encodeMap(map: PropertyMap, options: EncodeOptions = {}): Struct {
    const struct = new structs.Struct();
    const fields = struct.getFieldsMap();
    for (const [key, value] of Object.entries(map)) fields.set(key, encode(value, options));
    return struct;
}

/** The same as bytes: as good as the message where it is only sent. */
export function encodeRaw(map: PropertyMap, options: EncodeOptions = {}): RawStruct {
    return new RawStruct(writeStruct<PropertyValue>(map, (value) => written(value, options)));
}

export function encode(value: PropertyValue, options: EncodeOptions = {}): Value {
    const result = new structs.Value();
    const json = written(value, options);
    if (json === null) result.setNullValue(structs.NullValue.NULL_VALUE);
    else if (typeof json === "string") result.setStringValue(json);
    else if (typeof json === "number") result.setNumberValue(json);
    else if (typeof json === "boolean") result.setBoolValue(json);
    else if (isList(json)) {
        const list = new structs.ListValue();
        list.setValuesList(json.map((item) => encode(item, options)));
        result.setListValue(list);
    } else result.setStructValue(encodeMap(json, options));
    return result;
}

type Written = null | boolean | number | string | readonly PropertyValue[] | PropertyMap;

const isList = (json: readonly PropertyValue[] | PropertyMap): json is readonly PropertyValue[] => Array.isArray(json);

/** What is written for a value: itself, or for what is not JSON an object with its signature or what it holds. */
function written(value: PropertyValue, options: EncodeOptions): Written {
    if (value instanceof Unknown) return UNKNOWN_STRING;
    if (value instanceof Secret) {
        return options.secrets === false ? written(value.value, options) : { [SIGNATURE_KEY]: signatures.secret, value: value.value };
    }
    if (value instanceof OutputValue) return options.outputs ? marked(value) : written(flattenOutput(value), options);
    if (value instanceof ResourceReference) {
        return options.resources === false ? written(value.id ?? value.urn, options) : referenceOf(value);
    }
    return value as Written;
}

const marked = (output: OutputValue): PropertyMap => ({
    [SIGNATURE_KEY]: signatures.output,
    ...(output.value === undefined ? {} : { value: output.value }),
    ...(output.secret ? { secret: true } : {}),
    ...(output.dependencies.length ? { dependencies: output.dependencies } : {}),
});

const referenceOf = (reference: ResourceReference): PropertyMap => ({
    [SIGNATURE_KEY]: signatures.resource,
    urn: reference.urn,
    ...(reference.id === undefined ? {} : { id: reference.id }),
    ...(reference.packageVersion ? { packageVersion: reference.packageVersion } : {}),
});

/** What an output holds: its value, {@link Unknown} when there is none yet, marked secret when the output is. */
export function flattenOutput(output: OutputValue): PropertyValue {
    const value = output.value === undefined ? Unknown.instance : output.value;
    return output.secret ? new Secret(value) : value;
}
