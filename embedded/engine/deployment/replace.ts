/** Replacing objects: the new one first, or the old one and what depends on it first. */
import { UserError } from "../../common/errors.ts";
import { plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { decide, type Decision } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { parseProviderReference } from "../urn.ts";
import { Unknown, type PropertyMap } from "../values.ts";
import { createObject, deleteObject, oldStateOf } from "./apply.ts";
import { metadataOf, type Deployment, type Done } from "./deployment.ts";
import { dependsOn } from "./graph.ts";
import type { LoadedProvider } from "./registry.ts";

type Replacement = Extract<Decision, { op: "replace" }>;
type Recreation = Extract<Decision, { op: "recreate" }>;

/**
 * Refuses to replace what is protected, before and after, and what was imported under an id that the program still asks
 * for: throws {@link UserError}; a preview reports it and goes on, so that the change is seen.
 */
export function refuseReplacement(
    { preview, reporter }: Deployment,
    { keys }: Replacement,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
): void {
    const subject = `"${goal.name}" (${goal.type}) has to be replaced (changed: ${keys.join(", ")})`;
    if (old.protect && state.protect) {
        const message = `${subject}, but it is protected. Set protect to false, or undo the change.`;
        if (!preview) throw new UserError(message);
        reporter.diagnostic("error", message, state.urn);
    }
    if (goal.importId) {
        const message = `${subject}, but the option import asks for the object ${goal.importId}. Remove the option import, or undo the change.`;
        if (!preview) throw new UserError(message);
        reporter.diagnostic("warning", message, state.urn);
    }
}

/** Replaces the object of `old` with that of `state`; returns when the new one exists. */
export async function replaceObject(
    deployment: Deployment,
    decision: Replacement | Recreation,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider | undefined,
): Promise<Done> {
    const { journal, reporter } = deployment;
    const change = decision.op === "replace" ? { diffs: decision.diffs, keys: decision.keys, detailedDiff: decision.detailedDiff } : {};
    const deleteFirst = decision.op === "replace" && decision.deleteBeforeReplace;
    const before = deleteFirst ? await deployment.exclusively(() => deleteFirstOf(deployment, old)) : old;
    const result = await createObject(deployment, metadataOf("create-replacement", old, state, change), state, loaded, (created) => {
        if (decision.op === "replace" && !deleteFirst) {
            deployment.changeOld(old, { ...old, delete: true });
            journal.add(created);
        } else journal.add(created, before);
    });
    const created = metadataOf("create-replacement", old, result, change);
    reporter.done(created);
    const replaced = metadataOf("replace", old, result, change);
    reporter.pre(replaced);
    reporter.done(replaced);
    return { state: result, metadata: replaced };
}

/** Deletes an object so that its replacement can take its place, and before it what cannot do without it. */
async function deleteFirstOf(deployment: Deployment, old: ResourceState): Promise<ResourceState> {
    let gone = old;
    const condemned = [...(await dependentReplacements(deployment, old)), old];
    const guarded = condemned.find((state) => state !== old && state.protect);
    if (guarded) {
        throw new UserError(
            `${guarded.urn} would have to be replaced with ${old.urn}, on which it depends, but it is protected. Set its protect to false and run "up" first.`,
        );
    }
    const deleted = new Set(condemned.filter(({ retainOnDelete }) => !retainOnDelete).map(({ urn }) => urn));
    for (const state of condemned) {
        const marked: ResourceState = { ...state, pendingReplacement: true };
        const goesWith = state.deletedWith !== undefined && deleted.has(state.deletedWith);
        await deleteObject(deployment, metadataOf("delete-replaced", state, undefined), state, goesWith, () =>
            deployment.changeOld(state, marked),
        );
        if (state === old) gone = marked;
    }
    return gone;
}

/** What has to be replaced with `root`, the last in the order of dependency first. */
async function dependentReplacements(deployment: Deployment, root: ResourceState): Promise<ResourceState[]> {
    const reached: ResourceState[] = [root];
    const replaced = [root];
    for (const state of deployment.olds.values()) {
        if (state === root || !reached.some((other) => dependsOn(state, other))) continue;
        reached.push(state);
        if (!state.custom || state.external || state.pendingReplacement || deployment.taken.has(state.urn)) continue;
        if (await goesDownWith(deployment, state, new Set(replaced.map(({ urn }) => urn)))) replaced.push(state);
    }
    return replaced.slice(1).toReversed();
}

/** Whether a resource is replaced with others: by its options, by its provider's being replaced, or because its provider says so. */
async function goesDownWith(deployment: Deployment, state: ResourceState, urns: ReadonlySet<string>): Promise<boolean> {
    if (!state.provider) return false;
    if (urns.has(parseProviderReference(state.provider).urn)) return true;
    if ((state.deletedWith && urns.has(state.deletedWith)) || state.replaceWith?.some((urn) => urns.has(urn))) return true;
    let touched = false;
    const inputs: Record<string, PropertyMap[string]> = { ...state.inputs };
    for (const [key, dependencies] of Object.entries(state.propertyDependencies)) {
        if (!dependencies.some((urn) => urns.has(urn)) || inputs[key] === undefined) continue;
        inputs[key] = Unknown.instance;
        touched = true;
    }
    if (!touched) return false;
    const { provider, known } = await deployment.registry.get(state.provider);
    if (!known) return false;
    const olds = oldStateOf(state);
    const diff = await provider.diff(state.id ?? "", state.urn, olds, plain(inputs), state.ignoreChanges, deployment.context(state.urn));
    const { replaceOnChanges } = state;
    const { op } = decide({
        old: { ...state, initErrors: [] },
        inputs,
        custom: true,
        diff,
        forced: undefined,
        replaceOnChanges,
        deleteBeforeReplace: undefined,
    });
    return op === "replace";
}
