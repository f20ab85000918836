/** The public key that proves a host's identity: written as a line of `authorized_keys`, compared byte by byte. */
import { createHash } from "node:crypto";

const TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/** What signs with an RSA key; the SHA-1 of `ssh-rsa` itself is refused by every current server. */
const RSA_SIGNATURES = ["rsa-sha2-512", "rsa-sha2-256"];

export interface HostKey {
    readonly type: string;
    readonly blob: Buffer;
}

/** The type that an SSH key's encoding begins with; empty when it is none. */
function typeOf(blob: Buffer): string {
    return blob.length < 4 ? "" : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
}

/** `SHA256:…` as ssh-keygen and sshd print it. */
export function fingerprint(blob: Buffer): string {
    return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** `ssh-ed25519 SHA256:…` */
export function describe(blob: Buffer): string {
    return `${typeOf(blob) || "unreadable"} ${fingerprint(blob)}`;
}

/**
 * The first key in a text of `authorized_keys` or `known_hosts` lines (what ssh-keyscan prints).
 * @returns the key, or a sentence that says why there is none
 */
export function parseHostKey(text: string): HostKey | string {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
    for (const line of lines) {
        const words = line.trim().split(/\s+/);
        const at = words.findIndex((word) => TYPES.includes(word));
        const type = words[at];
        const encoded = words[at + 1];
        if (type === undefined || encoded === undefined) continue;
        const blob = Buffer.from(encoded, "base64");
        if (typeOf(blob) !== type) return `the line says ${type}, but what follows is not such a key (cut off when it was copied?)`;
        return { type, blob };
    }
    return `expected "TYPE BASE64" as in authorized_keys, with one of the types ${TYPES.join(", ")}`;
}

/**
 * What to ask a server for: a signature with the pinned key first. The others follow so that a server that has only
 * another key shows it, and can be named with its fingerprint when it is refused.
 */
export function signatureAlgorithms({ type }: HostKey): string[] {
    const signatures = TYPES.flatMap((each) => (each === "ssh-rsa" ? RSA_SIGNATURES : [each]));
    const pinned = type === "ssh-rsa" ? RSA_SIGNATURES : [type];
    return [...pinned, ...signatures.filter((signature) => !pinned.includes(signature))];
}
