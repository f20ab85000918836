import { describe, expect, test } from "@jest/globals";
import { SCENARIOS } from "./expectation.ts";
import { mutationsOf } from "./mutations.ts";
import { unnoticed } from "./noticing.ts";
import { placed } from "./policies.ts";

describe.each(Object.entries(SCENARIOS))("of the platform %s", (name, { facts, apiServer }) => {
    const policies = placed(facts, apiServer);

    test("every change of every policy is noticed", () => {
        expect(mutationsOf(policies).length).toBeGreaterThan({ SMALL: 200, FULL: 700, GUEST: 150, INTERNAL: 300 }[name] ?? 0);
        expect(unnoticed(policies)).toEqual([]);
    });
});
