/** Ranges of numbers, and IPv4 addresses as numbers. Pure. */

/** First and last, both included. */
export type Range = readonly [first: number, last: number];

const LAST_ADDRESS = 2 ** 32 - 1;

/** A dotted IPv4 address as a number. */
export function toNumber(address: string): number {
    return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function toAddress(value: number): string {
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The addresses of an IPv4 CIDR, or undefined for one of IPv6. */
export function cidrRange(cidr: string): Range | undefined {
    const [address = "", bits = "32"] = cidr.split("/");
    if (address.includes(":")) return undefined;
    const size = 2 ** (32 - Number(bits));
    const first = Math.floor(toNumber(address) / size) * size;
    return [first, first + size - 1];
}

/** The same numbers in as few ranges as can be, in order. */
export function union(ranges: readonly Range[]): Range[] {
    const joined: [number, number][] = [];
    for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
        const before = joined.at(-1);
        if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
        else joined.push([first, last]);
    }
    return joined;
}

/** What is in `range` and in none of `holes`. */
export function without(range: Range, holes: readonly Range[]): Range[] {
    const left: Range[] = [];
    let from = range[0];
    for (const [first, last] of union(holes)) {
        if (first > from) left.push([from, Math.min(first - 1, range[1])]);
        from = Math.max(from, last + 1);
    }
    if (from <= range[1]) left.push([from, range[1]]);
    return left.filter(([first, last]) => first <= last && last <= LAST_ADDRESS);
}

/** The addresses of an ipBlock. */
export function blockRanges(block: { readonly cidr: string; readonly except?: readonly string[] }): Range[] {
    const whole = cidrRange(block.cidr);
    return whole
        ? without(
              whole,
              (block.except ?? []).flatMap((cidr) => [cidrRange(cidr)].filter((range) => range !== undefined)),
          )
        : [];
}
