import { parseRange, textOf } from "../../infra/rules/addresses.ts";

/** The range beside one (CIDR) of the same size, with which it makes a range of twice the size. */
export function beside(cidr: string): string {
    const range = parseRange(cidr);
    if (!range) throw new Error(`${cidr} is no range`);
    return textOf({ ...range, first: range.first ^ (1n << BigInt((range.family === 4 ? 32 : 128) - range.prefix)) });
}

/** A range's first address. */
export const firstOf = (cidr: string): string => cidr.replace(/\/\d+$/, "");
