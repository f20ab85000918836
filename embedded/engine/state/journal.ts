/**
 * Keeps the state true while steps run: it knows what has been done, what is being done and what of the old state is
 * still there, and has the whole stored after every step.
 */
import { UserError, messageOf } from "../../common/errors.ts";
import { formatProviderReference, parseProviderReference } from "../urn.ts";
import type { PendingOperation, PendingOperationType, ResourceState, Snapshot } from "./snapshot.ts";

interface Slot {
    state: ResourceState | undefined;
}

export class Journal {
    /** Resources of this run in the order in which they were done, which is an order of dependency. */
    readonly #news: Slot[] = [];
    readonly #newSlots = new Map<ResourceState, Slot>();
    /** The old resources, in their old order; undefined once they are superseded or gone. */
    readonly #olds: Slot[];
    readonly #oldSlots: Map<ResourceState, Slot>;
    /** New URNs of resources that were found under an alias. */
    readonly #renamed = new Map<string, string>();
    readonly #pending = new Set<PendingOperation>();
    readonly #persist: ((snapshot: Snapshot) => Promise<void>) | undefined;
    readonly #order: ((resources: readonly ResourceState[]) => readonly ResourceState[]) | undefined;
    /** Whether something was taken out, or put where what depends on it may come before it. */
    #disturbed = false;
    /** Counts what was recorded, and how much of it is stored. */
    #recorded = 0;
    #stored = 0;
    #writing: Promise<void> | undefined;
    #failure: UserError | undefined;

    /** @param order puts resources in an order of dependency, for runs that leave old ones between new ones */
    constructor(
        base: Snapshot,
        persist: ((snapshot: Snapshot) => Promise<void>) | undefined,
        order?: (resources: readonly ResourceState[]) => readonly ResourceState[],
    ) {
        this.#olds = base.resources.map((state) => ({ state }));
        this.#oldSlots = new Map(base.resources.map((state, i) => [state, this.#olds[i] as Slot]));
        for (const operation of base.pendingOperations) this.#pending.add(operation);
        this.#persist = persist;
        this.#order = order;
    }

    /** The state as it is now. */
    snapshot(): Snapshot {
        const resources: ResourceState[] = [];
        for (const { state } of this.#news) if (state) resources.push(state);
        for (const { state } of this.#olds) if (state) resources.push(this.#renamed.size ? renameReferences(state, this.#renamed) : state);
        const ordered = this.#order?.(resources) ?? resources;
        return { resources: this.#disturbed ? withoutDangling(ordered) : ordered, pendingOperations: [...this.#pending] };
    }

    /** Records that a step begins, and returns when that is stored. The step ends with {@link end}. */
    async begin(type: PendingOperationType, resource: ResourceState): Promise<PendingOperation> {
        const operation: PendingOperation = { type, resource };
        this.#pending.add(operation);
        this.#recorded++;
        await this.flush();
        return operation;
    }

    /** Records that a step ended, or that an interrupted one is resolved. Stored with the next {@link flush}. */
    end(operation: PendingOperation): void {
        if (this.#pending.delete(operation)) this.#recorded++;
    }

    /** Adds a resource of this run, in place of the old ones it supersedes. */
    add(state: ResourceState, ...superseded: readonly (ResourceState | undefined)[]): void {
        const slot: Slot = { state };
        this.#news.push(slot);
        this.#newSlots.set(state, slot);
        for (const old of superseded) {
            const oldSlot = old && this.#oldSlots.get(old);
            if (oldSlot) oldSlot.state = undefined;
            if (old && old.urn !== state.urn) this.#renamed.set(old.urn, state.urn);
        }
        this.#recorded++;
    }

    /** As {@link add}; a resource that was added in this run keeps its place. */
    supersede(state: ResourceState, old: ResourceState): void {
        if (this.#newSlots.has(old)) this.change(old, state);
        else this.add(state, old);
    }

    /** As {@link add}, for a resource that is as it was: nothing needs storing for it alone. */
    keep(state: ResourceState, old: ResourceState): void {
        this.add(state, old);
        this.#recorded--;
    }

    /** Puts another version of a resource in its place. Returns the new version. */
    change(from: ResourceState, to: ResourceState): ResourceState {
        for (const slots of [this.#newSlots, this.#oldSlots]) {
            const slot = slots.get(from);
            if (!slot) continue;
            slots.delete(from);
            slots.set(to, slot);
            slot.state = to;
            this.#recorded++;
        }
        return to;
    }

    /** Adds a resource of an earlier run that the state did not know to be there. */
    restore(state: ResourceState): void {
        const slot: Slot = { state };
        this.#olds.push(slot);
        this.#disturbed = true;
        this.#oldSlots.set(state, slot);
        this.#recorded++;
    }

    /** Takes a resource out of the state. */
    remove(state: ResourceState): void {
        const slot = this.#oldSlots.get(state) ?? this.#newSlots.get(state);
        if (!slot?.state) return;
        slot.state = undefined;
        this.#disturbed = true;
        this.#recorded++;
    }

    /**
     * Returns when everything recorded so far is stored. Steps that end while the state is being written share the next
     * write. Rejects with {@link UserError} when it could not be stored, and from then on always.
     */
    async flush(): Promise<void> {
        const wanted = this.#recorded;
        while (this.#stored < wanted || this.#failure) {
            if (this.#failure) throw this.#failure;
            if (!this.#persist) return;
            this.#writing ??= this.#write().finally(() => {
                this.#writing = undefined;
            });
            await this.#writing;
        }
    }

    async #write(): Promise<void> {
        // What other steps record in this turn shares the write.
        await new Promise<void>((resolve) => setImmediate(resolve));
        const covers = this.#recorded;
        try {
            await this.#persist?.(this.snapshot());
            this.#stored = covers;
        } catch (error) {
            this.#failure ??= new UserError(`The state could not be stored: ${messageOf(error)}`);
        }
    }
}

/**
 * The resources without references to what is not there any more: an object that was found to be gone leaves others that
 * depended on it, and a state is only one when everything comes after what it depends on.
 */
function withoutDangling(resources: readonly ResourceState[]): ResourceState[] {
    const known = new Set<string>();
    const isKnown = (urn: string): boolean => known.has(urn);
    return resources.map((state) => {
        const { urn, dependencies, propertyDependencies, deletedWith, replaceWith } = state;
        const whole =
            dependencies.every(isKnown) &&
            Object.values(propertyDependencies).every((urns) => urns.every(isKnown)) &&
            (deletedWith === undefined || known.has(deletedWith)) &&
            (replaceWith ?? []).every(isKnown);
        known.add(urn);
        if (whole) return state;
        const { deletedWith: _with, ...rest } = state;
        return {
            ...rest,
            dependencies: dependencies.filter(isKnown),
            propertyDependencies: Object.fromEntries(
                Object.entries(propertyDependencies).map(([key, urns]) => [key, urns.filter(isKnown)]),
            ),
            ...(deletedWith !== undefined && known.has(deletedWith) && { deletedWith }),
            ...(replaceWith && { replaceWith: replaceWith.filter(isKnown) }),
        };
    });
}

/** A resource whose references to others carry their new names. */
function renameReferences(state: ResourceState, renamed: ReadonlyMap<string, string>): ResourceState {
    const rename = (urn: string): string => renamed.get(urn) ?? urn;
    return {
        ...state,
        dependencies: state.dependencies.map(rename),
        propertyDependencies: Object.fromEntries(Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(rename)])),
        ...(state.parent && { parent: rename(state.parent) }),
        ...(state.deletedWith && { deletedWith: rename(state.deletedWith) }),
        ...(state.replaceWith && { replaceWith: state.replaceWith.map(rename) }),
        ...(state.provider && { provider: renameProvider(state.provider, rename) }),
    };
}

function renameProvider(reference: string, rename: (urn: string) => string): string {
    const { urn, id } = parseProviderReference(reference);
    return formatProviderReference({ urn: rename(urn), id });
}
