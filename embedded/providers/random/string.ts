import { randomInt } from "node:crypto";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { UserError } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { shuffled } from "./seeded.ts";

const NUMERIC = "0123456789";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

function characterSets(inputs: PropertyMap) {
    const override = inputs["overrideSpecial"];
    const special = typeof override === "string" && override !== "" ? override : SPECIAL;
    return [
        { characters: NUMERIC, used: inputs["numeric"] === true, minimum: Number(inputs["minNumeric"]) },
        { characters: LOWER, used: inputs["lower"] === true, minimum: Number(inputs["minLower"]) },
        { characters: UPPER, used: inputs["upper"] === true, minimum: Number(inputs["minUpper"]) },
        { characters: special, used: inputs["special"] === true, minimum: Number(inputs["minSpecial"]) },
    ].map((set) => ({ ...set, characters: [...set.characters] }));
}

/** What is wrong with the options; values that are not known yet are taken to be right. */
export function stringFailures(inputs: PropertyMap): CheckFailure[] {
    const failures: CheckFailure[] = [];
    const { length } = inputs;
    const sets = characterSets(inputs);
    const minimum = sets.reduce((sum, set) => sum + (Number.isFinite(set.minimum) ? set.minimum : 0), 0);
    for (const name of ["minNumeric", "minLower", "minUpper", "minSpecial"]) {
        const value = inputs[name];
        if (typeof value === "number" && (value < 0 || !Number.isInteger(value)))
            failures.push({ property: name, reason: `expected 0 or more, found ${value}` });
    }
    if (typeof length === "number") {
        if (!Number.isInteger(length) || length < 1) failures.push({ property: "length", reason: `expected 1 or more, found ${length}` });
        else if (length < minimum) {
            failures.push({
                property: "length",
                reason: `${length} is less than the ${minimum} characters that minUpper, minLower, minNumeric and minSpecial ask for`,
            });
        }
    }
    if (["numeric", "lower", "upper", "special"].every((name) => inputs[name] === false)) {
        failures.push({
            property: "numeric",
            reason: "the set of characters is empty: one of numeric, upper, lower and special must be true",
        });
    }
    return failures;
}

const pick = (characters: readonly string[], count: number) =>
    Array.from({ length: count }, () => characters[randomInt(characters.length)] ?? "");

/** A random string: the asked minimum of each set, the rest from the union of the used ones, in random order. */
export function randomString(inputs: PropertyMap): string {
    const sets = characterSets(inputs);
    const characters = sets.flatMap((set) => pick(set.characters, set.minimum));
    const union = sets.filter((set) => set.used).flatMap((set) => set.characters);
    characters.push(...pick(union, Number(inputs["length"]) - characters.length));
    return shuffled(characters, randomInt).join("");
}

/** Reads bytes that were written as text. Throws for text that is not in that notation. */
export function bytesOfText(text: string, encoding: "base64" | "base64url"): Buffer {
    const bytes = Buffer.from(text, encoding);
    if (text === "" || bytes.toString(encoding) !== text)
        throw new UserError(`the id given is not ${encoding === "base64" ? "base64" : "base64 for URLs, without padding"}`);
    return bytes;
}
