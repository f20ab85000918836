/** Reading what the state says exists, and taking into it what is found. */
import { difference, equal, sameState } from "../compare.ts";
import { PartialError, type PropertyDiffKind } from "../provider.ts";
import { carrySecrets, plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { isProviderType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { finishedOutputs, now, oldStateOf } from "./apply.ts";
import { Canceled, metadataOf, StepFailed, type Deployment } from "./deployment.ts";

/** Whether there is an object outside to read for a resource. */
export function isReadable(state: ResourceState): boolean {
    return state.custom && !isProviderType(state.type) && !state.pendingReplacement && Boolean(state.id && state.provider);
}

/** Reads one object: its state as it is now, the same state when nothing differs, undefined when it is gone. */
export async function readObject(deployment: Deployment, old: ResourceState): Promise<ResourceState | undefined> {
    const { provider, known } = await deployment.registry.get(old.provider ?? "");
    if (!known) return old;
    let initErrors: readonly string[] = [];
    let id: string | undefined;
    let props: PropertyMap | undefined;
    let inputs: PropertyMap | undefined;
    try {
        const context = deployment.context(old.urn, old.customTimeouts?.read);
        const result = await provider.read(old.id ?? "", old.urn, oldStateOf(old), context);
        id = result.id;
        props = result.props as PropertyMap | undefined;
        inputs = result.inputs as PropertyMap | undefined;
    } catch (error) {
        if (!(error instanceof PartialError)) throw error;
        id = error.id;
        props = error.outputs;
        inputs = error.inputs;
        initErrors = deployment.reasons(error);
    }
    if (!id) return undefined;
    // What was secret stays secret: providers see and return values without marks.
    const outputs = carrySecrets(finishedOutputs(old, props ?? {}), old.outputs);
    const found: ResourceState = { ...old, id, outputs, initErrors, ...(inputs && { inputs: carrySecrets(inputs, old.inputs) }) };
    const same = id === old.id && equal(found.outputs, old.outputs) && equal(found.inputs, old.inputs) && equal(initErrors, old.initErrors);
    return same ? old : { ...found, modified: now() };
}

/**
 * Refreshes the objects of the stack that the operation is about. Failures are reported, not thrown.
 * @param which those to refresh; default all
 */
export async function refreshAll(deployment: Deployment, which: (state: ResourceState) => boolean = () => true): Promise<void> {
    const states = [...deployment.olds.values(), ...deployment.doomed];
    const meant = deployment.selection.among(deployment.run.snapshot.resources);
    const gone = new Set<string>();
    const refreshOne = async (old: ResourceState): Promise<void> => {
        deployment.checkpoint();
        const { reporter } = deployment;
        const metadata = metadataOf("refresh", old, old);
        reporter.pre(metadata);
        let found: ResourceState | undefined;
        let change: Change = NO_CHANGE;
        try {
            found = await readObject(deployment, old);
            if (found && found !== old) change = await changeOf(deployment, old, found);
        } catch (error) {
            throw deployment.failure(metadata, error);
        }
        if (!found) {
            if (!old.delete) gone.add(old.urn);
            deployment.removeOld(old);
            reporter.done({ ...metadata, new: undefined }, "delete");
        } else {
            if (found !== old) deployment.changeOld(old, found);
            if (found.initErrors.length && !old.initErrors.length)
                reporter.diagnostic(
                    "warning",
                    `The object exists, but ${found.initErrors.join("; ")}. The next update tries again.`,
                    old.urn,
                );
            reporter.done(metadataOf("refresh", old, found, change), change.diffs.length ? "update" : "same");
        }
        await deployment.journal.flush();
    };
    const work = states
        .filter((old) => isReadable(old) && meant.has(old.urn) && which(old))
        .map((old) => deployment.limiter.run(() => refreshOne(old)));
    for (const result of await Promise.allSettled(work)) {
        if (result.status === "rejected" && !(result.reason instanceof StepFailed || result.reason instanceof Canceled))
            throw result.reason;
    }
    forget(deployment, gone);
    await deployment.journal.flush();
}

interface Change {
    readonly diffs: readonly string[];
    readonly detailedDiff: Readonly<Record<string, PropertyDiffKind>>;
}

const NO_CHANGE: Change = { diffs: [], detailedDiff: {} };

/**
 * How an object differs from what was asked for: what an update without changes in the program would do to it, the
 * other way round. Of what is only read, the outputs are compared.
 */
async function changeOf(deployment: Deployment, old: ResourceState, found: ResourceState): Promise<Change> {
    let detailedDiff: Readonly<Record<string, PropertyDiffKind>>;
    if (old.external) detailedDiff = difference(old.outputs, found.outputs);
    else {
        const { provider } = await deployment.registry.get(old.provider ?? "");
        const inputs = plain(old.inputs);
        const context = deployment.context(old.urn);
        const diff = await provider.diff(found.id ?? "", found.urn, oldStateOf(found), inputs, old.ignoreChanges, context);
        if (diff.changes === false) return NO_CHANGE;
        const changes = diff.detailedDiff ?? difference(plain(found.inputs), inputs);
        detailedDiff = Object.fromEntries(Object.entries(changes).map(([path, kind]) => [path, inverted(kind)]));
    }
    const diffs = [...new Set(Object.keys(detailedDiff).map((path) => path.split(/[.[]/)[0] ?? path))];
    return { diffs, detailedDiff };
}

/** The kind of change the other way round; that it would replace says nothing about an object that was found. */
function inverted(kind: PropertyDiffKind): PropertyDiffKind {
    if (kind.startsWith("add")) return "delete";
    return kind.startsWith("delete") ? "add" : "update";
}

/** Takes references to resources that no longer exist out of those that do; children go to the parent's parent. */
function forget(deployment: Deployment, gone: ReadonlySet<string>): void {
    if (!gone.size) return;
    const remains = (urn: string): boolean => !gone.has(urn);
    const parents = new Map(deployment.run.snapshot.resources.map(({ urn, parent }) => [urn, parent]));
    const remainingParent = (urn: string | undefined): string | undefined =>
        urn && gone.has(urn) ? remainingParent(parents.get(urn)) : urn;
    for (const old of [...deployment.olds.values(), ...deployment.doomed]) {
        const { parent: _parent, deletedWith, replaceWith, ...rest } = old;
        const parent = remainingParent(old.parent);
        const kept: ResourceState = {
            ...rest,
            ...(parent && { parent }),
            ...(deletedWith && remains(deletedWith) && { deletedWith }),
            ...(replaceWith?.some(remains) && { replaceWith: replaceWith.filter(remains) }),
            dependencies: old.dependencies.filter(remains),
            propertyDependencies: Object.fromEntries(
                Object.entries(old.propertyDependencies).map(([key, urns]) => [key, urns.filter(remains)]),
            ),
        };
        if (!sameState(kept, old)) deployment.changeOld(old, kept);
    }
}
