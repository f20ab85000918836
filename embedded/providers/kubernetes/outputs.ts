/** What is kept in the state of a resource: the live object without its bookkeeping, and what the next update needs. */
import { isDeepStrictEqual } from "node:util";
import { isObject, Secret, Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";
import { isJsonObject, READ_ONLY_METADATA, stringAt, toProperties, type Json, type JsonObject, type Manifest } from "./manifest.ts";
import { appliedPart } from "./ownership.ts";

/** Names that the official provider uses, so that either engine can continue what the other made. */
const FIELD_MANAGER = "__fieldManager";
const INITIAL_API_VERSION = "__initialApiVersion";
const INPUTS = "__inputs";

/** The field manager in a resource's state. */
export function recordedFieldManager(outputs: PropertyMap | undefined): Json | undefined {
    return outputs?.[FIELD_MANAGER] as Json | undefined;
}

/**
 * The state of an object. Data of Secrets is secret whatever the program says.
 * @param inputs what the object was made from: the official provider compares with these, not with the engine's own copy
 */
export function checkpoint(live: Manifest, manager: string, inputs: PropertyMap, before?: PropertyMap): PropertyMap {
    const { managedFields, ...metadata } = live.metadata;
    void managedFields;
    return {
        ...protectSecretData(toProperties({ ...live, metadata })),
        [INPUTS]: protectSecretData(inputs),
        [FIELD_MANAGER]: manager,
        [INITIAL_API_VERSION]: before?.[INITIAL_API_VERSION] ?? live.apiVersion,
    };
}

export interface Tried {
    readonly live: Manifest;
    readonly result: Manifest;
}

/**
 * The outputs of an update as a dry run saw them, but for what the write itself decides. Where something else is wanted
 * of the object than before, its status is not known yet, either.
 */
export function expectedOutputs({ live, result }: Tried, manager: string, news: PropertyMap, before: PropertyMap): PropertyMap {
    const outputs = checkpoint(result, manager, news, before);
    const metadata = outputs["metadata"] as PropertyMap;
    const changing = ["resourceVersion", "generation"].filter((key) => key in metadata).map((key) => [key, Unknown.instance] as const);
    const settled = result["status"] === undefined || isDeepStrictEqual(live["spec"], result["spec"]);
    return {
        ...outputs,
        metadata: { ...metadata, ...Object.fromEntries(changing) },
        ...(!settled && { status: Unknown.instance }),
    };
}

/** Objects merged key by key; everything else, lists included, is taken from the second. What an update will probably look like. */
export function merged(below: PropertyValue | undefined, above: PropertyValue): PropertyValue {
    if (!isObject(below) || !isObject(above)) return above;
    const result: Record<string, PropertyValue> = { ...below };
    for (const [key, value] of Object.entries(above)) result[key] = merged(below[key], value);
    return result;
}

/** The outputs that a preview of an update can promise without a server. */
export function previewedOutputs(outputs: PropertyMap, news: PropertyMap): PropertyMap {
    return protectSecretData(merged(outputs, news) as PropertyMap);
}

/** Marks the data of a Secret, wherever a manifest of one is shown or kept. */
export function protectSecretData(object: PropertyMap): PropertyMap {
    if (object["kind"] !== "Secret" || object["apiVersion"] !== "v1") return object;
    const guarded: Record<string, PropertyValue> = { ...object };
    for (const key of ["data", "stringData"]) if (guarded[key] !== undefined) guarded[key] = new Secret(guarded[key]);
    return guarded;
}

/**
 * Inputs that say what the live object is, in the shape of the old inputs, so that drift shows and nothing else. A value
 * that the server has written in another way ("1000m" as "1") is not drift: what counts is whether it has changed since
 * it was recorded in the outputs.
 */
export function liveInputs(live: Manifest, inputs: PropertyMap, outputs: PropertyMap): PropertyMap {
    const shaped = pruned(toProperties(live), inputs, outputs) as Record<string, PropertyValue>;
    const written = inputs["stringData"];
    if (live.kind === "Secret" && isObject(written)) shaped["stringData"] = liveStringData(live, written, outputs);
    if (inputs["apiVersion"] !== undefined) shaped["apiVersion"] = inputs["apiVersion"];
    return shaped;
}

function pruned(live: PropertyValue | undefined, input: PropertyValue, recorded: PropertyValue | undefined): PropertyValue | undefined {
    if (isDeepStrictEqual(live, recorded)) return input;
    if (isObject(live) && isObject(input)) {
        const result: Record<string, PropertyValue> = {};
        for (const [key, value] of Object.entries(input)) {
            const kept = pruned(live[key], value, isObject(recorded) ? recorded[key] : undefined);
            if (kept !== undefined) result[key] = kept;
        }
        return result;
    }
    if (Array.isArray(live) && Array.isArray(input)) {
        const [from, to, old] = [live, input, recorded] as (readonly PropertyValue[])[];
        if (!from || !to || from.length !== to.length) return live;
        return to.map((value, i) => pruned(from[i], value, old?.[i]) ?? null);
    }
    return live;
}

/** `stringData` is only ever written; what became of it is in `data`. */
function liveStringData(live: Manifest, written: PropertyMap, outputs: PropertyMap): PropertyMap {
    const result: Record<string, PropertyValue> = {};
    for (const [key, value] of Object.entries(written)) {
        const now = stringAt(live, "data", key);
        const { data } = outputs;
        if (isObject(data) && data[key] === now) result[key] = value;
        else if (live["data"] !== undefined && now) result[key] = Buffer.from(now, "base64").toString();
    }
    return result;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const NOT_ANNOTATIONS = ["deployment.kubernetes.io/revision", LAST_APPLIED];

/**
 * Inputs for an object that no program has declared before: of one that was applied, by kubectl or on the server, the
 * fields that were, as they are now; of any other one all but what the server writes.
 */
export function importedInputs(live: Manifest): PropertyMap {
    const { apiVersion, kind, metadata: meta } = live;
    const { status, ...whole } = live;
    void status;
    const applied = lastApplied(live) ?? appliedPart(live);
    const found: JsonObject = applied ? (within(whole, applied) as JsonObject) : whole;
    const { name, namespace } = meta;
    const metadata: Record<string, Json | undefined> = { ...(found["metadata"] as JsonObject), name, ...(namespace && { namespace }) };
    for (const key of READ_ONLY_METADATA) delete metadata[key];
    if (isJsonObject(metadata["annotations"])) {
        const annotations: Record<string, Json | undefined> = { ...metadata["annotations"] };
        for (const key of NOT_ANNOTATIONS) delete annotations[key];
        if (Object.keys(annotations).length) metadata["annotations"] = annotations as JsonObject;
        else delete metadata["annotations"];
    }
    // What was written as stringData is in data.
    const data = kind === "Secret" && live["data"] !== undefined && { data: live["data"] };
    return protectSecretData(toProperties({ ...found, ...data, apiVersion, kind, metadata } as JsonObject));
}

function lastApplied({ metadata }: Manifest): JsonObject | undefined {
    try {
        const applied = JSON.parse(metadata.annotations?.[LAST_APPLIED] ?? "null") as Json;
        return isJsonObject(applied) && stringAt(applied, "kind") ? applied : undefined;
    } catch {
        return undefined; // Anybody may write an annotation.
    }
}

/** The part of a value that has the shape of another one. Lists of another length are taken whole. */
function within(value: Json | undefined, shape: Json): Json | undefined {
    if (isJsonObject(value) && isJsonObject(shape)) {
        const keys = Object.keys(shape).filter((key) => value[key] !== undefined);
        return Object.fromEntries(keys.map((key) => [key, within(value[key], shape[key] as Json)]));
    }
    if (Array.isArray(value) && Array.isArray(shape) && value.length === shape.length)
        return (value as readonly Json[]).map((item, i) => within(item, shape[i] as Json) as Json);
    return value;
}
