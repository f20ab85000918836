import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { parseApiVersion, type GroupVersionKind } from "./kinds.ts";

/** JSON as the API server speaks it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
    readonly [key: string]: Json | undefined;
}

export interface ObjectMeta extends JsonObject {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly { readonly [key: string]: Json }[];
    readonly managedFields?: readonly ManagedFields[];
}

export interface ManagedFields extends JsonObject {
    readonly manager?: string;
    readonly operation?: string;
    readonly subresource?: string;
    /** A tree of `f:<field>`, `k:<keys of a list's item>` and `v:<value of a set>`. */
    readonly fieldsV1?: Json;
}

/** An object as sent to or received from the API server. */
export interface Manifest extends JsonObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: ObjectMeta;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys, or undefined. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
    let found: Json | undefined = value;
    for (const key of path) {
        if (Array.isArray(found)) found = (found as readonly Json[])[Number(key)];
        else if (isJsonObject(found)) found = found[key];
        else return undefined;
    }
    return found;
}

export function stringAt(value: Json | undefined, ...path: readonly (string | number)[]): string {
    const found = at(value, ...path);
    return typeof found === "string" ? found : "";
}

/** The number at a path, 0 when there is none: as Kubernetes reads absent counts. */
export function numberAt(value: Json | undefined, ...path: readonly (string | number)[]): number {
    const found = at(value, ...path);
    return typeof found === "number" ? found : 0;
}

export function listAt(value: Json | undefined, ...path: readonly (string | number)[]): readonly Json[] {
    const found = at(value, ...path);
    return Array.isArray(found) ? (found as readonly Json[]) : [];
}

export function kindOf(object: { readonly apiVersion: string; readonly kind: string }): GroupVersionKind {
    return { ...parseApiVersion(object.apiVersion), kind: object.kind };
}

/** `Deployment mcp-runtime/mcp-operator`, for messages. */
export function describeObject(object: JsonObject): string {
    const namespace = stringAt(object, "metadata", "namespace");
    return `${stringAt(object, "kind")} ${namespace ? `${namespace}/` : ""}${stringAt(object, "metadata", "name")}`;
}

export function containsUnknown(value: PropertyValue | undefined): boolean {
    if (value instanceof Unknown) return true;
    if (Array.isArray(value)) return (value as readonly PropertyValue[]).some(containsUnknown);
    return isObject(value) && Object.values(value).some(containsUnknown);
}

/** The SDK cannot have dashes in names of properties, so it writes the extensions of JSON schemas in CRDs with underscores. */
const DASHED = new Map(
    ["embedded-resource", "int-or-string", "list-map-keys", "list-type", "map-type", "preserve-unknown-fields", "validations"].map(
        (name) => [`x_kubernetes_${name.replaceAll("-", "_")}`, `x-kubernetes-${name}`],
    ),
);
const UNDERSCORED = new Map([...DASHED].map(([underscored, dashed]) => [dashed, underscored]));

function rename(value: Json, names: ReadonlyMap<string, string>): Json {
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => rename(item, names));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [names.get(key) ?? key, rename(item as Json, names)]));
}

/** Fields of metadata that only the server writes. */
export const READ_ONLY_METADATA = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
] as const;

/** Removes nulls: an absent field and a null one mean the same to server-side apply, and to a comparison they should. */
function withoutNulls(value: PropertyValue): Json {
    if (Array.isArray(value)) return (value as readonly PropertyValue[]).map(withoutNulls);
    if (!isObject(value)) return value as Json;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, item]) => item !== null && item !== undefined)
            .map(([key, item]) => [key, withoutNulls(item)]),
    );
}

/** The manifest that a resource's inputs stand for, to be sent to the server. The inputs hold nothing unknown. */
export function toManifest(inputs: PropertyMap): Manifest {
    const plain = withoutNulls(inputs) as Manifest;
    const sent = (plain.kind === "CustomResourceDefinition" ? rename(plain, DASHED) : plain) as Manifest;
    const metadata = { ...sent.metadata } as Record<string, Json | undefined>;
    for (const key of READ_ONLY_METADATA) delete metadata[key];
    return { ...sent, apiVersion: sent.apiVersion.replace(/^core\//, ""), metadata: metadata as ObjectMeta };
}

/** An object of the server as properties of a resource. */
export function toProperties(object: JsonObject): PropertyMap {
    return (object["kind"] === "CustomResourceDefinition" ? rename(object as Json, UNDERSCORED) : object) as PropertyMap;
}
