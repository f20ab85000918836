/** The pure parts of `--target` and `--exclude`: patterns, and orders of dependency. */
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { inOrder } from "../../embedded/engine/deployment/graph.ts";
import { Selection, urnPattern } from "../../embedded/engine/deployment/scope.ts";
import { nothingKept, type ResourceState } from "../../embedded/engine/state/snapshot.ts";
import { expectInOrder, GROUP, STACK, THING, thing } from "./support/direct.ts";

describe("a pattern", () => {
    const urn = thing("name", `${GROUP}$${THING}`);
    test.each([
        [urn, true],
        ["**", true],
        ["*", false],
        ["**::name", true],
        ["urn:pulumi:*::*::*:*:*$*:*:*::*", true],
        ["urn:pulumi:unit::test::**::name", true],
        ["urn:pulumi:unit::test::*::name", false],
        ["**.ame", false],
        [`${urn}s`, false],
    ])("%s matches: %p", (pattern, matches) => {
        expect(urnPattern(pattern)(urn)).toBe(matches);
    });

    test("without stars is that URN and no other, whatever is in it", () => {
        const text = fc.string({ unit: fc.constantFrom(..."ab:.$+([{\\^?|*") });
        fc.assert(
            fc.property(text, text, (pattern, other) => {
                expect(urnPattern(pattern)(other)).toBe(reference(pattern, other));
            }),
            { numRuns: 2000 },
        );
    });
});

/** Matching as it is defined, by trying every length. */
function reference(pattern: string, urn: string): boolean {
    if (!pattern) return !urn;
    const star = pattern.startsWith("**") ? "**" : pattern.startsWith("*") ? "*" : "";
    if (!star) return urn[0] === pattern[0] && reference(pattern.slice(1), urn.slice(1));
    for (let length = 0; length <= urn.length; length++) {
        if (star === "*" && urn.slice(0, length).includes(":")) return false;
        if (reference(pattern.slice(star.length), urn.slice(length))) return true;
    }
    return false;
}

const state = (name: string, dependencies: readonly string[]): ResourceState => ({
    ...nothingKept,
    urn: thing(name),
    type: THING,
    custom: true,
    inputs: {},
    outputs: {},
    dependencies,
});

describe("an order of dependency", () => {
    test("is found for any graph, and kept where there is one", () => {
        const graph = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 20 }).map((edges) =>
            edges.map((to, i) =>
                state(
                    `t${i}`,
                    to.filter((j) => j < i).map((j) => thing(`t${j}`)),
                ),
            ),
        );
        fc.assert(
            fc.property(
                graph.chain((states) => fc.tuple(fc.constant(states), fc.shuffledSubarray(states, { minLength: states.length }))),
                ([states, shuffled]) => {
                    expect(inOrder(states)).toEqual(states);
                    expectInOrder(inOrder(shuffled));
                    expect(inOrder(shuffled)).toHaveLength(states.length);
                },
            ),
        );
    });

    test("does not end in a circle", () => {
        expect(inOrder([state("a", [thing("b")]), state("b", [thing("a")])])).toHaveLength(2);
    });
});

test("a selection without targets and excludes is of everything", () => {
    expect(new Selection({ targets: [], excludes: [], targetDependents: true, excludeDependents: true }).constrained).toBe(false);
    expect(new Selection({ targets: [], excludes: [STACK], targetDependents: false, excludeDependents: false }).option).toBe("--exclude");
});
