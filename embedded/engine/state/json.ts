/**
 * JSON as Go's encoder writes it, so that what this engine and the official one store can be compared byte by byte:
 * the keys of maps in the order of their bytes, U+2028 and U+2029 escaped.
 */

/** A key that JavaScript moves to the front of an object, wherever it was put. */
const MOVED_KEY = /"(?:0|[1-9]\d*)":/;

/**
 * Writes a value as JSON. Objects keep the order of their keys, as Go's structs do; an object with keys that JavaScript
 * orders by itself is a map, and its keys are sorted.
 * @param indent repeated per level; empty writes everything on one line
 */
export function goJson(value: unknown, indent = ""): string {
    const text = JSON.stringify(value, undefined, indent);
    const ordered = MOVED_KEY.test(text) ? write(value, indent, "\n") : text;
    return ordered.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** As Go's `json.Marshal`, which also escapes what HTML gives a meaning to. */
export function goJsonForHtml(value: unknown): string {
    return goJson(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** The order of Go's strings: by bytes of their UTF-8, which for all but rare characters is that of JavaScript. */
export function compareBytes(a: string, b: string): number {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function write(value: unknown, indent: string, newline: string): string {
    if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
    const inner = indent && newline + indent;
    const list = (parts: string[], open: string, close: string): string =>
        parts.length ? open + inner + parts.join("," + inner) + (indent && newline) + close : open + close;
    if (Array.isArray(value)) {
        return list(
            value.map((item) => write(item, indent, newline + indent)),
            "[",
            "]",
        );
    }
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries[0] && MOVED_KEY.test(`"${entries[0][0]}":`)) entries.sort(([a], [b]) => compareBytes(a, b));
    const colon = indent ? ": " : ":";
    return list(
        entries.map(([key, item]) => JSON.stringify(key) + colon + write(item, indent, newline + indent)),
        "{",
        "}",
    );
}
