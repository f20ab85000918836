/** Which resources an operation is about: `--target`, `--exclude` and their dependents. */
import type { Scope } from "../run.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { isProviderType, parseProviderReference, STACK_TYPE } from "../urn.ts";

/** A test for URNs of a pattern: `*` stands for anything but colons, `**` for anything. */
export function urnPattern(pattern: string): (urn: string) => boolean {
    if (!pattern.includes("*")) return (urn) => urn === pattern;
    const segments = pattern.split("**").map((segment) => segment.split("*").map(literally).join("[^:]*"));
    const expression = new RegExp(`^${segments.join(".*")}$`, "s");
    return (urn) => expression.test(urn);
}

function literally(text: string): string {
    return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** URNs of everything a resource needs: its parent, its provider, what it depends on, is deleted and is replaced with. */
export function needsOf(state: ResourceState): string[] {
    const { parent, provider, dependencies, propertyDependencies, deletedWith, replaceWith } = state;
    return [
        ...(parent ? [parent] : []),
        ...(provider ? [parseProviderReference(provider).urn] : []),
        ...dependencies,
        ...Object.values(propertyDependencies).flat(),
        ...(deletedWith ? [deletedWith] : []),
        ...(replaceWith ?? []),
    ];
}

/** Tells which resources are meant, asked about them in an order of dependency. */
export class Selection {
    readonly #patterns: readonly { readonly text: string; readonly matches: (urn: string) => boolean }[];
    readonly #mode: "all" | "targets" | "excludes";
    readonly #withDependents: boolean;
    /** URNs that the patterns reach through dependencies. */
    readonly #reached = new Set<string>();

    constructor(scope: Scope | undefined) {
        this.#mode = scope?.targets.length ? "targets" : scope?.excludes.length ? "excludes" : "all";
        const patterns = this.#mode === "targets" ? scope?.targets : this.#mode === "excludes" ? scope?.excludes : [];
        this.#patterns = (patterns ?? []).map((text) => ({ text, matches: urnPattern(text) }));
        this.#withDependents = Boolean(this.#mode === "targets" ? scope?.targetDependents : scope?.excludeDependents);
    }

    /** Whether there are resources that are not meant. */
    get constrained(): boolean {
        return this.#mode !== "all";
    }

    /** The option that leaves resources out. */
    get option(): "--target" | "--exclude" {
        return this.#mode === "excludes" ? "--exclude" : "--target";
    }

    /** Whether a pattern names the URN itself. */
    names(urn: string): boolean {
        return this.#patterns.some(({ matches }) => matches(urn));
    }

    /** Whether the operation is about a resource. Providers and the stack are always seen to. */
    includes(state: ResourceState): boolean {
        if (this.#mode === "all") return true;
        const hit =
            this.names(state.urn) || (this.#withDependents && needsOf(state).some((urn) => this.#reached.has(urn) || this.names(urn)));
        if (hit) this.#reached.add(state.urn);
        return isProviderType(state.type) || state.type === STACK_TYPE || hit === (this.#mode === "targets");
    }

    /** Of these resources of a state, those that are meant by an operation without a program; nothing is always meant. */
    among(states: readonly ResourceState[]): ReadonlySet<string> {
        if (this.#mode === "all") return new Set(states.map(({ urn }) => urn));
        const reached = new Set<string>();
        for (const state of states) {
            if (this.names(state.urn) || (this.#withDependents && needsOf(state).some((urn) => reached.has(urn)))) reached.add(state.urn);
        }
        return this.#mode === "targets" ? reached : new Set(states.flatMap(({ urn }) => (reached.has(urn) ? [] : [urn])));
    }

    /**
     * Of these resources of a state, those that may be deleted: what is named, with everything that needs it; or all but
     * what is left out, with everything it needs.
     */
    deletable(states: readonly ResourceState[]): ReadonlySet<string> {
        if (this.#mode === "all") return new Set(states.map(({ urn }) => urn));
        const named = new Set(states.filter(({ urn }) => this.names(urn)).map(({ urn }) => urn));
        if (this.#mode === "targets") return closure(named, states, "needed by");
        const kept = closure(named, states, this.#withDependents ? "both" : "needs");
        return new Set(states.flatMap(({ urn }) => (kept.has(urn) ? [] : [urn])));
    }

    /** Patterns that are none of these URNs. */
    unmatched(urns: Iterable<string>): string[] {
        const all = [...urns];
        return this.#patterns.filter(({ matches }) => !all.some(matches)).map(({ text }) => text);
    }
}

/** What is reached from some resources by going to what they need, to what needs them, or both, again and again. */
function closure(from: ReadonlySet<string>, states: readonly ResourceState[], way: "needs" | "needed by" | "both"): Set<string> {
    const next = new Map<string, Set<string>>();
    const link = (a: string, b: string): void => void (next.get(a) ?? next.set(a, new Set()).get(a))?.add(b);
    for (const state of states) {
        for (const needed of needsOf(state)) {
            if (way !== "needed by") link(state.urn, needed);
            if (way !== "needs") link(needed, state.urn);
        }
    }
    const reached = new Set(from);
    for (const urn of reached) for (const other of next.get(urn) ?? []) reached.add(other);
    return reached;
}
