/** Takes existing objects into the state: for the option `import`, and for the command of that name. */
import { UserError } from "../../common/errors.ts";
import { PartialError } from "../provider.ts";
import { carrySecrets } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { PropertyMap } from "../values.ts";
import { finishedOutputs, now } from "./apply.ts";
import { metadataOf, type Deployment } from "./deployment.ts";
import { packageOf } from "../urn.ts";
import type { LoadedProvider } from "./registry.ts";

/** Whether a resource that names an object by id is another one than the state has. */
export function isImport(old: ResourceState | undefined, importId: string | undefined): importId is string {
    return Boolean(importId) && (!old || Boolean(old.external) || (old.importID ?? old.id) !== importId);
}

/**
 * Reads the object with the id and takes it into the state as `state`, with the inputs that it has; one that the state
 * had under this name is deleted at the end, unless it was only read. Rejects, after reporting, when it cannot be read.
 */
export async function importObject(
    deployment: Deployment,
    old: ResourceState | undefined,
    state: ResourceState,
    id: string,
    loaded: LoadedProvider,
): Promise<ResourceState> {
    const { journal, reporter } = deployment;
    const op = old ? "import-replacement" : "import";
    return await deployment.limiter.run(async () => {
        deployment.checkpoint();
        const begun = metadataOf(op, undefined, state);
        reporter.pre(begun);
        let found: ResourceState;
        try {
            found = await readImported(deployment, state, id, loaded);
        } catch (error) {
            throw deployment.failure(begun, error);
        }
        if (old) deployment.changeOld(old, { ...old, delete: true });
        journal.add(found);
        await journal.flush();
        const metadata = metadataOf(op, found, found);
        reporter.done(metadata);
        if (old) {
            const replaced = metadataOf("replace", old, found);
            reporter.pre(replaced);
            reporter.done(replaced);
        }
        return found;
    });
}

async function readImported(
    deployment: Deployment,
    state: ResourceState,
    id: string,
    { provider, known }: LoadedProvider,
): Promise<ResourceState> {
    // A provider that cannot be configured yet cannot say what is there.
    if (!known) return { ...state, id, importID: id };
    let read: { id?: string | undefined; props?: PropertyMap | undefined; inputs?: PropertyMap | undefined; initErrors: readonly string[] };
    try {
        const {
            id: of,
            props,
            inputs,
        } = await provider.read(id, state.urn, undefined, deployment.context(state.urn, state.customTimeouts?.read));
        read = { id: of, props: props as PropertyMap | undefined, inputs: inputs as PropertyMap | undefined, initErrors: [] };
    } catch (error) {
        if (!(error instanceof PartialError)) throw error;
        read = { id: error.id, props: error.outputs, inputs: state.inputs, initErrors: deployment.reasons(error) };
    }
    if (!read.id) throw new UserError(`there is no object with the id "${id}". Check the id, or remove the option import to create one.`);
    if (!read.inputs)
        throw new UserError(`the provider ${packageOf(state.type)} cannot take over existing objects of the type ${state.type}.`);
    return {
        ...state,
        id: read.id,
        importID: id,
        inputs: carrySecrets(read.inputs, state.inputs),
        outputs: finishedOutputs(state, read.props ?? {}),
        initErrors: read.initErrors,
        created: now(),
        modified: now(),
    };
}
