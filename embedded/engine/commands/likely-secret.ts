/** Guesses whether a value was meant to be secret, so that it does not end in a file under version control by mistake. */

const NAMES = /pass|pwd|secret|token/i;
/** As much of the value as is looked at. */
const LOOKED_AT = 16;
/** Bits that no ordinary word has; half of them are enough when each character carries some. */
const BITS = 80;
const BITS_PER_CHARACTER = 3;

/** @param key `namespace:name`; only the name matters */
export function looksLikeSecret(key: string, value: string): boolean {
    if (!NAMES.test(key.slice(key.indexOf(":") + 1))) return false;
    const text = value.slice(0, LOOKED_AT);
    const alphabet =
        (/[a-z]/.test(text) ? 26 : 0) + (/[A-Z]/.test(text) ? 26 : 0) + (/\d/.test(text) ? 10 : 0) + (/[^A-Za-z\d]/.test(text) ? 33 : 0);
    const bits = text.length * Math.log2(Math.max(alphabet, 1));
    return bits >= BITS || (bits >= BITS / 2 && bits / text.length >= BITS_PER_CHARACTER);
}
