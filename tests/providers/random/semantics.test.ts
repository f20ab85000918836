/** What `@pulumi/random` 4.21.2 documents, row by row. */
import { compareSync } from "bcryptjs";
import { randomProvider } from "../../../embedded/providers/random/index.ts";
import { Secret, Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import { contextOf, plain, text, urnOf } from "../shared/operations.ts";
import { documentedDifferences, markedDifferences, prove, type Row } from "../shared/semantics.ts";

const provider = randomProvider();
const urn = (type: string): string => urnOf(`random:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`);
const declared = (type: string, what: string): string => `@pulumi/random ${type.charAt(0).toLowerCase()}${type.slice(1)}.d.ts, ${what}`;
const official = (file: string): string => `terraform-provider-random internal/${file}.go`;

async function create(type: string, inputs: PropertyMap): Promise<{ id: string; outs: PropertyMap }> {
    const { failures } = await provider.check(urn(type), undefined, inputs, contextOf());
    expect(failures).toEqual([]);
    const { id, outs } = await provider.create(urn(type), inputs, contextOf());
    return { id: id ?? "", outs: outs as PropertyMap };
}

async function failuresOf(type: string, inputs: PropertyMap): Promise<string[]> {
    const { failures } = await provider.check(urn(type), undefined, inputs, contextOf());
    return (failures ?? []).map(({ property, reason }) => `${property}: ${reason}`);
}

const imported = async (type: string, id: string): Promise<{ id: unknown; inputs: unknown; props: PropertyMap }> => {
    const { id: own, inputs, props } = await provider.read(id, urn(type), undefined, contextOf());
    return { id: own, inputs, props: props as PropertyMap };
};

const diff = (type: string, olds: PropertyMap, news: PropertyMap) =>
    provider.diff("id", urn(type), { inputs: olds, outputs: olds }, news, [], contextOf());

const number = async (seed: string): Promise<unknown> => (await create("RandomInteger", { min: 1, max: 1_000_000, seed })).outs["result"];
const order = async (seed: string): Promise<unknown> =>
    (await create("RandomShuffle", { inputs: ["a", "b", "c", "d", "e", "f", "g", "h"], seed })).outs["results"];

const TYPES: readonly [string, PropertyMap][] = [
    ["RandomBytes", { length: 4 }],
    ["RandomId", { byteLength: 4 }],
    ["RandomInteger", { min: 1, max: 9 }],
    ["RandomPassword", { length: 9 }],
    ["RandomPet", {}],
    ["RandomShuffle", { inputs: ["a", "b"] }],
    ["RandomString", { length: 9 }],
    ["RandomUuid", {}],
    ["RandomUuid4", {}],
    ["RandomUuid7", {}],
];

const rows: Row[] = [
    {
        behaviour: "every type: a changed keeper replaces, an unknown one as well, an empty map or one of nulls is as none",
        source: declared("RandomPet", "keepers"),
        proof: async () => {
            for (const [type, inputs] of TYPES) {
                const kept = { ...inputs, keepers: { a: "1" } };
                expect([type, (await diff(type, kept, kept)).changes]).toEqual([type, false]);
                expect([type, (await diff(type, kept, { ...inputs, keepers: { a: "2" } })).replaces]).toEqual([type, ["keepers"]]);
                const unknown = { ...inputs, keepers: { a: Unknown.instance } };
                expect([type, (await diff(type, kept, unknown)).replaces]).toEqual([type, ["keepers"]]);
                for (const empty of [{}, { a: null }]) {
                    expect([type, (await diff(type, inputs, { ...inputs, keepers: empty })).changes]).toEqual([type, false]);
                }
            }
        },
    },
    {
        behaviour: "every type: a refresh and an update leave the value as it is, and a delete needs nothing",
        source: official("provider/resource_pet"),
        proof: async () => {
            for (const [type, inputs] of TYPES) {
                const { id, outs } = await create(type, inputs);
                const olds = { inputs, outputs: plain(outs) };
                const read = await provider.read(id, urn(type), olds, contextOf());
                expect([type, read.id, plain(read.props as PropertyMap)]).toEqual([type, id, plain(outs)]);
                const updated = await provider.update(id, urn(type), olds, inputs, [], contextOf());
                expect([type, plain(updated.outs as PropertyMap)]).toEqual([type, plain(outs)]);
                await provider.delete(id, urn(type), olds, contextOf());
            }
        },
    },
    {
        behaviour: "every type: a preview says that the generated values are not known, and generates none",
        source: "Pulumi's provider protocol, Create with preview",
        proof: async () => {
            for (const [type, inputs] of TYPES) {
                const { id, outs } = await provider.create(urn(type), inputs, contextOf({ preview: true }));
                const generated = Object.entries(plain(outs as PropertyMap)).filter(([name]) =>
                    ["result", "results", "hex"].includes(name),
                );
                expect([type, id, generated.map(([, value]) => value)]).toEqual([type, "", generated.map(() => Unknown.instance)]);
            }
        },
    },
    {
        behaviour: "RandomPassword and RandomBytes are secret, the others are not",
        source: declared("RandomPassword", "result (sensitive)"),
        proof: async () => {
            const secret: string[] = [];
            for (const [type, inputs] of TYPES) {
                const { outs } = await create(type, inputs);
                for (const [name, value] of Object.entries(outs)) if (value instanceof Secret) secret.push(`${type}.${name}`);
            }
            expect(secret.toSorted()).toEqual([
                "RandomBytes.base64",
                "RandomBytes.hex",
                "RandomPassword.bcryptHash",
                "RandomPassword.result",
            ]);
        },
    },
    {
        behaviour: "RandomPassword is imported by its value, with a hash of it; its id is `none`",
        source: declared("RandomPassword", "Import"),
        proof: async () => {
            const { id, inputs, props } = await imported("RandomPassword", "securepassword");
            expect([id, inputs]).toEqual(["none", { length: 14 }]);
            expect(text(props["result"])).toBe("securepassword");
            expect(compareSync("securepassword", text(props["bcryptHash"]))).toBe(true);
            expect(props["bcryptHash"]).toBeInstanceOf(Secret);
            expect(props).toMatchObject({ special: true, numeric: true, minLower: 0 });
            expect(await diff("RandomPassword", inputs as PropertyMap, { length: 14 })).toMatchObject({ changes: false });
        },
    },
    {
        behaviour: "RandomString is imported by its value, which is its id",
        source: declared("RandomString", "Import"),
        proof: async () =>
            expect(await imported("RandomString", "test")).toMatchObject({ id: "test", inputs: { length: 4 }, props: { result: "test" } }),
    },
    {
        behaviour: "RandomId is imported by its b64Url without the prefix, which stands before a comma",
        source: declared("RandomId", "Import"),
        proof: async () => {
            expect(await imported("RandomId", "p-9hUg")).toMatchObject({
                id: "p-9hUg",
                inputs: { byteLength: 4 },
                props: { b64Url: "p-9hUg", hex: "a7ef6152" },
            });
            const prefixed = await imported("RandomId", "my-prefix-,p-9hUg");
            expect(prefixed).toMatchObject({ id: "p-9hUg", inputs: { byteLength: 4, prefix: "my-prefix-" } });
            expect(prefixed.props).toMatchObject({ b64Url: "my-prefix-p-9hUg", dec: "my-prefix-2817483090" });
            await expect(imported("RandomId", "p-9hUg==")).rejects.toThrow("not base64 for URLs");
        },
    },
    {
        behaviour: "RandomBytes are imported by their base64",
        source: declared("RandomBytes", "Import"),
        proof: async () => {
            const { id, inputs, props } = await imported("RandomBytes", "8/fu3q+2DcgSJ19i0jZ5Cw==");
            expect([id, inputs, text(props["hex"])]).toEqual(["none", { length: 16 }, "f3f7eedeafb60dc812275f62d236790b"]);
            await expect(imported("RandomBytes", "not base64")).rejects.toThrow("the id given is not base64");
        },
    },
    {
        behaviour: "RandomInteger is imported as RESULT,MIN,MAX or with the seed behind them",
        source: declared("RandomInteger", "Import"),
        proof: async () => {
            expect(await imported("RandomInteger", "15390,1,50000")).toMatchObject({
                id: "15390",
                inputs: { min: 1, max: 50_000 },
                props: { result: 15_390 },
            });
            expect((await imported("RandomInteger", "-3,-5,0,12345")).inputs).toEqual({ min: -5, max: 0, seed: "12345" });
            for (const id of ["1", "1,2", "a,1,2", "1.5,1,2", "1,1,2,3,4"]) {
                await expect(imported("RandomInteger", id)).rejects.toThrow("is not of the form RESULT,MIN,MAX");
            }
        },
    },
    {
        behaviour: "the UUIDs are imported by their value, in lower case",
        source: declared("RandomUuid", "Import"),
        proof: async () => {
            for (const type of ["RandomUuid", "RandomUuid4", "RandomUuid7"]) {
                const id = "aabbccdd-eeff-0011-2233-445566778899";
                expect([type, await imported(type, id.toUpperCase())]).toEqual([type, { id, inputs: {}, props: { result: id } }]);
                await expect(imported(type, "aabbccdd")).rejects.toThrow('"aabbccdd" is not a UUID');
            }
        },
    },
    {
        behaviour: "RandomPet and RandomShuffle cannot be imported",
        source: official("provider/resource_shuffle"),
        proof: async () => {
            for (const type of ["RandomPet", "RandomShuffle"]) await expect(imported(type, "x")).rejects.toThrow("cannot be imported");
        },
    },
    {
        behaviour: "RandomInteger is a whole number from min to max, both of them possible, and is its own id",
        source: declared("RandomInteger", "min, max"),
        proof: async () => {
            const seen = new Set<number>();
            for (let i = 0; i < 200; i++) {
                const { id, outs } = await create("RandomInteger", { min: -1, max: 1 });
                expect(id).toBe(String(outs["result"]));
                seen.add(Number(outs["result"]));
            }
            expect([...seen].toSorted((a, b) => a - b)).toEqual([-1, 0, 1]);
            expect((await create("RandomInteger", { min: 7, max: 7 })).outs["result"]).toBe(7);
            expect(await failuresOf("RandomInteger", { min: 2, max: 1 })).toEqual(["max: expected 2 (min) or more, found 1"]);
        },
    },
    {
        behaviour: "a seed makes the same value again",
        source: official("random/seed"),
        differs: {
            official: "a `seed` gives what Go's generator makes of it",
            here: "it gives the same value each time, but another one; a value that is in the state stays",
        },
        proof: async () => {
            expect(await number("12345")).toBe(await number("12345"));
            expect(await number("12345")).not.toBe(await number("12346"));
            expect(await order("x")).toEqual(await order("x"));
            expect(await order("x")).not.toEqual(await order("y"));
        },
    },
    {
        behaviour: "RandomShuffle gives each item as often as any other, or as many as asked for; its id is `-`",
        source: declared("RandomShuffle", "resultCount"),
        proof: async () => {
            const inputs = ["a", "b", "c"];
            const { id, outs } = await create("RandomShuffle", { inputs });
            expect([id, [...(outs["results"] as string[])].toSorted()]).toEqual(["-", inputs]);
            const eight = (await create("RandomShuffle", { inputs, resultCount: 8 })).outs["results"] as string[];
            for (const start of [0, 3]) expect(eight.slice(start, start + 3).toSorted()).toEqual(inputs);
            expect(new Set(eight.slice(6)).size).toBe(2);
            expect((await create("RandomShuffle", { inputs, resultCount: 0 })).outs["results"]).toEqual([]);
            expect((await create("RandomShuffle", { inputs: [], resultCount: 5 })).outs["results"]).toEqual([]);
        },
    },
    {
        behaviour: "RandomPet has two words joined by a hyphen, or as many as asked for, behind a prefix; it is its own id",
        source: declared("RandomPet", "length, prefix, separator"),
        differs: {
            official: "a pet's name comes from the word lists of golang-petname",
            here: "it comes from lists of our own (87 adverbs, 125 adjectives, 192 animals)",
        },
        proof: async () => {
            const name = async (inputs: PropertyMap): Promise<string> => (await create("RandomPet", inputs)).id;
            expect(await name({})).toMatch(/^[a-z]+-[a-z]+$/);
            expect(await name({ length: 1 })).toMatch(/^[a-z]+$/);
            expect(await name({ length: 4, separator: "_", prefix: "web" })).toMatch(/^web(_[a-z]+){4}$/);
            expect((await create("RandomPet", {})).outs).toEqual({ length: 2, separator: "-" });
            const { adverbs, adjectives, animals } = await import("../../../embedded/providers/random/words.ts");
            expect([adverbs, adjectives, animals].map((words) => new Set(words).size)).toEqual([87, 125, 192]);
        },
    },
    {
        behaviour: "RandomUuid7 begins with the time, so that later ones sort behind earlier ones",
        source: declared("RandomUuid7", "RandomUuid7"),
        proof: async () => {
            const before = Date.now();
            const { id } = await create("RandomUuid7", {});
            expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
            const time = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
            expect(time).toBeGreaterThanOrEqual(before);
            expect(time).toBeLessThanOrEqual(Date.now());
        },
    },
    {
        behaviour: "an unknown property, a wrong type or a missing one is refused",
        source: declared("RandomIntegerArgs", "min, max"),
        differs: {
            official: "the range of a RandomInteger is that of 64 bits",
            here: "it is at most 2^48 - 2, which is refused by name beyond",
        },
        proof: async () => {
            expect(await failuresOf("RandomInteger", { min: 1 })).toEqual(["max: required, but missing"]);
            expect(await failuresOf("RandomInteger", { min: 0, max: 2 ** 50 })).toEqual(["max: the range is larger than 2^48 numbers"]);
            expect(await failuresOf("RandomInteger", { min: 0.5, max: 2 })).toEqual(["min: expected a whole number, found 0.5"]);
            expect(await failuresOf("RandomShuffle", { inputs: ["a"], resultCount: -1 })).toEqual([
                "resultCount: expected 0 or more, found -1",
            ]);
        },
    },
];

describe("random", () => {
    prove(rows);
});

test("docs/providers.md lists the marked rows as differences, and no others", () => {
    expect(documentedDifferences("random")).toEqual(markedDifferences(rows));
});
