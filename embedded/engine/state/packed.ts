/** States that the official CLI packed (`PULUMI_DIY_BACKEND_GZIP`, `PULUMI_DIY_BACKEND_ZSTD`): read, and written as text again. */
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** By the ending of the name: the first bytes, and what unpacks. */
export const PACKED = {
    ".gz": { magic: [0x1f, 0x8b], unpack: gunzipSync },
    ".zst": { magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: zstdDecompressSync },
} as const;

/** The text of a file, unpacked if it is packed. Throws when it is cut off. */
export function opened(data: Buffer): string {
    const packing = Object.values(PACKED).find(({ magic }) => magic.every((byte, i) => data[i] === byte));
    return (packing ? packing.unpack(data) : data).toString("utf8");
}
