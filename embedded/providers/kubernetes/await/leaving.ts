import { numberAt, type Manifest } from "../manifest.ts";

const SHOWN = 3;

/** Pods of a workload that are being ended, for the line of its deletion: `; pod web-1 is terminating for 12 s (30 s grace)`. */
export function leavingText(pods: readonly Manifest[], now = Date.now()): string {
    const leaving = pods.filter(({ metadata }) => metadata.deletionTimestamp);
    const texts = leaving.slice(0, SHOWN).map((pod) => {
        const { name = "", deletionTimestamp = "", finalizers = [] } = pod.metadata;
        const grace = numberAt(pod, "metadata", "deletionGracePeriodSeconds");
        // What is written there is when the grace ends.
        const seconds = Math.max(0, Math.round((now - Date.parse(deletionTimestamp)) / 1000 + grace));
        const held = finalizers.length ? `, held by the finalizer ${finalizers.join(", ")}` : "";
        return `pod ${name} is terminating for ${seconds} s (${grace} s grace${held})`;
    });
    const more = leaving.length > SHOWN ? [`${leaving.length - SHOWN} more pods are terminating`] : [];
    return [...texts, ...more].map((text) => `; ${text}`).join("");
}
