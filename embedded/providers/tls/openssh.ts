/** OpenSSH's own encodings of keys (RFC 4253 section 6.6, and PROTOCOL.key for the private ones). */
import { createHash, randomBytes, type KeyObject } from "node:crypto";

const CURVES: Readonly<Record<string, string>> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

function uint32(value: number): Buffer {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(value);
    return buffer;
}

function string(value: string | Buffer): Buffer {
    const bytes = Buffer.from(value);
    return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A multiple-precision integer: no leading zeros but the one that keeps it positive. */
function integer(value: string | Buffer): Buffer {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value, "base64url");
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start++;
    const trimmed = bytes.subarray(start);
    return string((trimmed[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed);
}

const raw = (value: string | undefined) => Buffer.from(value ?? "", "base64url");

interface Encoded {
    readonly name: string;
    readonly publicBlob: Buffer;
    readonly privateFields: Buffer;
}

function encode(key: KeyObject): Encoded | undefined {
    const jwk = key.export({ format: "jwk" });
    if (jwk.kty === "RSA") {
        const name = "ssh-rsa";
        const publicBlob = Buffer.concat([string(name), integer(jwk.e ?? ""), integer(jwk.n ?? "")]);
        const fields = [jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map((field) => integer(field ?? ""));
        return { name, publicBlob, privateFields: Buffer.concat([string(name), ...fields]) };
    }
    if (jwk.kty === "OKP") {
        const name = "ssh-ed25519";
        const publicBlob = Buffer.concat([string(name), string(raw(jwk.x))]);
        return { name, publicBlob, privateFields: Buffer.concat([publicBlob, string(Buffer.concat([raw(jwk.d), raw(jwk.x)]))]) };
    }
    const curve = CURVES[jwk.crv ?? ""];
    if (!curve) return undefined;
    const name = `ecdsa-sha2-${curve}`;
    const point = Buffer.concat([Buffer.of(4), raw(jwk.x), raw(jwk.y)]);
    const publicBlob = Buffer.concat([string(name), string(curve), string(point)]);
    return { name, publicBlob, privateFields: Buffer.concat([publicBlob, integer(raw(jwk.d))]) };
}

function privatePem({ publicBlob, privateFields }: Encoded): string {
    const check = randomBytes(4);
    const unpadded = Buffer.concat([check, check, privateFields, string("")]);
    const padding = Buffer.from(Array.from({ length: (8 - (unpadded.length % 8)) % 8 }, (_, index) => index + 1));
    const body = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        string("none"),
        string("none"),
        string(""),
        uint32(1),
        string(publicBlob),
        string(Buffer.concat([unpadded, padding])),
    ]);
    const lines = body.toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** A public key as OpenSSH writes it. */
export interface OpensshPublicKey {
    /** A line of `authorized_keys`, with its line feed. */
    readonly publicKeyOpenssh: string;
    /** `aa:bb:…` */
    readonly publicKeyFingerprintMd5: string;
    /** `SHA256:…` */
    readonly publicKeyFingerprintSha256: string;
}

export interface OpensshKey extends OpensshPublicKey {
    readonly privateKeyOpenssh: string;
}

/** OpenSSH does not have the curve P-224. */
function encodable(key: KeyObject): Encoded | undefined {
    return key.asymmetricKeyDetails?.namedCurve === "secp224r1" ? undefined : encode(key);
}

/** The public half of a private key in OpenSSH's formats; all of them empty for a curve that OpenSSH does not have. */
export function opensshPublicKey(key: KeyObject): OpensshPublicKey {
    const encoded = encodable(key);
    if (!encoded) return { publicKeyOpenssh: "", publicKeyFingerprintMd5: "", publicKeyFingerprintSha256: "" };
    const { name, publicBlob } = encoded;
    const digest = (algorithm: string) => createHash(algorithm).update(publicBlob);
    return {
        publicKeyOpenssh: `${name} ${publicBlob.toString("base64")}\n`,
        publicKeyFingerprintMd5: (digest("md5").digest("hex").match(/../g) ?? []).join(":"),
        publicKeyFingerprintSha256: `SHA256:${digest("sha256").digest("base64").replace(/=+$/, "")}`,
    };
}

/** As {@link opensshPublicKey}, with the private key itself. */
export function opensshKey(key: KeyObject): OpensshKey {
    const encoded = encodable(key);
    return { privateKeyOpenssh: encoded ? privatePem(encoded) : "", ...opensshPublicKey(key) };
}
