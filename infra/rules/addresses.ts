/** Address ranges as numbers: enough arithmetic to say whether one range meets another. */
import { isIP, isIPv6 } from "node:net";
import { GUARDED_RANGES } from "../../components/network/ranges.ts";

/** A range of IPv4 or IPv6 addresses, from its first to its last. */
export interface AddressRange {
    readonly family: 4 | 6;
    readonly first: bigint;
    readonly last: bigint;
    /** Bits that all its addresses share. */
    readonly prefix: number;
    /** Whether it was written with its first address, as 10.0.0.0/8 is and 10.0.0.1/8 is not. */
    readonly exact: boolean;
}

const BITS = { 4: 32, 6: 128 } as const;

const joined = (parts: readonly number[], bits: bigint) => parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);

const ipv4 = (text: string): bigint => joined(text.split(".").map(Number), 8n);

/** The 16-bit groups of a part of an IPv6 address, which may end with an IPv4 address. */
const groupsOf = (half: string): number[] =>
    half
        .split(":")
        .filter((group) => group !== "")
        .flatMap((group) => {
            if (!group.includes(".")) return [Number.parseInt(group, 16)];
            const number = Number(ipv4(group));
            return [number >>> 16, number & 0xffff];
        });

function ipv6(text: string): bigint {
    const [front = [], back = []] = text.split("::").map(groupsOf);
    const missing = Array.from({ length: 8 - front.length - back.length }, () => 0);
    return joined([...front, ...missing, ...back], 16n);
}

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; undefined for anything else. */
export function parseRange(text: string): AddressRange | undefined {
    const [address = "", length, ...more] = text.split("/");
    const family = isIP(address);
    if ((family !== 4 && family !== 6) || address.includes("%") || more.length) return undefined;
    const bits = BITS[family];
    if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
    const prefix = length === undefined ? bits : Number(length);
    if (prefix > bits) return undefined;
    const number = isIPv6(address) ? ipv6(address) : ipv4(address);
    const size = 1n << BigInt(bits - prefix);
    const first = number - (number % size);
    return { family, first, last: first + size - 1n, prefix, exact: number === first };
}

/** Whether two ranges share an address. */
export function overlaps(one: AddressRange, other: AddressRange): boolean {
    return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** The range as it is written, beginning with its first address. */
export function textOf({ family, first, prefix }: AddressRange): string {
    const groups = (count: number, bits: number) =>
        Array.from({ length: count }, (_, index) => Number((first >> BigInt(bits * (count - 1 - index))) & ((1n << BigInt(bits)) - 1n)));
    if (family === 4) return `${groups(4, 8).join(".")}/${prefix}`;
    const written = groups(8, 16).map((group) => group.toString(16));
    return `${new URL(`http://[${written.join(":")}]`).hostname.slice(1, -1)}/${prefix}`;
}

type GuardedRange = (typeof GUARDED_RANGES)[4 | 6][number];

/** What the ranges are called that no server is let out to. */
const NAMES: Readonly<Record<GuardedRange, string>> = {
    "0.0.0.0/8": "this host",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared between carriers and private networks",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local, where clouds answer with credentials",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "tests of networks",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, with the broadcast address",
    "::/96": "unspecified, loopback and IPv4 inside IPv6",
    "::ffff:0:0/96": "IPv4 inside IPv6",
    "64:ff9b::/96": "IPv4 behind NAT64",
    "64:ff9b:1::/48": "private IPv4 behind NAT64",
    "2001::/32": "IPv4 inside Teredo",
    "2002::/16": "IPv4 inside 6to4",
    "fc00::/7": "unique local, where clouds answer with credentials",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
};

/** What a guarded range among those that a range meets is called; undefined when it meets none. */
export function guarded(range: AddressRange): string | undefined {
    const found = GUARDED_RANGES[range.family].find((text) => {
        const guard = parseRange(text);
        return guard !== undefined && overlaps(guard, range);
    });
    return found && `${found} (${NAMES[found]})`;
}
