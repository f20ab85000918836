import { EVERYBODY } from "./census.ts";
import { gate, type Endpoint, type PlacedPolicy } from "./evaluator.ts";
import { PORTS } from "./matrix.ts";
import { mutationsOf } from "./mutations.ts";

/** What the policies of a namespace let in and out of its pods, in a fixed order: the whole of what a change there can change. */
function* verdicts(policies: readonly PlacedPolicy[], namespace: string, ends: readonly Endpoint[]): Generator<boolean> {
    const own = { policies: policies.filter((policy) => policy.namespace === namespace) };
    const isInside = (end: Endpoint) => "namespace" in end && end.namespace === namespace;
    for (const pod of ends.filter(isInside))
        for (const other of ends)
            for (const direction of ["Ingress", "Egress"] as const) yield* PORTS.map(gate(direction, pod, other, own));
}

/** The changes of policies that change nothing of what they say about anybody. */
export function unnoticed(policies: readonly PlacedPolicy[], everybody: ReadonlyMap<string, Endpoint> = EVERYBODY): string[] {
    const ends = [...everybody.values()];
    const namespaces = [...new Set(policies.map(({ namespace }) => namespace))];
    const before = new Map(namespaces.map((namespace) => [namespace, [...verdicts(policies, namespace, ends)]]));
    const isSame = (changed: readonly PlacedPolicy[], namespace: string): boolean => {
        const known = before.get(namespace) ?? [];
        let at = 0;
        for (const verdict of verdicts(changed, namespace, ends)) if (verdict !== known[at++]) return false;
        return true;
    };
    return mutationsOf(policies)
        .filter(({ policies: changed, namespace }) => isSame(changed, namespace))
        .map(({ what }) => what);
}
