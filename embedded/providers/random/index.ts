/** The random provider: all that `@pulumi/random` has, with its names and semantics. */
import { randomBytes } from "node:crypto";
import { hash } from "bcryptjs";
import type { ResourceProvider } from "../../engine/provider.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { logicalProvider, type LogicalType, type Property } from "../shared/logical.ts";
import { integer, keepers, pet, shuffle } from "./choices.ts";
import { bytesOfText, randomString, stringFailures } from "./string.ts";
import { uuid4, uuid7, uuidTyped } from "./uuid.ts";

/** The cost of the official provider's hashes. */
const BCRYPT_COST = 10;

/** A hash is one of the first bytes; the algorithm takes no more. */
const BCRYPT_BYTES = 72;

const stringOptions: Readonly<Record<string, Property>> = {
    keepers,
    length: { type: "number", required: true },
    lower: { type: "boolean", default: true },
    upper: { type: "boolean", default: true },
    numeric: { type: "boolean", default: true },
    number: { type: "boolean", default: true },
    special: { type: "boolean", default: true },
    minLower: { type: "number", default: 0 },
    minUpper: { type: "number", default: 0 },
    minNumeric: { type: "number", default: 0 },
    minSpecial: { type: "number", default: 0 },
    overrideSpecial: { type: "string" },
};

/** `number` is the old name of `numeric`; both say the same in the outputs. */
function sameNumeric(inputs: PropertyMap): PropertyMap {
    const numeric = inputs["numeric"] ?? inputs["number"] ?? true;
    return { numeric, number: numeric };
}

const text = { properties: stringOptions, complete: sameNumeric, validate: stringFailures } satisfies Partial<LogicalType>;

function atLeastOne(property: string): NonNullable<LogicalType["validate"]> {
    return (inputs) => {
        const value = inputs[property];
        if (typeof value !== "number" || (Number.isInteger(value) && value >= 1)) return [];
        return [{ property, reason: `expected 1 or more, found ${value}` }];
    };
}

const hashOf = (result: string) => hash(Buffer.from(result).subarray(0, BCRYPT_BYTES).toString(), BCRYPT_COST);

const password: LogicalType = {
    ...text,
    computed: ["result", "bcryptHash"],
    secrets: ["result", "bcryptHash"],
    generate: async (inputs) => {
        const result = randomString(inputs);
        return { id: "none", values: { result, bcryptHash: await hashOf(result) } };
    },
    adopt: async (result) => ({
        id: "none",
        inputs: { length: Buffer.byteLength(result) },
        values: { result, bcryptHash: await hashOf(result) },
    }),
};

const string: LogicalType = {
    ...text,
    computed: ["result"],
    generate: async (inputs) => {
        const result = randomString(inputs);
        return { id: result, values: { result } };
    },
    adopt: (result) => ({ id: result, inputs: { length: Buffer.byteLength(result) }, values: { result } }),
};

/** The notations of an id, each with the prefix. */
function notations(bytes: Buffer, prefix: string): { readonly id: string; readonly values: PropertyMap } {
    const hex = bytes.toString("hex");
    const id = bytes.toString("base64url");
    const plain = { b64Std: bytes.toString("base64"), b64Url: id, dec: BigInt(`0x${hex || "0"}`).toString(), hex };
    return { id, values: Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, prefix + value])) };
}

const id: LogicalType = {
    properties: { keepers, byteLength: { type: "number", required: true }, prefix: { type: "string" } },
    computed: ["b64Std", "b64Url", "dec", "hex"],
    validate: atLeastOne("byteLength"),
    generate: async (inputs) =>
        notations(randomBytes(Number(inputs["byteLength"])), typeof inputs["prefix"] === "string" ? inputs["prefix"] : ""),
    adopt: (given) => {
        const comma = given.lastIndexOf(",");
        const prefix = comma < 0 ? "" : given.slice(0, comma);
        const bytes = bytesOfText(given.slice(comma + 1), "base64url");
        return { ...notations(bytes, prefix), inputs: { byteLength: bytes.length, ...(prefix && { prefix }) } };
    },
};

const bytesIn = (value: Buffer): PropertyMap => ({ base64: value.toString("base64"), hex: value.toString("hex") });

const bytes: LogicalType = {
    properties: { keepers, length: { type: "number", required: true } },
    computed: ["base64", "hex"],
    secrets: ["base64", "hex"],
    validate: atLeastOne("length"),
    generate: async (inputs) => ({ id: "none", values: bytesIn(randomBytes(Number(inputs["length"]))) }),
    adopt: (given) => {
        const value = bytesOfText(given, "base64");
        return { id: "none", inputs: { length: value.length }, values: bytesIn(value) };
    },
};

/** The provider of `@pulumi/random`. */
export function randomProvider(): ResourceProvider {
    return logicalProvider("random", "4.21.2", {
        "random:index/randomPassword:RandomPassword": password,
        "random:index/randomString:RandomString": string,
        "random:index/randomId:RandomId": id,
        "random:index/randomBytes:RandomBytes": bytes,
        "random:index/randomInteger:RandomInteger": integer,
        "random:index/randomPet:RandomPet": pet,
        "random:index/randomShuffle:RandomShuffle": shuffle,
        "random:index/randomUuid:RandomUuid": uuidTyped(uuid4),
        "random:index/randomUuid4:RandomUuid4": uuidTyped(uuid4),
        "random:index/randomUuid7:RandomUuid7": uuidTyped(uuid7),
    });
}
