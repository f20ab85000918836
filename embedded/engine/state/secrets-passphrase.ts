/** Pulumi's passphrase secrets manager: PBKDF2 over SHA-256, then AES-256-GCM with a nonce per value. */
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { UserError } from "../../common/errors.ts";
import type { SecretsManager } from "./secrets.ts";

/** Both fixed by Pulumi's format. */
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALT_BYTES = 8;
/** Encrypted beside the salt, so that a wrong passphrase is found out at once. */
const CHECK = "pulumi";

const derive = promisify(pbkdf2);

/** Thrown when a salt was made with another passphrase. */
export class WrongPassphraseError extends Error {
    override readonly name = "WrongPassphraseError";
}

/** Keys of this process by salt: a derivation costs about 0.3 s. The passphrase of a process does not change. */
const managers = new Map<string, Promise<SecretsManager>>();

/**
 * Opens the secrets of a salt. Takes about 0.3 s of another thread once per salt; later calls share the result.
 * @param salt `v1:SALT:CHECK`, from `encryptionsalt` or from a deployment
 * @throws WrongPassphraseError, or a UserError when the salt is malformed
 */
export function openPassphrase(passphrase: string, salt: string): Promise<SecretsManager> {
    const key = `${passphrase}\0${salt}`;
    const known = managers.get(key);
    if (known) return known;
    const opening = open(passphrase, salt);
    managers.set(key, opening);
    opening.catch(() => managers.delete(key));
    return opening;
}

/** Makes a new salt for a passphrase. */
export async function createPassphrase(passphrase: string): Promise<SecretsManager> {
    const bytes = randomBytes(SALT_BYTES);
    const key = await derive(passphrase, bytes, ROUNDS, KEY_BYTES, "sha256");
    const salt = `v1:${bytes.toString("base64")}:${encrypt(key, CHECK)}`;
    const manager = managerOf(key, salt);
    managers.set(`${passphrase}\0${salt}`, Promise.resolve(manager));
    return manager;
}

async function open(passphrase: string, salt: string): Promise<SecretsManager> {
    const [version, bytes, ...check] = salt.split(":");
    if (version !== "v1" || !bytes || check.length !== 3) {
        throw new UserError(
            "The encryption salt of the stack is malformed: expected v1:SALT:v1:NONCE:TEXT as Pulumi writes it. Restore the line encryptionsalt of the settings file from version control.",
        );
    }
    const key = await derive(passphrase, Buffer.from(bytes, "base64"), ROUNDS, KEY_BYTES, "sha256");
    try {
        if (decrypt(key, check.join(":")) === CHECK) return managerOf(key, salt);
    } catch {
        // The same answer as for a check that opens to something else.
    }
    throw new WrongPassphraseError("incorrect passphrase");
}

function managerOf(key: Buffer, salt: string): SecretsManager {
    return {
        provider: { type: "passphrase", state: { salt } },
        encrypt: (plaintext) => encrypt(key, plaintext),
        decrypt: (ciphertext) => decrypt(key, ciphertext),
    };
}

function encrypt(key: Buffer, plaintext: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const text = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${text.toString("base64")}`;
}

function decrypt(key: Buffer, ciphertext: string): string {
    const [version, nonce, text, ...more] = ciphertext.split(":");
    if (version !== "v1" || !nonce || !text || more.length) throw new Error("the encrypted value is malformed");
    const bytes = Buffer.from(text, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    return decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
}
