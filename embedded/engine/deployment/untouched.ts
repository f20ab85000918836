/** Resources that the program asks for and the operation is not about (`--target`, `--exclude`). */
import { UserError } from "../../common/errors.ts";
import { containsUnknown } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import type { PropertyMap } from "../values.ts";
import { metadataOf, type Deployment, type Done } from "./deployment.ts";
import { needsOf } from "./scope.ts";

/** Leaves a resource as the state has it; one that is not there stays away. Its provider is asked nothing. */
export function leaveUntouched(deployment: Deployment, old: ResourceState | undefined, state: ResourceState): Done {
    if (!old) {
        deployment.skipped.add(state.urn);
        return { state, metadata: metadataOf("same", undefined, state), skipped: true };
    }
    const metadata = metadataOf("same", old, old);
    deployment.reporter.pre(metadata);
    deployment.reporter.done(metadata);
    return { state: old, metadata };
}

/** Throws {@link UserError} when a resource needs one that is left out and does not exist. */
export function refuseSkippedNeeds({ skipped, selection }: Deployment, state: ResourceState): void {
    const missing = skipped.size ? needsOf(state).find((urn) => skipped.has(urn)) : undefined;
    if (missing) {
        throw new UserError(
            selection.option === "--target"
                ? `${state.urn} depends on ${missing}, which does not exist yet and is not among the targets. Add it with --target.`
                : `${state.urn} depends on ${missing}, which does not exist yet and is excluded. Leave out its --exclude, or exclude both.`,
        );
    }
}

/** Outputs in which what is not known, since its resource was left out, is as it was. */
export function withKnown(outputs: PropertyMap, olds: PropertyMap): PropertyMap {
    return Object.fromEntries(
        Object.entries(outputs).flatMap(([key, value]) =>
            containsUnknown(value) ? (key in olds ? [[key, olds[key] ?? null]] : []) : [[key, value]],
        ),
    );
}
