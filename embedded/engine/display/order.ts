/** The order in which a preview is shown: that of the tree of resources, whatever order they were looked at in. */
import type { EngineEvent, StepMetadata } from "../events.ts";
import { isRootStack, nameOf, typeOf } from "./names.ts";

/** What is known of a resource's place. */
export interface Placed {
    readonly urn: string;
    readonly parent: string | undefined;
}

const byTypeAndName = (a: string, b: string): number => compare(typeOf(a), typeOf(b)) || compare(nameOf(a), nameOf(b)) || compare(a, b);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The places of resources, parents before their children and these by type and name. */
export function treeOrder(resources: Iterable<Placed>): ReadonlyMap<string, number> {
    const parents = new Map([...resources].map(({ urn, parent }) => [urn, parent]));
    const children = new Map<string | undefined, string[]>();
    for (const [urn, parent] of parents) {
        const under = parent !== undefined && parent !== urn && parents.has(parent) ? parent : undefined;
        children.set(under, [...(children.get(under) ?? []), urn]);
    }
    const order = new Map<string, number>();
    const visit = (urn: string): void => {
        order.set(urn, order.size);
        for (const child of (children.get(urn) ?? []).toSorted(byTypeAndName)) visit(child);
    };
    // The stack first: what has no parent of its own is under it.
    const roots = (children.get(undefined) ?? []).toSorted(byTypeAndName);
    for (const urn of roots.toSorted((a, b) => Number(isRootStack(typeOf(b))) - Number(isRootStack(typeOf(a))))) visit(urn);
    return order;
}

export const placeOf = ({ urn, old, new: after }: StepMetadata): Placed => ({ urn, parent: (after ?? old)?.parent });

/** Keeps events until all are there. */
export class OrderedEvents {
    readonly #events: EngineEvent[] = [];
    readonly #places = new Map<string, Placed>();

    /** Resources heard of. */
    get size(): number {
        return this.#places.size;
    }

    take(event: EngineEvent): void {
        this.#events.push(event);
        if ("metadata" in event) this.#places.set(event.metadata.urn, placeOf(event.metadata));
    }

    /** The events by resource, each resource's as they came; what is of none stays before and behind them. */
    *all(): Iterable<EngineEvent> {
        const order = treeOrder(this.#places.values());
        const place = (event: EngineEvent): number => {
            if (event.type === "summary") return Number.MAX_SAFE_INTEGER;
            const urn = "metadata" in event ? event.metadata.urn : "urn" in event ? event.urn : undefined;
            return urn === undefined ? (event.type === "diagnostic" ? Number.MAX_SAFE_INTEGER - 1 : -1) : (order.get(urn) ?? order.size);
        };
        yield* this.#events.toSorted((a, b) => place(a) - place(b));
    }
}
