/** Who depends on whom, in a state. */
import type { ResourceState } from "../state/snapshot.ts";
import { parseProviderReference } from "../urn.ts";
import { needsOf } from "./scope.ts";

/** Whether `state` cannot exist without `other`: its parent, its provider, what it depends on, what it is deleted with. */
export function dependsOn(state: ResourceState, other: ResourceState): boolean {
    if (state === other) return false;
    if (state.parent === other.urn || state.deletedWith === other.urn || state.dependencies.includes(other.urn)) return true;
    if (state.replaceWith?.includes(other.urn)) return true;
    if (state.provider) {
        const { urn, id } = parseProviderReference(state.provider);
        if (urn === other.urn && id === (other.id ?? "")) return true;
    }
    return Object.values(state.propertyDependencies).some((urns) => urns.includes(other.urn));
}

/** For each of these resources, those among them that depend on it directly. */
export function dependents(states: readonly ResourceState[]): Map<ResourceState, ResourceState[]> {
    const byUrn = new Map<string, ResourceState[]>();
    for (const state of states) byUrn.set(state.urn, [...(byUrn.get(state.urn) ?? []), state]);
    const result = new Map<ResourceState, ResourceState[]>(states.map((state) => [state, []]));
    for (const state of states) {
        for (const urn of new Set(needsOf(state))) {
            for (const other of byUrn.get(urn) ?? []) if (dependsOn(state, other)) result.get(other)?.push(state);
        }
    }
    return result;
}

/** The resources with each after what it needs, and otherwise in the order they have. */
export function inOrder(states: readonly ResourceState[]): ResourceState[] {
    const byUrn = new Map<string, ResourceState[]>();
    for (const state of states) byUrn.set(state.urn, [...(byUrn.get(state.urn) ?? []), state]);
    const result = new Set<ResourceState>();
    const begun = new Set<ResourceState>();
    const add = (state: ResourceState): void => {
        if (begun.has(state)) return;
        begun.add(state);
        for (const urn of needsOf(state)) for (const other of byUrn.get(urn) ?? []) add(other);
        result.add(state);
    };
    for (const state of states) add(state);
    return [...result];
}
