/** Lines of the stdio transport and messages in them. */

/** A message as one line: a carriage return between tokens would end a line of an event stream. */
export function oneLine(bytes: Buffer): Buffer {
    if (!bytes.includes(13) && !bytes.includes(10)) return bytes;
    return Buffer.from(bytes.map((byte) => (byte === 13 || byte === 10 ? 32 : byte)));
}

/** A line that holds a batch, as protocol version 2025-03-26 allows it. */
export function asBatch(line: Buffer): readonly unknown[] | undefined {
    if (line[0] !== 0x5b) return undefined;
    try {
        const value: unknown = JSON.parse(line.toString());
        return Array.isArray(value) ? value : undefined;
    } catch {
        return undefined;
    }
}
