import { createPrivateKey, createPublicKey, webcrypto, type KeyObject } from "node:crypto";

interface KeyKind {
    /** As the outputs `keyAlgorithm` and `caKeyAlgorithm` say it. */
    readonly algorithm: "RSA" | "ECDSA" | "ED25519";
    readonly parameters: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
    /** The hash of a signature is as long as the curve is wide. */
    readonly signature: { readonly name: string; readonly hash: string };
}

/** A private key that signs certificates and requests, with its public half. */
export interface SigningKeys extends KeyKind {
    readonly keys: webcrypto.CryptoKeyPair;
}

const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly hash: string }>> = {
    prime256v1: { namedCurve: "P-256", hash: "SHA-256" },
    secp384r1: { namedCurve: "P-384", hash: "SHA-384" },
    secp521r1: { namedCurve: "P-521", hash: "SHA-512" },
};

function kindOf(key: KeyObject, property: string): KeyKind {
    const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    if (key.asymmetricKeyType === "rsa") return { algorithm: "RSA", parameters: rsa, signature: rsa };
    if (key.asymmetricKeyType === "ed25519") {
        return { algorithm: "ED25519", parameters: { name: "Ed25519" }, signature: { name: "Ed25519", hash: "SHA-512" } };
    }
    const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
    if (!curve)
        throw new Error(
            `${property}: certificates are signed with RSA, Ed25519 or ECDSA on P256, P384 or P521; this key is of another kind`,
        );
    return {
        algorithm: "ECDSA",
        parameters: { name: "ECDSA", namedCurve: curve.namedCurve },
        signature: { name: "ECDSA", hash: curve.hash },
    };
}

/** Reads a private key in PEM (PKCS#1, SEC 1 or PKCS#8). Errors name `property` and never contain the key. */
export async function signingKeys(pem: string, property: string): Promise<SigningKeys> {
    let key: KeyObject;
    try {
        key = createPrivateKey(pem);
    } catch {
        throw new Error(`${property}: not a private key in PEM`);
    }
    const kind = kindOf(key, property);
    const der = {
        privateKey: key.export({ type: "pkcs8", format: "der" }),
        publicKey: createPublicKey(key).export({ type: "spki", format: "der" }),
    };
    const [privateKey, publicKey] = await Promise.all([
        webcrypto.subtle.importKey("pkcs8", Uint8Array.from(der.privateKey), kind.parameters, false, ["sign"]),
        webcrypto.subtle.importKey("spki", Uint8Array.from(der.publicKey), kind.parameters, true, ["verify"]),
    ]);
    return { ...kind, keys: { privateKey, publicKey } };
}
