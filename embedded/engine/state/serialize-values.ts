/** Property values as they are stored in a deployment: special values are objects marked with a signature. */
import { OutputValue, ResourceReference, Secret, Unknown, type PropertyMap, type PropertyValue } from "../values.ts";
import { compareBytes, goJsonForHtml } from "./json.ts";
import { plainCrypter, type CiphertextMemory, type Crypter } from "./secrets.ts";
import type { StoredValue } from "./types.ts";

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
/** Infinities and not-a-number, which JSON cannot say. */
const FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** How secrets are written. Without a crypter they are written in clear, as `--show-secrets` asks for. */
export interface Sealing {
    readonly crypter: Crypter | undefined;
    readonly memory?: CiphertextMemory | undefined;
}

/** @param place where in the state the value stands; names the ciphertext that may be used again */
export function serializeValue(value: PropertyValue, sealing: Sealing, place: string): StoredValue {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number") return Number.isFinite(value) ? value : { [SIGNATURE]: FLOAT, value: bitsOf(value) };
    if (value instanceof Unknown) return UNKNOWN;
    if (value instanceof Secret) return serializeSecret(value.value, sealing, place);
    if (value instanceof OutputValue) {
        const inner = value.value ?? Unknown.instance;
        return serializeValue(value.secret ? new Secret(inner) : inner, sealing, place);
    }
    if (value instanceof ResourceReference) {
        const id = value.id instanceof Unknown ? "" : value.id;
        return { [SIGNATURE]: REFERENCE, ...(id !== undefined && { id }), packageVersion: value.packageVersion, urn: value.urn };
    }
    if (Array.isArray(value)) return value.map((item: PropertyValue, i) => serializeValue(item, sealing, `${place}[${i}]`));
    return serializeMap(value as PropertyMap, sealing, place);
}

/** A map with its keys in the order of their bytes. */
export function serializeMap(map: PropertyMap, sealing: Sealing, place: string): Record<string, StoredValue> {
    const stored: Record<string, StoredValue> = {};
    for (const key of Object.keys(map).toSorted(compareBytes)) {
        const value = map[key];
        if (value !== undefined) define(stored, key, serializeValue(value, sealing, `${place}.${key}`));
    }
    return stored;
}

function serializeSecret(value: PropertyValue, sealing: Sealing, place: string): StoredValue {
    const { crypter, memory } = sealing;
    // What is inside is encrypted with the whole and only keeps its mark.
    const plaintext = goJsonForHtml(serializeValue(value, { crypter: crypter && plainCrypter }, place));
    if (!crypter) return { [SIGNATURE]: SECRET, plaintext };
    const ciphertext = memory ? memory.encrypt(place, plaintext, crypter) : crypter.encrypt(plaintext);
    return { [SIGNATURE]: SECRET, ciphertext };
}

export function deserializeValue(
    value: StoredValue,
    sealing: { readonly crypter: Crypter; readonly memory?: CiphertextMemory },
    place: string,
): PropertyValue {
    if (value === UNKNOWN) return Unknown.instance;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => deserializeValue(item, sealing, `${place}[${i}]`));
    switch (value[SIGNATURE]) {
        case SECRET: {
            const { ciphertext, plaintext } = value;
            if (typeof ciphertext === typeof plaintext || typeof (ciphertext ?? plaintext) !== "string") {
                throw new Error(`the secret at ${place} must have either ciphertext or plaintext`);
            }
            const text = typeof ciphertext === "string" ? sealing.crypter.decrypt(ciphertext) : String(plaintext);
            if (typeof ciphertext === "string") sealing.memory?.remember(place, text, ciphertext);
            return new Secret(deserializeValue(JSON.parse(text) as StoredValue, { crypter: plainCrypter }, place));
        }
        case REFERENCE: {
            const { id, urn, packageVersion } = value;
            if (typeof urn !== "string") throw new Error(`the resource reference at ${place} has no urn`);
            return new ResourceReference(
                urn,
                typeof id === "string" ? id : undefined,
                typeof packageVersion === "string" ? packageVersion : "",
            );
        }
        case FLOAT:
            return numberOf(String(value["value"]));
    }
    return deserializeMap(value, sealing, place);
}

export function deserializeMap(
    map: Readonly<Record<string, StoredValue>>,
    sealing: { readonly crypter: Crypter; readonly memory?: CiphertextMemory },
    place: string,
): PropertyMap {
    const values: Record<string, PropertyValue> = {};
    for (const [key, value] of Object.entries(map)) define(values, key, deserializeValue(value, sealing, `${place}.${key}`));
    return values;
}

/** Sets a key of any name, `__proto__` included. */
function define<T>(target: Record<string, T>, key: string, value: T): void {
    if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
    else target[key] = value;
}

function bitsOf(value: number): string {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes.toString("hex");
}

function numberOf(bits: string): number {
    return Buffer.from(bits.padStart(16, "0"), "hex").readDoubleBE();
}
