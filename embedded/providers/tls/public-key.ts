/** The function `tls:index/getPublicKey:getPublicKey`. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { createRequire } from "node:module";
import type * as ssh2 from "ssh2";
import { Secret, type PropertyMap } from "../../engine/values.ts";
import { failure, type LogicalFunction } from "../shared/logical.ts";
import { hashId } from "./keys.ts";
import { opensshPublicKey } from "./openssh.ts";

const ALGORITHMS: Readonly<Record<string, string>> = { rsa: "RSA", ec: "ECDSA", ed25519: "ED25519" };

/** Reads the public half of a private key, in PEM or in OpenSSH's format. */
export const getPublicKey: LogicalFunction = async (args) => {
    const { privateKeyPem: pem, privateKeyOpenssh: openssh } = args;
    if ((typeof pem === "string") === (typeof openssh === "string"))
        return failure("privateKeyPem", "give exactly one of privateKeyPem and privateKeyOpenssh");
    const [property, text] = typeof pem === "string" ? ["privateKeyPem", pem] : ["privateKeyOpenssh", String(openssh)];
    let key: KeyObject;
    try {
        key = property === "privateKeyPem" ? createPrivateKey(text) : readOpenssh(text);
    } catch {
        // The reason of the library may hold parts of the key.
        return failure(property, `not a private key in ${property === "privateKeyPem" ? "PEM" : "OpenSSH's format, without a passphrase"}`);
    }
    const algorithm = ALGORITHMS[key.asymmetricKeyType ?? ""];
    if (!algorithm) return failure(property, `expected a key for RSA, ECDSA or ED25519, found one for ${key.asymmetricKeyType}`);
    const publicKey = createPublicKey(key);
    const outputs: PropertyMap = {
        [property]: new Secret(text),
        algorithm,
        id: hashId(publicKey.export({ type: "spki", format: "der" })),
        publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
        ...opensshPublicKey(key),
    };
    return { outputs };
};

function readOpenssh(text: string): KeyObject {
    // Loaded when it is needed: few programs call this.
    const { utils } = createRequire(import.meta.url)("ssh2") as typeof ssh2;
    const parsed = utils.parseKey(text);
    if (parsed instanceof Error) throw parsed;
    return createPrivateKey(parsed.getPrivatePEM());
}
