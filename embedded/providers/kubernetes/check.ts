import type { CheckFailure, CheckResult } from "@pulumi/pulumi/provider/index.js";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { apiVersionOf, isNamespacedKind, nameOfUrn, targetOf } from "./kinds.ts";
import { READ_ONLY_METADATA, type JsonObject } from "./manifest.ts";
import { protectSecretData } from "./outputs.ts";
import { AUTONAMED, autoname, isAutonamed, withAnnotation } from "./metadata.ts";

export interface CheckQuestions {
    /** The namespace for objects that name none. */
    defaultNamespace(): string;
    /** Whether the kind lives in namespaces; asked only for objects that name none. */
    isNamespaced(): Promise<boolean>;
    /** What a generated name is made from; absent makes it random. */
    readonly randomSeed?: Uint8Array | undefined;
}

/** Completes inputs: `apiVersion`, `kind`, a name, a namespace. Everything else is for the server to judge. */
export async function checkInputs(
    urn: string,
    olds: PropertyMap | undefined,
    news: PropertyMap,
    ask: CheckQuestions,
): Promise<CheckResult> {
    const { kind, patch } = targetOf(urn, news);
    const failures: CheckFailure[] = [];
    const inputs: Record<string, PropertyValue> = {
        ...news,
        apiVersion: news["apiVersion"] ?? apiVersionOf(kind),
        kind: news["kind"] ?? kind.kind,
    };
    for (const [property, expected] of [
        ["apiVersion", apiVersionOf(kind)],
        ["kind", kind.kind],
    ] as const) {
        const given = inputs[property];
        if (given instanceof Unknown || given === expected || given === `core/${expected}`) continue;
        failures.push({ property, reason: `${property} is ${JSON.stringify(given)}, but the resource's type says ${expected}` });
    }
    const metadata = news["metadata"] ?? {};
    if (metadata instanceof Unknown) return { inputs, failures };
    if (!isObject(metadata)) return { inputs, failures: [...failures, { property: "metadata", reason: "metadata is not an object" }] };
    if (patch && (metadata["name"] ?? "") === "")
        failures.push({
            property: "metadata.name",
            reason: "a Patch resource changes an object that is there: set metadata.name to its name",
        });
    const checked = patch ? { ...metadata } : named(urn, olds, metadata, ask.randomSeed);
    if (!patch && metadata["generateName"] !== undefined && metadata["name"] === undefined) {
        failures.push({
            property: "metadata.generateName",
            reason: "server-side apply needs a name: set metadata.name, or leave both out for a generated one",
        });
    }
    for (const key of READ_ONLY_METADATA) delete checked[key];
    if (isNamespacedKind(kind) === false) delete checked["namespace"];
    else if (checked["namespace"] === undefined && (await ask.isNamespaced())) checked["namespace"] = ask.defaultNamespace();
    return { inputs: protectSecretData({ ...inputs, metadata: checked }), failures };
}

/** Metadata with a name: the given one, the generated one of before, or a new one. */
function named(
    urn: string,
    olds: PropertyMap | undefined,
    metadata: PropertyMap,
    seed: Uint8Array | undefined,
): Record<string, PropertyValue> {
    if ((metadata["name"] ?? "") !== "") return { ...metadata };
    const before = olds && isAutonamed(olds as JsonObject) && isObject(olds["metadata"]) ? olds["metadata"]["name"] : undefined;
    const name = typeof before === "string" ? before : autoname(nameOfUrn(urn), seed);
    return { ...(withAnnotation(metadata as JsonObject, AUTONAMED, "true") as Record<string, PropertyValue>), name };
}
