/** The outputs of other stacks, for stack references: read from their state in the same backend. */
import { UserError } from "../../common/errors.ts";
import { openSecrets } from "../config/passphrase.ts";
import { isRootStack } from "../display/names.ts";
import { ORGANIZATION, type StackReference } from "../state/backend.ts";
import { plainCrypter } from "../state/secrets.ts";
import { deserializeMap, SECRET } from "../state/serialize-values.ts";
import type { PropertyMap } from "../values.ts";
import type { Target, Workspace } from "./workspace.ts";

/** A function that reads a stack's outputs by `STACK`, `organization/STACK` or `organization/PROJECT/STACK`. */
export function outputsReader({ backend }: Workspace, { reference }: Target): (name: string) => Promise<PropertyMap> {
    return async (name) => {
        const other = referenceOf(name, reference.project);
        const checkpoint = await backend.read(other);
        if (!checkpoint) {
            const there = await backend.stacks(other.project);
            throw new UserError(
                `There is no stack "${name}" to read outputs of. The project ${other.project} has ${there.length ? there.join(", ") : "no stacks"} in ${backend.url}.`,
            );
        }
        const { latest } = checkpoint.checkpoint;
        const stored = latest?.resources?.find((resource) => isRootStack(resource.type) && !resource.delete)?.outputs ?? {};
        const salt = latest?.secrets_providers?.state.salt;
        const sealed = JSON.stringify(stored).includes(SECRET);
        const crypter = sealed && salt !== undefined ? await openSecrets(salt, `the stack ${name}`) : plainCrypter;
        return deserializeMap(stored, { crypter }, "outputs");
    };
}

function referenceOf(name: string, project: string): StackReference {
    const parts = name.split("/");
    const stack = parts.at(-1);
    if (!stack || parts.length > 3 || parts.includes(""))
        throw new UserError(`"${name}" is no name of a stack: write STACK or ${ORGANIZATION}/PROJECT/STACK.`);
    if (parts.length > 1 && parts[0] !== ORGANIZATION)
        throw new UserError(`This backend has one organization, "${ORGANIZATION}"; found "${parts[0]}" in the stack reference ${name}.`);
    return { project: (parts.length === 3 && parts[1]) || project, stack };
}
