import { createHash, createPrivateKey } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { messageOf } from "../../../common/errors.ts";
import { opensshKey } from "../../tls/openssh.ts";

const PKCS8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/;

/** PKCS #8 is what `privateKeyPem` of an Ed25519 key of the tls package is, and what ssh2 does not read. */
function fromPkcs8(text: string, password: string | undefined): string {
    return opensshKey(createPrivateKey({ key: text, ...(password === undefined ? {} : { passphrase: password }) })).privateKeyOpenssh;
}

/** Decrypting takes a noticeable time, and each resource of a host has the same key. */
const known = new Map<string, ParsedKey | Error>();

/** A private key in OpenSSH's format, PKCS #1, SEC 1 or PKCS #8; an error that says what is wrong without showing any of it. */
export function readPrivateKey(text: string, password: string | undefined): ParsedKey | Error {
    const name = createHash("sha256")
        .update(JSON.stringify([text, password]))
        .digest("hex");
    const found = known.get(name) ?? read(text, password);
    known.set(name, found);
    return found;
}

function read(text: string, password: string | undefined): ParsedKey | Error {
    const pem = `${text.replaceAll("\r\n", "\n").trim()}\n`;
    try {
        const pkcs8 = PKCS8.test(pem);
        const parsed = ssh2.utils.parseKey(pkcs8 ? fromPkcs8(pem, password) : pem, pkcs8 ? undefined : password);
        if (parsed instanceof Error) return reasonOf(parsed, password);
        const key: ParsedKey | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
        return key?.isPrivateKey() ? key : new Error("expected a private key, found a public one");
    } catch (error) {
        return reasonOf(error, password);
    }
}

function reasonOf(error: unknown, password: string | undefined): Error {
    const text = messageOf(error);
    if (/no passphrase|passphrase required|interrupted or cancelled/i.test(text) && password === undefined)
        return new Error("the key is encrypted: set privateKeyPassword");
    if (/passphrase|bad decrypt|integrity check/i.test(text))
        return new Error("the key cannot be decrypted: privateKeyPassword does not fit it");
    return new Error(
        "expected a private key in OpenSSH's format or PEM, found something else (a path instead of the contents, or cut off?)",
    );
}
