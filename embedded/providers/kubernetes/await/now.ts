/** Whether an object is ready as it is, without waiting: what a refresh says of it. */
import type { Cluster } from "../cluster.ts";
import { ApiError } from "../errors.ts";
import { parseApiVersion } from "../kinds.ts";
import { describeObject, kindOf, listAt, type Manifest } from "../manifest.ts";
import { waitForExpression } from "../metadata.ts";
import { explainFully } from "./explain.ts";
import { ruleOf } from "./rules.ts";
import type { RelatedKind } from "./verdict.ts";

/** Kinds whose objects a refresh finds unready too, so that the next update waits for them again. */
const READ: ReadonlySet<string> = new Set([
    "/Pod",
    "/Service",
    "apps/DaemonSet",
    "apps/Deployment",
    "apps/StatefulSet",
    "batch/Job",
    "networking.k8s.io/Ingress",
]);

/** Why an object is not ready as it is now; undefined when it is, or when nobody would wait for it. */
export async function problemNow(cluster: Cluster, object: Manifest, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { group, kind } = kindOf(object);
    if (!READ.has(`${group}/${kind}`) || waitForExpression(object)) return undefined;
    const rule = ruleOf(object);
    if (!rule) return undefined;
    const related: Record<string, readonly Manifest[]> = {};
    for (const [name, other] of Object.entries(rule.related?.(object) ?? {})) related[name] = await listed(cluster, other, object, signal);
    const verdict = rule.judge(object, related);
    if (verdict.state === "ready" || verdict.state === "settling") return undefined;
    const isMine = rule.pods?.(object);
    const pods = isMine ? (await listed(cluster, { apiVersion: "v1", kind: "Pod" }, object, signal)).filter(isMine) : [];
    const text = `${describeObject(object)} is not ready: ${verdict.state === "waiting" ? "waiting " : ""}${verdict.text}`;
    return [text, ...(isMine ? await explainFully(cluster, object, pods) : [])];
}

/** Objects of a kind in the namespace of another; none when the user may not see them. */
async function listed(
    cluster: Cluster,
    { apiVersion, kind }: RelatedKind,
    beside: Manifest,
    signal: AbortSignal,
): Promise<readonly Manifest[]> {
    try {
        const resource = await cluster.find({ ...parseApiVersion(apiVersion), kind }, signal);
        const list = await cluster.client.get(resource.path(beside.metadata.namespace, ""), undefined, signal);
        return listAt(list, "items") as readonly Manifest[];
    } catch (error) {
        if (error instanceof ApiError) return [];
        throw error;
    }
}
