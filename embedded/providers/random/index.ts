/** The random provider: `@pulumi/random`'s passwords, strings, ids, bytes and UUIDs, with its names and semantics. */
import { randomBytes, randomUUID } from "node:crypto";
import { hash } from "bcryptjs";
import type { ResourceProvider } from "../../engine/provider.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { logicalProvider, type LogicalType, type Property } from "../shared/logical.ts";
import { randomString, stringFailures } from "./string.ts";

/** The cost of the official provider's hashes. */
const BCRYPT_COST = 10;

const keepers: Property = { type: "map" };

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

const password: LogicalType = {
    ...text,
    computed: ["result", "bcryptHash"],
    secrets: ["result", "bcryptHash"],
    generate: async (inputs) => {
        const result = randomString(inputs);
        const bcryptHash = await hash(Buffer.from(result).subarray(0, 72).toString(), BCRYPT_COST);
        return { id: "none", values: { result, bcryptHash } };
    },
};

const string: LogicalType = {
    ...text,
    computed: ["result"],
    generate: async (inputs) => {
        const result = randomString(inputs);
        return { id: result, values: { result } };
    },
};

const id: LogicalType = {
    properties: { keepers, byteLength: { type: "number", required: true }, prefix: { type: "string" } },
    computed: ["b64Std", "b64Url", "dec", "hex"],
    validate: atLeastOne("byteLength"),
    generate: async (inputs) => {
        const bytes = randomBytes(Number(inputs["byteLength"]));
        const prefix = typeof inputs["prefix"] === "string" ? inputs["prefix"] : "";
        const hex = bytes.toString("hex");
        const plain = { b64Std: bytes.toString("base64"), b64Url: bytes.toString("base64url"), dec: BigInt(`0x${hex}`).toString(), hex };
        return { id: plain.b64Url, values: Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, prefix + value])) };
    },
};

const bytes: LogicalType = {
    properties: { keepers, length: { type: "number", required: true } },
    computed: ["base64", "hex"],
    secrets: ["base64", "hex"],
    validate: atLeastOne("length"),
    generate: async (inputs) => {
        const value = randomBytes(Number(inputs["length"]));
        return { id: "none", values: { base64: value.toString("base64"), hex: value.toString("hex") } };
    },
};

const uuid: LogicalType = {
    properties: { keepers },
    computed: ["result"],
    generate: async () => {
        const result = randomUUID();
        return { id: result, values: { result } };
    },
};

/** The provider of `@pulumi/random`. Other types of the package are refused by name. */
export function randomProvider(): ResourceProvider {
    return logicalProvider("random", "4.21.2", {
        "random:index/randomPassword:RandomPassword": password,
        "random:index/randomString:RandomString": string,
        "random:index/randomId:RandomId": id,
        "random:index/randomBytes:RandomBytes": bytes,
        "random:index/randomUuid:RandomUuid": uuid,
    });
}
