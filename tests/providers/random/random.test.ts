import { compareSync } from "bcryptjs";
import * as fc from "fast-check";
import { randomProvider } from "../../../embedded/providers/random/index.ts";
import { randomString } from "../../../embedded/providers/random/string.ts";
import { Secret, Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import { contextOf, plain, text, urnOf } from "../shared/operations.ts";

const provider = randomProvider();
const password = urnOf("random:index/randomPassword:RandomPassword");
const create = (urn: string, inputs: PropertyMap) => provider.create(urn, inputs, contextOf());

describe("RandomPassword", () => {
    test("makes a secret password with a hash that belongs to it", async () => {
        const { id, outs } = await create(password, { length: 24, special: false });
        expect(id).toBe("none");
        expect(outs.result).toBeInstanceOf(Secret);
        expect(outs.bcryptHash).toBeInstanceOf(Secret);
        expect(text(outs.result)).toMatch(/^[A-Za-z0-9]{24}$/);
        expect(text(outs.bcryptHash)).toMatch(/^\$2[aby]\$10\$/);
        expect(compareSync(text(outs.result), text(outs.bcryptHash))).toBe(true);
        expect(compareSync(`${text(outs.result)}x`, text(outs.bcryptHash))).toBe(false);
    });

    test("fills in the defaults of the official provider", async () => {
        const { outs } = await create(password, { length: 8 });
        const { result: _result, bcryptHash: _hash, ...rest } = outs;
        expect(rest).toEqual({
            length: 8,
            lower: true,
            upper: true,
            numeric: true,
            number: true,
            special: true,
            minLower: 0,
            minUpper: 0,
            minNumeric: 0,
            minSpecial: 0,
        });
    });

    test("hashes the first 72 bytes of a longer password", async () => {
        const { outs } = await create(password, { length: 100 });
        expect(compareSync(text(outs.result).slice(0, 72), text(outs.bcryptHash))).toBe(true);
    });

    test("says in a preview that the password is a secret not known yet", async () => {
        const { outs } = await provider.create(password, { length: 8 }, contextOf({ preview: true }));
        expect(outs.result).toBeInstanceOf(Secret);
        expect((outs.result as Secret).value).toBe(Unknown.instance);
    });

    test.each([
        [{}, "length", "required"],
        [{ length: 0 }, "length", "1 or more"],
        [{ length: 3, minLower: 2, minUpper: 2 }, "length", "less than the 4 characters"],
        [{ length: 8, lower: false, upper: false, number: false, special: false }, "numeric", "empty"],
        [{ length: 8, minLower: -1 }, "minLower", "0 or more"],
        [{ length: "8" }, "length", "expected a number, found a string"],
        [{ length: 8, lengt: 9 }, "lengt", "unknown property"],
    ])("refuses %j and names %s", async (inputs: PropertyMap, property, reason) => {
        const { failures } = await provider.check(password, undefined, inputs, contextOf());
        expect(failures).toEqual([{ property, reason: expect.stringContaining(reason) }]);
    });
});

describe("a random string", () => {
    const options = fc.record({
        lower: fc.boolean(),
        upper: fc.boolean(),
        numeric: fc.boolean(),
        special: fc.boolean(),
        minLower: fc.nat(4),
        minUpper: fc.nat(4),
        minNumeric: fc.nat(4),
        minSpecial: fc.nat(4),
        extra: fc.nat(20),
    });
    const sets = { Lower: /[a-z]/g, Upper: /[A-Z]/g, Numeric: /[0-9]/g, Special: /[-~.]/g } as const;

    test("has the asked length, the asked minimum of each set, and nothing of a set that is off", () => {
        fc.assert(
            fc.property(options, ({ extra, ...chosen }) => {
                fc.pre(chosen.lower || chosen.upper || chosen.numeric || chosen.special);
                const length = chosen.minLower + chosen.minUpper + chosen.minNumeric + chosen.minSpecial + extra;
                const result = randomString({ ...chosen, length, overrideSpecial: "-~." });
                expect(result).toHaveLength(length);
                for (const [name, characters] of Object.entries(sets)) {
                    const count = result.match(characters)?.length ?? 0;
                    const minimum = chosen[`min${name as keyof typeof sets}`];
                    const on = chosen[name.toLowerCase() as "lower"];
                    expect(on ? count >= minimum : count === minimum).toBe(true);
                }
            }),
        );
    });
});

const diff = (olds: PropertyMap, news: PropertyMap, ignored: string[] = []) =>
    provider.diff("none", password, { inputs: olds, outputs: olds }, news, ignored, contextOf());

describe("changes", () => {
    test("a changed keeper replaces the password", async () => {
        const result = await diff({ length: 8, keepers: { epoch: "1" } }, { length: 8, keepers: { epoch: "2" } });
        expect(result).toEqual({ changes: true, replaces: ["keepers"], detailedDiff: { "keepers.epoch": "update-replace" } });
    });

    test("a default written out changes nothing, nor does an ignored property", async () => {
        expect(await diff({ length: 8 }, { length: 8, special: true, numeric: true })).toMatchObject({ changes: false, replaces: [] });
        expect(await diff({ length: 8 }, { length: 9 }, ["length"])).toMatchObject({ changes: false });
        expect(await diff({ length: 8 }, { length: 9 })).toMatchObject({ changes: true, replaces: ["length"] });
    });

    test("a keeper that is not known yet replaces", async () => {
        expect(await diff({ length: 8, keepers: { a: "1" } }, { length: 8, keepers: { a: Unknown.instance } })).toMatchObject({
            replaces: ["keepers"],
        });
    });
});

describe("the other types", () => {
    test("RandomId gives the same bytes in four notations, with the prefix", async () => {
        const { id, outs } = await create(urnOf("random:index/randomId:RandomId"), { byteLength: 6, prefix: "v-" });
        const bytes = Buffer.from(id, "base64url");
        expect(bytes).toHaveLength(6);
        expect(plain(outs)).toEqual({
            byteLength: 6,
            prefix: "v-",
            b64Url: `v-${id}`,
            b64Std: `v-${bytes.toString("base64")}`,
            hex: `v-${bytes.toString("hex")}`,
            dec: `v-${BigInt(`0x${bytes.toString("hex")}`)}`,
        });
    });

    test("RandomBytes are secret in both notations and do not show in the id", async () => {
        const { id, outs } = await create(urnOf("random:index/randomBytes:RandomBytes"), { length: 32 });
        expect(id).toBe("none");
        expect(outs.base64).toBeInstanceOf(Secret);
        expect(Buffer.from(text(outs.base64), "base64").toString("hex")).toBe(text(outs.hex));
        expect(text(outs.hex)).toHaveLength(64);
    });

    test("RandomString and RandomUuid are their own ids", async () => {
        const string = await create(urnOf("random:index/randomString:RandomString"), { length: 12 });
        expect(string.id).toBe(string.outs.result);
        const uuid = await create(urnOf("random:index/randomUuid:RandomUuid"), {});
        expect(uuid.id).toBe(uuid.outs.result);
        expect(uuid.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });

    test("refuses a type it does not have, by name", async () => {
        await expect(provider.check(urnOf("random:index/randomDie:RandomDie"), undefined, {}, contextOf())).rejects.toThrow(
            "random:index/randomDie:RandomDie is not supported by the embedded engine",
        );
    });
});
