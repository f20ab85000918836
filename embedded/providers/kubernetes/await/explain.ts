/** Why a workload does not become ready: what its pods, their logs and the events about them say. */
import type { Cluster } from "../cluster.ts";
import { at, isJsonObject, listAt, numberAt, stringAt, type Json, type Manifest } from "../manifest.ts";
import { secretValuesOf, withoutValues } from "./secrets.ts";
import { condition } from "./verdict.ts";

/** What is wrong with one pod. */
export interface PodTrouble {
    readonly pod: Manifest;
    readonly text: string;
    /** The container whose log says more; `previous` when it has been started again since. */
    readonly log?: { readonly container: string; readonly previous: boolean };
}

/** Reasons of waiting that are no trouble. */
const STARTING: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing", ""]);

/** What is wrong with a pod, or undefined while it starts as it should. */
export function troubleOf(pod: Manifest): PodTrouble | undefined {
    if (pod.metadata.deletionTimestamp) return undefined;
    const scheduled = condition(pod, "PodScheduled");
    if (scheduled?.status === "False") return { pod, text: `cannot be scheduled: ${scheduled.message ?? scheduled.reason ?? ""}` };
    for (const status of [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")]) {
        const found = containerTrouble(pod, status);
        if (found) return found;
    }
    if (stringAt(pod, "status", "phase") === "Failed")
        return { pod, text: stringAt(pod, "status", "message") || stringAt(pod, "status", "reason") || "failed" };
    return undefined;
}

function containerTrouble(pod: Manifest, status: Json): PodTrouble | undefined {
    const container = stringAt(status, "name");
    const reason = stringAt(status, "state", "waiting", "reason");
    const last = at(status, "lastState", "terminated");
    const ended = at(status, "state", "terminated");
    if (isJsonObject(ended) && numberAt(ended, "exitCode") !== 0) {
        return { pod, text: `container ${container} ${endOf(ended)}`, log: { container, previous: false } };
    }
    if (reason === "CrashLoopBackOff" || (isJsonObject(last) && !at(status, "ready") && numberAt(status, "restartCount") > 0)) {
        const times = numberAt(status, "restartCount");
        const how = isJsonObject(last) ? endOf(last) : "ended";
        return {
            pod,
            text: `container ${container} ${how} and was started again ${times === 1 ? "once" : `${times} times`}${reason ? ` (${reason})` : ""}`,
            log: { container, previous: !isJsonObject(ended) && reason === "" },
        };
    }
    if (at(status, "state", "waiting") === undefined || STARTING.has(reason)) return undefined;
    return { pod, text: `container ${container}: ${reason}: ${stringAt(status, "state", "waiting", "message")}` };
}

function endOf(terminated: Json): string {
    const reason = stringAt(terminated, "reason");
    return `ended with exit code ${numberAt(terminated, "exitCode")}${reason && reason !== "Error" ? ` (${reason})` : ""}`;
}

/** The pods of a workload that are in trouble, the newest first. */
export function troubles(pods: Iterable<Manifest>): PodTrouble[] {
    return [...pods]
        .toSorted((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""))
        .flatMap((pod) => troubleOf(pod) ?? []);
}

const LOG_LINES = 8;
const EVENTS = 4;
const LINE_LENGTH = 300;

/** The last lines that a container in trouble wrote, without values of the Secrets that its pod uses. Empty when they cannot be had. */
export async function logLines(cluster: Cluster, { pod, log }: PodTrouble, signal?: AbortSignal): Promise<string[]> {
    if (!log) return [];
    try {
        const values = await secretValuesOf(cluster, pod, signal);
        const path = `/api/v1/namespaces/${pod.metadata.namespace ?? ""}/pods/${pod.metadata.name ?? ""}/log`;
        const text = await cluster.client.text(
            path,
            { container: log.container, previous: log.previous || undefined, tailLines: LOG_LINES },
            signal,
        );
        return text
            .split("\n")
            .filter(Boolean)
            .map((line) => withoutValues(line, values).slice(0, LINE_LENGTH));
    } catch {
        return []; // No kubelet, no right to read logs or Secrets, nothing logged yet: the rest of the explanation stands without it.
    }
}

function timeOf(event: Manifest): string {
    return stringAt(event, "lastTimestamp") || stringAt(event, "eventTime") || (event.metadata.creationTimestamp ?? "");
}

/** Recent warnings about an object, the newest last. */
export async function warningsAbout(cluster: Cluster, object: Manifest, signal?: AbortSignal): Promise<string[]> {
    try {
        const list = await cluster.client.get(
            `/api/v1/namespaces/${object.metadata.namespace ?? "default"}/events`,
            { fieldSelector: `involvedObject.uid=${object.metadata.uid ?? ""},type=Warning` },
            signal,
        );
        const items = listAt(list, "items") as readonly Manifest[];
        const texts = items
            .toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
            .map((event) => `${stringAt(event, "reason")}: ${stringAt(event, "message")}`.slice(0, LINE_LENGTH));
        return [...new Set(texts)].slice(-EVENTS);
    } catch {
        return [];
    }
}

/** Everything that can be said of why a workload is not ready, line by line, for the message that ends its waiting. */
export async function explainFully(cluster: Cluster, object: Manifest, pods: readonly Manifest[]): Promise<string[]> {
    const lines: string[] = [];
    const found = troubles(pods);
    for (const trouble of found.slice(0, 2)) {
        lines.push(`pod ${trouble.pod.metadata.name ?? ""}: ${trouble.text}`);
        const log = await logLines(cluster, trouble);
        if (log.length) lines.push("last lines of its log:", ...log.map((line) => `  ${line}`));
    }
    const unready = found.length
        ? found.slice(0, 2).map(({ pod }) => pod)
        : pods.filter((pod) => condition(pod, "Ready")?.status !== "True").slice(0, 2);
    for (const about of [object, ...unready]) {
        for (const warning of await warningsAbout(cluster, about)) lines.push(`event: ${warning}`);
    }
    return [...new Set(lines)];
}
