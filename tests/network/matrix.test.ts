import { describe, expect, test } from "@jest/globals";
import { namespacesOf } from "../../components/namespaces/namespaces.ts";
import { GROUPS, SCENARIOS } from "./expectation.ts";
import { allowedBy, allowedIn, differences } from "./matrix.ts";
import { placed } from "./policies.ts";

describe.each(Object.entries(SCENARIOS))("the platform %s", (_, { facts, apiServer, namespaces, rows }) => {
    test("is in the namespaces that its features want", () => {
        expect(Object.values(namespacesOf(facts.features)).toSorted()).toEqual([...namespaces].toSorted());
    });

    test("allows what is written down and nothing else, for everybody and every port", () => {
        const found = allowedIn(placed(facts, apiServer), namespaces);
        expect(differences(allowedBy(rows, namespaces, GROUPS), found)).toEqual({ missing: [], extra: [] });
    });
});
