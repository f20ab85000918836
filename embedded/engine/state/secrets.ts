/** How the secrets of a stack are kept: the contract that `secrets-passphrase.ts` fulfils. */
import type { SecretsProvidersV1 } from "./types.ts";

/** Turns a secret's text into what may be stored, and back. */
export interface Crypter {
    encrypt(plaintext: string): string;
    /** Throws when the text was not made with this key. */
    decrypt(ciphertext: string): string;
}

export interface SecretsManager extends Crypter {
    /** What a deployment says about its secrets, so that they can be opened again. */
    readonly provider: SecretsProvidersV1;
}

/** Opens no secret: every one reads `[secret]`. For displays that must not need the passphrase. */
export const blindCrypter: Crypter = {
    encrypt() {
        throw new Error("a secret cannot be stored without the passphrase");
    },
    decrypt: () => JSON.stringify("[secret]"),
};

/** For values inside an encrypted one, which are not encrypted once more. */
export const plainCrypter: Crypter = { encrypt: (text) => text, decrypt: (text) => text };

/**
 * Remembers which ciphertext stood at which place of the state, so that a secret that did not change is stored with
 * the same text again: a state without changes stays the same, byte by byte.
 */
export class CiphertextMemory {
    readonly #known = new Map<string, { plaintext: string; ciphertext: string }>();

    remember(place: string, plaintext: string, ciphertext: string): void {
        this.#known.set(place, { plaintext, ciphertext });
    }

    encrypt(place: string, plaintext: string, crypter: Crypter): string {
        const known = this.#known.get(place);
        if (known?.plaintext === plaintext) return known.ciphertext;
        const ciphertext = crypter.encrypt(plaintext);
        this.remember(place, plaintext, ciphertext);
        return ciphertext;
    }
}
