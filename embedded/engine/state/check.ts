/** Whether a value is a state that this engine can work with. */
import { UserError } from "../../common/errors.ts";
import type { DeploymentV3, ResourceV3, VersionedCheckpoint } from "./types.ts";

/** Makes sure that a value is a checkpoint this engine can work with. */
export function checkCheckpoint(value: unknown): asserts value is VersionedCheckpoint {
    const { version, checkpoint, features } = (value ?? {}) as {
        version?: unknown;
        checkpoint?: { latest?: unknown };
        features?: string[];
    };
    if (typeof version !== "number") throw new Error("it has no version");
    if (version > 3) {
        const what = features?.length ? ` with ${features.join(", ")}` : "";
        throw new UserError(
            `The state is of version ${version}${what}, written by a newer Pulumi; the embedded engine reads version 3. Use the official Pulumi CLI for this stack.`,
        );
    }
    if (version < 3)
        throw new UserError(
            `The state is of version ${version}, written by a very old Pulumi; the embedded engine reads version 3. Open it once with the official Pulumi CLI.`,
        );
    if (typeof checkpoint !== "object" || checkpoint === null) throw new Error("it has no checkpoint");
    if (checkpoint.latest !== undefined && checkpoint.latest !== null) checkDeployment(checkpoint.latest);
}

/** Makes sure that a value has the shape of a deployment; what is inside the properties is not looked at. */
export function checkDeployment(value: unknown): asserts value is DeploymentV3 {
    const { resources = [], pending_operations: pending = [] } = value as {
        resources?: ResourceV3[];
        pending_operations?: { resource?: ResourceV3 }[];
    };
    if (!Array.isArray(resources) || !Array.isArray(pending)) throw new Error("resources must be a list");
    const known = new Set<string>();
    const live = new Set<string>();
    for (const resource of [...resources, ...pending.map((op) => op.resource)]) {
        if (typeof resource?.urn !== "string" || typeof resource.type !== "string") throw new Error("a resource has no urn or no type");
    }
    for (const { urn, delete: leftover, dependencies = [], parent } of resources) {
        if (!leftover && live.has(urn)) throw new Error(`${urn} is there twice`);
        if (!leftover) live.add(urn);
        const missing = [...dependencies, ...(parent ? [parent] : [])].find((name) => !known.has(name));
        if (missing) throw new Error(`${urn} depends on ${missing}, which does not come before it`);
        known.add(urn);
    }
}
