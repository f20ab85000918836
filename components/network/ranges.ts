/** Address ranges, and which of them are nobody's business. */
import { BlockList, isIP } from "node:net";

export interface IpBlock {
    readonly cidr: string;
    readonly except?: string[];
}

/**
 * Ranges that are never the internet: private, shared, loopback, link-local (with every cloud's metadata), multicast and
 * reserved ones, and those of IPv6 that carry such an address of IPv4 inside. RFC 6890 and the registries it founds.
 */
export const GUARDED_RANGES = {
    4: [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ],
    6: [
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ],
} as const satisfies Record<4 | 6, readonly string[]>;

/**
 * What no network of an organization's own needs: this host's own addresses, link-local and multicast ones, those that
 * carry an address of IPv4 inside, and the two at which clouds answer with credentials over IPv6.
 */
const UNROUTED_RANGES = {
    4: ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"],
    6: [...GUARDED_RANGES[6].filter((range) => range !== "fc00::/7"), "fd00:ec2::254/128", "fd20:ce::254/128"],
} as const satisfies Record<4 | 6, readonly string[]>;

interface Range {
    readonly address: string;
    readonly prefix: number;
    readonly family: 4 | 6;
}

function parse(range: string): Range {
    const [address = "", prefix] = range.split("/");
    const family = isIP(address);
    if (family !== 4 && family !== 6) throw new Error(`${range} is not a range of addresses`);
    return { address, prefix: prefix === undefined ? { 4: 32, 6: 128 }[family] : Number(prefix), family };
}

/** A range as policies want it, with the length of its prefix: a single address is a range of one. */
export function cidrOf(range: string): string {
    const { address, prefix } = parse(range);
    return `${address}/${prefix}`;
}

const type = ({ family }: Range) => (family === 4 ? "ipv4" : "ipv6");

function listOf(ranges: readonly Range[]): BlockList {
    const list = new BlockList();
    for (const range of ranges) list.addSubnet(range.address, range.prefix, type(range));
    return list;
}

const guards = { 4: GUARDED_RANGES[4].map(parse), 6: GUARDED_RANGES[6].map(parse) };
// Apart, since in one list ::ffff:0:0/96 would be every address of IPv4.
const guarded = { 4: listOf(guards[4]), 6: listOf(guards[6]) };

const startsGuarded = (range: Range): boolean => guarded[range.family].check(range.address, type(range));

/** Whether a range has an address in common with a guarded one: then one of the two holds the other's first address. */
export function isGuarded(range: string): boolean {
    const own = parse(range);
    const list = listOf([own]);
    return startsGuarded(own) || guards[own.family].some((guard) => list.check(guard.address, type(guard)));
}

const WHOLE = { 4: "0.0.0.0/0", 6: "::/0" } as const;

/** Addresses of IPv4 as sockets of IPv6 know them. No packet has one, and no policy may name one. */
const MAPPED = "::ffff:0:0/96";

/** Every address of both families but some. */
function allBut(excepted: Readonly<Record<4 | 6, readonly string[]>>): IpBlock[] {
    return ([4, 6] as const).map((family) => ({ cidr: WHOLE[family], except: excepted[family].filter((range) => range !== MAPPED) }));
}

/** The internet: every address but the guarded ones, and those of `others` (CIDR), which are the cluster's own. */
export function internet(others: readonly string[]): IpBlock[] {
    const own = others.map(parse).filter((range) => !startsGuarded(range));
    const of = (family: 4 | 6) => own.filter((range) => range.family === family).map(({ address, prefix }) => `${address}/${prefix}`);
    return allBut({ 4: [...GUARDED_RANGES[4], ...of(4)], 6: [...GUARDED_RANGES[6], ...of(6)] });
}

/** Every network a host can be on, an organization's own as well as the internet. */
export function networks(): IpBlock[] {
    return allBut(UNROUTED_RANGES);
}
