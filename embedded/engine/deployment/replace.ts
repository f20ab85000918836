/** Replacing objects: the new one first, or the old one and what depends on it first. */
import { UserError } from "../../common/errors.ts";
import { plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { Decision } from "../steps/decide.ts";
import type { Goal } from "../steps/goal.ts";
import { parseProviderReference } from "../urn.ts";
import { Unknown, type PropertyMap } from "../values.ts";
import { createObject, deleteObject } from "./apply.ts";
import { metadataOf, type Deployment, type Done } from "./deployment.ts";
import { dependsOn } from "./graph.ts";
import type { LoadedProvider } from "./registry.ts";

type Replacement = Extract<Decision, { op: "replace" | "recreate" }>;

/** Replaces the object of `old` with that of `state`; returns when the new one exists. */
export async function replaceObject(
    deployment: Deployment,
    decision: Replacement,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
    loaded: LoadedProvider,
): Promise<Done> {
    const { journal, reporter } = deployment;
    const change = decision.op === "replace" ? { diffs: decision.diffs, keys: decision.keys, detailedDiff: decision.detailedDiff } : {};
    if (decision.op === "replace" && old.protect) {
        throw new UserError(
            `"${goal.name}" (${goal.type}) has to be replaced (changed: ${decision.keys.join(", ")}), but it is protected. Set protect to false and run "up" first, or undo the change.`,
        );
    }
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
    for (const condemned of [...(await dependentReplacements(deployment, old)), old]) {
        if (condemned !== old && condemned.protect) {
            throw new UserError(
                `${condemned.urn} would have to be replaced with ${old.urn}, on which it depends, but it is protected. Set its protect to false and run "up" first.`,
            );
        }
        const marked: ResourceState = { ...condemned, pendingReplacement: true };
        await deleteObject(deployment, metadataOf("delete-replaced", condemned, undefined), condemned, false, () =>
            deployment.changeOld(condemned, marked),
        );
        if (condemned === old) gone = marked;
    }
    return gone;
}

/** What has to be replaced with `root` because its provider says so, the last in the order of dependency first. */
async function dependentReplacements(deployment: Deployment, root: ResourceState): Promise<ResourceState[]> {
    const reached: ResourceState[] = [root];
    const replaced = [root];
    for (const state of deployment.olds.values()) {
        if (state === root || !reached.some((other) => dependsOn(state, other))) continue;
        reached.push(state);
        if (!state.custom || state.external || state.pendingReplacement || deployment.taken.has(state.urn)) continue;
        if (await goesDownWith(deployment, state, replaced)) replaced.push(state);
    }
    return replaced.slice(1).toReversed();
}

async function goesDownWith(deployment: Deployment, state: ResourceState, replaced: readonly ResourceState[]): Promise<boolean> {
    const urns = new Set(replaced.map(({ urn }) => urn));
    if (!state.provider) return false;
    if (urns.has(parseProviderReference(state.provider).urn)) return true;
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
    const olds = { inputs: plain(state.inputs), outputs: plain(state.outputs) };
    const diff = await provider.diff(state.id ?? "", state.urn, olds, plain(inputs), [], deployment.context(state.urn));
    return Boolean(diff.replaces?.length);
}
