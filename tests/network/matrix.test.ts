import { describe, expect, test } from "@jest/globals";
import { namespacesOf } from "../../components/namespaces/namespaces.ts";
import { GROUPS, SCENARIOS } from "./expectation.ts";
import { disagreements, expected, found } from "./matrix.ts";
import { placed } from "./policies.ts";

describe.each(Object.entries(SCENARIOS))("the platform %s", (_, { facts, apiServer, ...expectation }) => {
    const { namespaces } = expectation;

    test("is in the namespaces that its features want", () => {
        expect(Object.values(namespacesOf(facts.features)).toSorted()).toEqual([...namespaces].toSorted());
    });

    test("allows what is written down and nothing else, for everybody and every port, at both ends", () => {
        const seen = found(placed(facts, apiServer), namespaces);
        expect(seen.through.size).toBeGreaterThan(50);
        expect(disagreements(expected({ ...expectation, groups: GROUPS }), seen)).toEqual([]);
    });
});
