/** Reading what the state says exists, and taking into it what is found. */
import { difference, equal } from "../compare.ts";
import { PartialError } from "../provider.ts";
import { carrySecrets } from "../secretness.ts";
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
        const result = await provider.read(old.id ?? "", old.urn, oldStateOf(old), deployment.context(old.urn));
        id = result.id;
        props = result.props as PropertyMap | undefined;
        inputs = result.inputs as PropertyMap | undefined;
    } catch (error) {
        if (!(error instanceof PartialError)) throw error;
        id = error.id;
        props = error.outputs;
        initErrors = error.message.split("\n");
    }
    if (!id) return undefined;
    // What was secret stays secret: providers see and return values without marks.
    const outputs = carrySecrets(finishedOutputs(old, props ?? {}), old.outputs);
    const found: ResourceState = { ...old, id, outputs, initErrors, ...(inputs && { inputs: carrySecrets(inputs, old.inputs) }) };
    const same = id === old.id && equal(found.outputs, old.outputs) && equal(found.inputs, old.inputs) && equal(initErrors, old.initErrors);
    return same ? old : { ...found, modified: now() };
}

/** Refreshes every object of the stack. Failures are reported, not thrown. */
export async function refreshAll(deployment: Deployment): Promise<void> {
    const gone = new Set<string>();
    const refreshOne = async (old: ResourceState): Promise<void> => {
        deployment.checkpoint();
        const { journal, reporter } = deployment;
        const metadata = metadataOf("refresh", old, old);
        reporter.pre(metadata);
        let found: ResourceState | undefined;
        try {
            found = await readObject(deployment, old);
        } catch (error) {
            throw deployment.failure(metadata, error);
        }
        if (!found) {
            gone.add(old.urn);
            journal.remove(old);
            deployment.olds.delete(old.urn);
            reporter.done({ ...metadata, new: undefined }, "delete");
        } else if (found !== old) {
            deployment.changeOld(old, found);
            const detailedDiff = difference(old.outputs, found.outputs);
            const diffs = [...new Set(Object.keys(detailedDiff).map((path) => path.split(/[.[]/)[0] ?? path))];
            reporter.done(metadataOf("refresh", old, found, { diffs, detailedDiff }), diffs.length ? "update" : "same");
        } else reporter.done(metadata, "same");
        await journal.flush();
    };
    const work = [...deployment.olds.values()].filter(isReadable).map((old) => deployment.limiter.run(() => refreshOne(old)));
    for (const result of await Promise.allSettled(work)) {
        if (result.status === "rejected" && !(result.reason instanceof StepFailed || result.reason instanceof Canceled))
            throw result.reason;
    }
    forget(deployment, gone);
}

/** Takes references to resources that no longer exist out of those that do. */
function forget(deployment: Deployment, gone: ReadonlySet<string>): void {
    if (!gone.size) return;
    const remains = (urn: string): boolean => !gone.has(urn);
    for (const old of Array.from(deployment.olds.values())) {
        const { parent, deletedWith, ...rest } = old;
        const kept: ResourceState = {
            ...rest,
            ...(parent && remains(parent) && { parent }),
            ...(deletedWith && remains(deletedWith) && { deletedWith }),
            dependencies: old.dependencies.filter(remains),
            propertyDependencies: Object.fromEntries(
                Object.entries(old.propertyDependencies).map(([key, urns]) => [key, urns.filter(remains)]),
            ),
        };
        if (!equal(kept as unknown as PropertyMap, old as unknown as PropertyMap)) deployment.changeOld(old, kept);
    }
}
