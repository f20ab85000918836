import type { Cluster } from "../cluster.ts";
import { isNotFound } from "../errors.ts";
import { at, isJsonObject, listAt, stringAt, type Json, type Manifest } from "../manifest.ts";

/** Shorter values would hide half of every line and protect nothing. */
const SHORTEST = 4;
const SECRET_NAME = /pass|secret|token|key|credential|auth/i;

/** Names of the Secrets that a pod's containers can see. */
export function secretsOf(pod: Json): string[] {
    const containers = ["containers", "initContainers", "ephemeralContainers"].flatMap((field) => listAt(pod, "spec", field));
    const names = [
        ...containers.flatMap((container) => listAt(container, "env")).map((entry) => stringAt(entry, "valueFrom", "secretKeyRef", "name")),
        ...containers.flatMap((container) => listAt(container, "envFrom")).map((entry) => stringAt(entry, "secretRef", "name")),
        ...listAt(pod, "spec", "volumes").map((volume) => stringAt(volume, "secret", "secretName")),
        ...listAt(pod, "spec", "volumes")
            .flatMap((volume) => listAt(volume, "projected", "sources"))
            .map((source) => stringAt(source, "secret", "name")),
    ];
    return [...new Set(names.filter(Boolean))];
}

/**
 * All values that must not be shown of what a pod writes: the data of its Secrets, and variables whose names say that
 * they are secret. Rejects when a Secret cannot be read: then nothing of the pod can be shown.
 */
export async function secretValuesOf(cluster: Cluster, pod: Manifest, signal?: AbortSignal): Promise<readonly string[]> {
    const values: string[] = [];
    for (const name of secretsOf(pod)) {
        try {
            const { data } = await cluster.get(
                `/api/v1/namespaces/${pod.metadata.namespace ?? ""}/secrets/${encodeURIComponent(name)}`,
                signal,
            );
            if (!isJsonObject(data)) continue;
            for (const encoded of Object.values(data)) {
                const value = Buffer.from(String(encoded), "base64").toString();
                values.push(value, String(encoded), ...value.split("\n").map((line) => line.trim()), ...jsonStrings(value));
            }
        } catch (error) {
            if (!isNotFound(error)) throw error;
        }
    }
    for (const entry of listAt(pod, "spec", "containers").flatMap((container) => listAt(container, "env"))) {
        if (SECRET_NAME.test(stringAt(entry, "name"))) values.push(String(at(entry, "value") ?? ""));
    }
    return values;
}

/** Texts inside a value that is JSON, such as the passwords in a registry's configuration. */
function jsonStrings(value: string): string[] {
    if (!value.startsWith("{")) return [];
    const found: string[] = [];
    try {
        JSON.parse(value, (_key, item: unknown) => {
            if (typeof item === "string") found.push(item);
            return item;
        });
    } catch {
        return []; // It only looked like JSON; its lines are taken as they are.
    }
    return found;
}

export function withoutValues(text: string, values: readonly string[]): string {
    const longestFirst = [...new Set(values)].filter((value) => value.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
    return longestFirst.reduce((rest, value) => rest.replaceAll(value, "[secret]"), text);
}
