import { createHash, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { PropertyMap } from "../../engine/values.ts";
import type { LogicalType } from "../shared/logical.ts";
import { opensshKey } from "./openssh.ts";

const generate = promisify(generateKeyPair);

const CURVES: Readonly<Record<string, string>> = { P224: "secp224r1", P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" };

async function newKey(inputs: PropertyMap): Promise<KeyObject> {
    switch (inputs["algorithm"]) {
        case "RSA":
            return (await generate("rsa", { modulusLength: Number(inputs["rsaBits"]) })).privateKey;
        case "ECDSA":
            return (await generate("ec", { namedCurve: CURVES[String(inputs["ecdsaCurve"])] ?? "" })).privateKey;
        default:
            return (await generate("ed25519")).privateKey;
    }
}

/** The PEM of a key in the format its algorithm is known for: PKCS#1 for RSA, SEC 1 for ECDSA, PKCS#8 for Ed25519. */
function traditionalPem(key: KeyObject): string {
    const type = key.asymmetricKeyType === "rsa" ? "pkcs1" : key.asymmetricKeyType === "ec" ? "sec1" : "pkcs8";
    return key.export({ type, format: "pem" }).toString();
}

/** The id the official provider gives to what has no number of its own: a hash of its DER. */
export function hashId(der: ArrayBuffer | Buffer): string {
    return createHash("sha1")
        .update(Buffer.isBuffer(der) ? der : new Uint8Array(der))
        .digest("hex");
}

/** `tls:index/privateKey:PrivateKey`. */
export const privateKey: LogicalType = {
    properties: {
        algorithm: { type: "string", required: true },
        rsaBits: { type: "number", default: 2048 },
        ecdsaCurve: { type: "string", default: "P224" },
    },
    computed: [
        "privateKeyPem",
        "privateKeyPemPkcs8",
        "privateKeyOpenssh",
        "publicKeyPem",
        "publicKeyOpenssh",
        "publicKeyFingerprintMd5",
        "publicKeyFingerprintSha256",
    ],
    secrets: ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"],
    validate: ({ algorithm, rsaBits, ecdsaCurve }) => [
        ...(typeof algorithm === "string" && !["RSA", "ECDSA", "ED25519"].includes(algorithm)
            ? [{ property: "algorithm", reason: `expected RSA, ECDSA or ED25519, found ${algorithm}` }]
            : []),
        ...(typeof ecdsaCurve === "string" && !(ecdsaCurve in CURVES)
            ? [{ property: "ecdsaCurve", reason: `expected one of ${Object.keys(CURVES).join(", ")}, found ${ecdsaCurve}` }]
            : []),
        ...(algorithm === "RSA" && typeof rsaBits === "number" && !(Number.isInteger(rsaBits) && rsaBits >= 1024 && rsaBits <= 16_384)
            ? [{ property: "rsaBits", reason: `expected 1024 to 16384, found ${rsaBits}` }]
            : []),
    ],
    generate: async (inputs) => {
        const key = await newKey(inputs);
        const publicKey = createPublicKey(key);
        const values = {
            privateKeyPem: traditionalPem(key),
            privateKeyPemPkcs8: key.export({ type: "pkcs8", format: "pem" }).toString(),
            publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
            ...opensshKey(key),
        };
        return { id: hashId(publicKey.export({ type: "spki", format: "der" })), values };
    },
};
