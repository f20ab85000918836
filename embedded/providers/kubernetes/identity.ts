/** Which object a resource is: its id, and what an id names. */
import { UserError } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { apiVersionOf, type GroupVersionKind } from "./kinds.ts";
import { stringAt, type JsonObject, type Manifest } from "./manifest.ts";

/** The kind that a CustomResourceDefinition defines, as `group/Kind`. */
export function definedKind(definition: JsonObject): string {
    return `${stringAt(definition, "spec", "group")}/${stringAt(definition, "spec", "names", "kind")}`;
}

/** `namespace/name`, or `name` outside of namespaces. */
export function idOf({ metadata }: Manifest): string {
    return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? "");
}

/**
 * The object that an id names, as far as a request needs it.
 * @throws UserError for what is no id
 */
export function objectOfId(id: string, kind: GroupVersionKind, outputs: PropertyMap | undefined): Manifest {
    const parts = id.split("/");
    const name = parts.at(-1);
    if (!name || parts.length > 2) throw new UserError(`"${id}" is not the id of a Kubernetes object: expected namespace/name or name`);
    const { apiVersion } = outputs ?? {};
    return {
        apiVersion: typeof apiVersion === "string" ? apiVersion : apiVersionOf(kind),
        kind: kind.kind,
        metadata: { name, ...(parts.length === 2 && { namespace: parts[0] ?? "" }) },
    };
}
