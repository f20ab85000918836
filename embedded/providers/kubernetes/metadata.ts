/** The annotations by which a resource tells the provider how to treat it, and names that the provider makes up. */
import { createHash, randomBytes } from "node:crypto";
import { at, isJsonObject, type Json, type JsonObject } from "./manifest.ts";

export const AUTONAMED = "pulumi.com/autonamed";
const SKIP_AWAIT = "pulumi.com/skipAwait";
const WAIT_FOR = "pulumi.com/waitFor";
const TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds";
const PATCH_FORCE = "pulumi.com/patchForce";
const PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager";
const REPLACE_UNREADY = "pulumi.com/replaceUnready";
const DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy";

export function annotation(object: JsonObject, key: string): string | undefined {
    const value = at(object, "metadata", "annotations", key);
    return typeof value === "string" ? value : undefined;
}

export const isAutonamed = (object: JsonObject): boolean => annotation(object, AUTONAMED) === "true";
export const skipsAwait = (object: JsonObject): boolean => annotation(object, SKIP_AWAIT) === "true";
export const forcesPatch = (object: JsonObject): boolean => annotation(object, PATCH_FORCE) === "true";
export const replacesUnready = (object: JsonObject): boolean => annotation(object, REPLACE_UNREADY) === "true";
export const waitForExpression = (object: JsonObject): string | undefined => annotation(object, WAIT_FOR) || undefined;

/** How long an operation on an object may wait: `customTimeouts`, then the annotation, then ten minutes. Milliseconds. */
export function timeoutOf(object: JsonObject, customTimeoutSeconds: number | undefined): number {
    if (customTimeoutSeconds) return customTimeoutSeconds * 1000;
    const annotated = annotation(object, TIMEOUT_SECONDS);
    return annotated && /^\d+$/.test(annotated) ? Number(annotated) * 1000 : 600_000;
}

export function deletionPropagation(object: JsonObject): "Foreground" | "Background" | "Orphan" {
    const policy = annotation(object, DELETION_PROPAGATION)?.toLowerCase();
    return policy === "orphan" ? "Orphan" : policy === "background" ? "Background" : "Foreground";
}

/**
 * The field manager of a resource: its annotation, the one in its state, or one derived from its URN. It is derived and
 * not random so that a run that was killed between a create and its checkpoint recognizes its own object next time.
 */
export function fieldManagerOf(urn: string, object: JsonObject, recorded: Json | undefined): string {
    const annotated = annotation(object, PATCH_FIELD_MANAGER);
    if (annotated) return annotated;
    if (typeof recorded === "string" && recorded) return recorded;
    return `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;
}

/** A name that is free for certain: `<logical name>-<8 hex digits>`, the same for the same seed. */
export function autoname(logicalName: string, seed?: Uint8Array): string {
    const digits = seed ? createHash("sha256").update(seed).digest() : randomBytes(4);
    return `${logicalName}-${digits.subarray(0, 4).toString("hex")}`;
}

/** Adds an annotation to inputs, unless their metadata or annotations are themselves unknown. */
export function withAnnotation(metadata: JsonObject, key: string, value: string): JsonObject {
    const annotations = metadata["annotations"] ?? {};
    return isJsonObject(annotations) ? { ...metadata, annotations: { ...annotations, [key]: value } } : metadata;
}
