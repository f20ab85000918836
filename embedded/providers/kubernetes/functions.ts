/** Functions of the package: what `yaml.ConfigFile` and `yaml.ConfigGroup` ask to read manifests. */
import type { InvokeResult } from "@pulumi/pulumi/provider/index.js";
import { parseAllDocuments, type Tags } from "yaml";
import { UserError } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { isNamespacedKind, type GroupVersionKind } from "./kinds.ts";
import { isJsonObject, kindOf, stringAt, type Json, type JsonObject } from "./manifest.ts";

/** Whether a kind that Kubernetes itself does not have lives in namespaces. */
export type ScopeQuestion = (kind: GroupVersionKind) => Promise<boolean>;

/** @throws UserError for functions that are not supported, by name */
export async function callFunction(token: string, args: PropertyMap, isNamespaced: ScopeQuestion): Promise<InvokeResult> {
    if (token !== "kubernetes:yaml:decode")
        throw new UserError(
            `the function ${token} is not supported by the embedded kubernetes provider: declare the objects as resources, or use the official engine`,
        );
    const { text, defaultNamespace } = args;
    if (typeof text !== "string") throw new UserError(`${token} needs "text", the manifests to read`);
    const objects = decode(text);
    if (typeof defaultNamespace !== "string" || !defaultNamespace) return { outputs: { result: objects } };
    return { outputs: { result: await Promise.all(objects.map((object) => inNamespace(object, defaultNamespace, isNamespaced))) } };
}

/** YAML as Kubernetes reads it: 1.1, so that `0644` is octal, but without times of day and dates. */
const OPTIONS = {
    version: "1.1",
    customTags: (tags: Tags): Tags =>
        tags.filter(
            (tag) => typeof tag === "string" || (tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME")),
        ),
} as const;

/** The objects in a text of YAML documents. Documents that are no object of a kind, such as empty ones, are left out. */
function decode(text: string): JsonObject[] {
    return parseAllDocuments(text, OPTIONS).flatMap((document) => {
        const [problem] = document.errors;
        if (problem) throw new UserError(`the manifests cannot be read: ${problem.message}`);
        const object = document.toJS() as Json;
        return isJsonObject(object) && stringAt(object, "apiVersion") && stringAt(object, "kind") ? [object] : [];
    });
}

async function inNamespace(object: JsonObject, namespace: string, isNamespaced: ScopeQuestion): Promise<JsonObject> {
    if (stringAt(object, "metadata", "namespace")) return object;
    const kind = kindOf({ apiVersion: stringAt(object, "apiVersion"), kind: stringAt(object, "kind") });
    if (!(isNamespacedKind(kind) ?? (await isNamespaced(kind)))) return object;
    return { ...object, metadata: { ...(object["metadata"] as JsonObject | undefined), namespace } };
}
