import { BlockList, isIP } from "node:net";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { GUARDED_RANGES, isGuarded } from "../../components/network/ranges.ts";
import { guarded, overlaps, parseRange, textOf, type AddressRange } from "../../infra/rules/addresses.ts";
import { isPublicName, looksLocal } from "../../infra/names.ts";

const rangeOf = (text: string): AddressRange => {
    const range = parseRange(text);
    if (!range) throw new Error(`${text} is no range`);
    return range;
};

const range4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => `${address}/${prefix}`);
const range6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, prefix]) => `${address}/${prefix}`);
const anyRange = fc.oneof(range4, range6);

const family = (text: string) => (text.includes(":") ? "ipv6" : "ipv4");

/** What Node itself says of an address in a range. */
function inBlock(range: string, address: string): boolean {
    const [start = "", prefix] = range.split("/");
    const list = new BlockList();
    list.addSubnet(start, Number(prefix), family(start));
    return list.check(address, family(address));
}

describe("ranges of addresses", () => {
    test("are written back beginning with their first address", () => {
        expect(textOf(rangeOf("203.0.113.7/24"))).toBe("203.0.113.0/24");
        expect(textOf(rangeOf("2001:0DB8:0:0::1/32"))).toBe("2001:db8::/32");
        expect(textOf(rangeOf("192.0.2.1"))).toBe("192.0.2.1/32");
        fc.assert(
            fc.property(anyRange, (text) => {
                const { exact: _exact, ...range } = rangeOf(text);
                expect(rangeOf(textOf(rangeOf(text)))).toEqual({ ...range, exact: true });
            }),
        );
    });

    test("hold the addresses that Node's own list of ranges holds", () => {
        const pair = fc.oneof(fc.tuple(range4, fc.ipV4()), fc.tuple(range6, fc.ipV6()));
        const near = fc
            .tuple(anyRange, fc.nat())
            .map(([text, offset]) => [text, (textOf(rangeOf(text)).split("/")[0] ?? "").replace(/\d$/, String(offset % 10))] as const)
            .filter(([, address]) => isIP(address) !== 0);
        fc.assert(
            fc.property(fc.oneof(pair, near), ([range, address]) => {
                expect(overlaps(rangeOf(range), rangeOf(address))).toBe(inBlock(range, address));
            }),
            { numRuns: 500 },
        );
    });

    test("overlap when one begins in the other, whichever is asked", () => {
        fc.assert(
            fc.property(anyRange, anyRange, (one, other) => {
                const [a, b] = [rangeOf(one), rangeOf(other)];
                expect(overlaps(a, b)).toBe(overlaps(b, a));
                expect(overlaps(a, a)).toBe(true);
            }),
        );
        expect(overlaps(rangeOf("10.0.0.0/9"), rangeOf("10.128.0.0/9"))).toBe(false);
        expect(overlaps(rangeOf("0.0.0.0/0"), rangeOf("::/0"))).toBe(false);
    });

    test.each([
        "",
        "example.com",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/08",
        "10.0.0/8",
        "::/129",
        "fe80::1%eth0/64",
        "10.0.0.0/8/8",
        "::1/-1",
    ])("are not read from %j", (text) => {
        expect(parseRange(text)).toBeUndefined();
    });

    test("that are guarded are those that NetworkPolicies keep servers from", () => {
        const guards = Object.values(GUARDED_RANGES).flat();
        for (const text of guards) expect(guarded(rangeOf(text))).toContain(`${text} (`);
        fc.assert(
            fc.property(anyRange, (text) => {
                expect(guarded(rangeOf(text)) !== undefined).toBe(isGuarded(text));
            }),
            { numRuns: 300 },
        );
    });
});

describe("names of hosts", () => {
    test.each(["example.com", "mcp.dev", "a.b.co.uk", "xn--bcher-kva.example.net", "corp.xn--p1ai"])("%s is of the internet", (name) => {
        expect(isPublicName(name)).toBe(true);
    });

    test.each(["localhost", "corp", "corp.local", "a.internal", "a.home.arpa", "a.svc", "10.0.0.1", "a.b1", "::1"])("%s is not", (name) => {
        expect(isPublicName(name)).toBe(false);
    });

    test.each(["localhost", "registry", "registry.local", "r.r.svc", "r.r.svc.cluster.local", "10.0.0.1", "2001:db8::1"])(
        "%s is no registry for production",
        (host) => {
            expect(looksLocal(host)).toBe(true);
        },
    );

    test.each(["registry.example.com", "registry.corp.internal", "localhost.example.com"])("%s may be one", (host) => {
        expect(looksLocal(host)).toBe(false);
    });
});
