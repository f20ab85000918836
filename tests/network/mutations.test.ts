import { describe, expect, test } from "@jest/globals";
import { EVERYBODY } from "./census.ts";
import { gate, type Endpoint, type PlacedPolicy } from "./evaluator.ts";
import { SCENARIOS } from "./expectation.ts";
import { PORTS } from "./matrix.ts";
import { mutationsOf } from "./mutations.ts";
import { placed } from "./policies.ts";

/** What the policies of a namespace let in and out of its pods, in a fixed order: the whole of what a change there can change. */
function* verdicts(policies: readonly PlacedPolicy[], namespace: string): Generator<boolean> {
    const own = { policies: policies.filter((policy) => policy.namespace === namespace) };
    const everybody = [...EVERYBODY.values()];
    const isInside = (end: Endpoint) => "namespace" in end && end.namespace === namespace;
    for (const pod of everybody.filter(isInside))
        for (const other of everybody)
            for (const direction of ["Ingress", "Egress"] as const) yield* PORTS.map(gate(direction, pod, other, own));
}

/** Changes that change nothing of what `tests/network/matrix.test.ts` holds against what is written down. */
function unnoticed(policies: readonly PlacedPolicy[]): string[] {
    const namespaces = [...new Set(policies.map(({ namespace }) => namespace))];
    const before = new Map(namespaces.map((namespace) => [namespace, [...verdicts(policies, namespace)]]));
    const isSame = (changed: readonly PlacedPolicy[], namespace: string): boolean => {
        const known = before.get(namespace) ?? [];
        let at = 0;
        for (const verdict of verdicts(changed, namespace)) if (verdict !== known[at++]) return false;
        return true;
    };
    return mutationsOf(policies)
        .filter(({ policies: changed, namespace }) => isSame(changed, namespace))
        .map(({ what }) => what);
}

describe.each(Object.entries(SCENARIOS))("of the platform %s", (name, { facts, apiServer }) => {
    const policies = placed(facts, apiServer);

    test("every change of every policy is noticed", () => {
        expect(mutationsOf(policies).length).toBeGreaterThan({ SMALL: 200, FULL: 700, GUEST: 150, INTERNAL: 300 }[name] ?? 0);
        expect(unnoticed(policies)).toEqual([]);
    });
});
