/** Random choices that are no secrets: numbers, orders and names. */
import { randomInt } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";
import type { LogicalType, Property } from "../shared/logical.ts";
import { drawFrom, shuffled } from "./seeded.ts";
import { adjectives, adverbs, animals } from "./words.ts";

/** Values whose change makes a new random value. */
export const keepers: Property = { type: "map" };

function notWhole(inputs: PropertyMap, ...names: string[]) {
    return names.flatMap((property) => {
        const value = inputs[property];
        return typeof value === "number" && !Number.isSafeInteger(value)
            ? [{ property, reason: `expected a whole number, found ${value}` }]
            : [];
    });
}

/** `random:index/randomInteger:RandomInteger`. */
export const integer: LogicalType = {
    properties: {
        keepers,
        min: { type: "number", required: true },
        max: { type: "number", required: true },
        seed: { type: "string" },
    },
    computed: ["result"],
    validate: (inputs) => {
        const { min, max } = inputs;
        const wrong = notWhole(inputs, "min", "max");
        if (wrong.length || typeof min !== "number" || typeof max !== "number") return wrong;
        if (max < min) return [{ property: "max", reason: `expected ${min} (min) or more, found ${max}` }];
        if (max - min >= 2 ** 48 - 1) return [{ property: "max", reason: "the range is larger than 2^48 numbers" }];
        return [];
    },
    generate: async ({ min, max, seed }) => {
        const result = Number(min) + drawFrom(seed)(Number(max) - Number(min) + 1);
        return { id: String(result), values: { result } };
    },
    adopt: (id) => {
        const [result = "", min = "", max = "", seed, ...more] = id.split(",");
        const numbers = [result, min, max].map((text) => (/^-?\d+$/.test(text) ? Number(text) : Number.NaN));
        if (more.length || !numbers.every(Number.isSafeInteger))
            throw new UserError(`"${id}" is not of the form RESULT,MIN,MAX or RESULT,MIN,MAX,SEED with whole numbers`);
        return {
            id: result,
            inputs: { min: Number(min), max: Number(max), ...(seed !== undefined && { seed }) },
            values: { result: Number(result) },
        };
    },
};

/** `random:index/randomShuffle:RandomShuffle`. */
export const shuffle: LogicalType = {
    properties: {
        keepers,
        inputs: { type: "list", required: true },
        resultCount: { type: "number" },
        seed: { type: "string" },
    },
    computed: ["results"],
    validate: (inputs) => [
        ...notWhole(inputs, "resultCount"),
        ...(typeof inputs["resultCount"] === "number" && inputs["resultCount"] < 0
            ? [{ property: "resultCount", reason: `expected 0 or more, found ${inputs["resultCount"]}` }]
            : []),
    ],
    generate: async ({ inputs, resultCount, seed }) => {
        const items = Array.isArray(inputs) ? inputs : [];
        const count = typeof resultCount === "number" ? resultCount : items.length;
        const draw = drawFrom(seed);
        const results: PropertyMap[string][] = [];
        // More than there are: each comes once before any comes again.
        while (items.length && results.length < count) results.push(...shuffled(items, draw));
        return { id: "-", values: { results: results.slice(0, count) } };
    },
};

const oneOf = (words: readonly string[]): string => words[randomInt(words.length)] ?? "";

/** `random:index/randomPet:RandomPet`. */
export const pet: LogicalType = {
    properties: {
        keepers,
        length: { type: "number", default: 2 },
        prefix: { type: "string" },
        separator: { type: "string", default: "-" },
    },
    computed: [],
    validate: (inputs) => notWhole(inputs, "length"),
    generate: async ({ length, prefix, separator }) => {
        const more = Array.from({ length: Math.max(0, Number(length) - 2) }, () => oneOf(adverbs));
        const words = length === 1 ? [oneOf(animals)] : [...more, oneOf(adjectives), oneOf(animals)];
        const parts = typeof prefix === "string" && prefix !== "" ? [prefix, ...words] : words;
        return { id: parts.join(String(separator)), values: {} };
    },
};
