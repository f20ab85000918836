/** What the Deployment and the pods of a server say about it, in words people can act on. Pure. */
import type { MCPServer } from "../api/mcpserver.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { SERVER_CONTAINER } from "./builders/containers.ts";
import type { Deployment } from "./builders/deployment.ts";

/** One condition's content. */
export interface Finding {
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
    readonly message: string;
}

export interface ContainerStatus {
    readonly name: string;
    readonly image: string;
    readonly restartCount: number;
    readonly state?: ContainerState;
    readonly lastState?: ContainerState;
}

interface ContainerState {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: object;
    readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string; readonly signal?: number };
}

export interface Pod extends KubernetesObject {
    readonly status?: {
        readonly phase?: string;
        readonly reason?: string;
        readonly message?: string;
        readonly conditions?: readonly {
            readonly type: string;
            readonly status: string;
            readonly reason?: string;
            readonly message?: string;
        }[];
        readonly initContainerStatuses?: readonly ContainerStatus[];
        readonly containerStatuses?: readonly ContainerStatus[];
    };
}

export interface Availability {
    readonly available: Finding;
    /** Whether the pods of the newest spec have all taken over. */
    readonly rolledOut: boolean;
    /** Whether nothing is wrong and it only takes its time. */
    readonly progressing: boolean;
}

const MESSAGE_LENGTH = 500;

/** Judges the pods of one server. */
export function availabilityOf(server: MCPServer, deployment: Deployment | undefined, pods: readonly Pod[]): Availability {
    const wanted = server.spec.replicas;
    const { generation } = deployment?.metadata ?? {};
    const { observedGeneration, updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = deployment?.status ?? {};
    const current = deployment !== undefined && observedGeneration === generation && deployment.spec.replicas === wanted;
    const rolledOut = current && updatedReplicas === wanted && replicas === wanted && availableReplicas >= wanted;
    if (wanted === 0) {
        const message = "spec.replicas is 0: the server is stopped; set it to 1 or more to start it";
        return { available: { status: "False", reason: "ScaledToZero", message }, rolledOut, progressing: false };
    }
    const problem = rolledOut ? undefined : (problemOf(pods) ?? refusalOf(deployment));
    if (availableReplicas === 0) {
        const available: Finding = problem ?? { status: "False", reason: "Progressing", message: progressOf(pods) };
        return { available, rolledOut, progressing: !problem };
    }
    const count = `${Math.min(availableReplicas, wanted)} of ${wanted} ${wanted === 1 ? "pod is" : "pods are"} available`;
    if (rolledOut) return { available: { status: "True", reason: "PodsAvailable", message: count }, rolledOut, progressing: false };
    const message = `${count}; ${problem ? problem.message : "a change is being rolled out"}`;
    return { available: { status: "True", reason: problem ? problem.reason : "RollingOut", message }, rolledOut, progressing: !problem };
}

/** The first thing that is wrong with the newest pods that are not ready. */
function problemOf(pods: readonly Pod[]): Finding | undefined {
    const newestFirst = pods.toSorted((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""));
    for (const pod of newestFirst) {
        if (pod.metadata.deletionTimestamp || isReady(pod)) continue;
        const found = podProblem(pod);
        if (found) return found;
    }
    return undefined;
}

function isReady(pod: Pod): boolean {
    return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

function podProblem(pod: Pod): Finding | undefined {
    const { conditions = [], initContainerStatuses = [], containerStatuses = [], phase, reason, message } = pod.status ?? {};
    const scheduled = conditions.find(({ type }) => type === "PodScheduled");
    if (scheduled?.status === "False")
        return bad(scheduled.reason ?? "Unschedulable", `no node takes the pod: ${scheduled.message ?? "no reason given"}`);
    for (const container of [...initContainerStatuses, ...containerStatuses]) {
        const found = containerProblem(container);
        if (found) return found;
    }
    if (phase === "Failed") return bad("PodFailed", `the pod was ended (${reason ?? "no reason given"}): ${message ?? ""}`);
    return undefined;
}

const IMAGE_REASONS = new Set([
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
]);

function containerProblem({ name, image, state, lastState, restartCount }: ContainerStatus): Finding | undefined {
    const { reason = "", message = "" } = state?.waiting ?? {};
    if (IMAGE_REASONS.has(reason)) return bad("ImagePullFailed", `image ${image} cannot be pulled: ${pullCause(message) || reason}`);
    if (reason === "CreateContainerConfigError")
        return bad("ConfigurationMissing", `the container cannot be configured: ${message}; create what is missing`);
    if (reason === "CreateContainerError" || reason === "RunContainerError")
        return bad("ContainerCannotStart", `the container cannot be started: ${message}`);
    const ended = state?.terminated ?? (restartCount > 0 ? lastState?.terminated : undefined);
    // "Unknown" is what the kubelet says of containers that a restart of the node has ended.
    if (!ended || ended.reason === "Unknown" || (ended.exitCode === 0 && name !== SERVER_CONTAINER)) return undefined;
    const text = ended.message ? `: ${lastLines(ended.message)}` : "";
    if (ended.reason === "OOMKilled")
        return bad("OutOfMemory", `${name} used more memory than its limit and was killed; raise spec.resources.limits.memory`);
    if (name === "install-package") return bad("PackageInstallFailed", `the package cannot be installed${text}`);
    const how = ended.signal ? `signal ${ended.signal}` : `exit code ${ended.exitCode}`;
    return bad("CrashLoop", `${name === SERVER_CONTAINER ? "the server's container" : name} keeps ending, last with ${how}${text}`);
}

/** Without the parts that change while the kubelet waits between its attempts. */
function pullCause(message: string): string {
    return message
        .replace(/^Back-off pulling image "[^"]*": ?/, "")
        .replace(/^ErrImagePull: /, "")
        .replace(/^Back-off pulling image "[^"]*"$/, "");
}

/** The end of what a container said last: the cause is usually there. */
function lastLines(text: string): string {
    const lines = text
        .trim()
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    return lines.slice(-3).join(" | ");
}

/** Pods that were never made: refused by admission, a quota or a limit range. */
function refusalOf(deployment: Deployment | undefined): Finding | undefined {
    const failure = deployment?.status?.conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failure && bad("PodsRefused", `the pods are refused: ${failure.message ?? failure.reason ?? ""}`);
}

function progressOf(pods: readonly Pod[]): string {
    const pod = pods.find(({ metadata }) => !metadata.deletionTimestamp);
    if (!pod) return "the pod is being created";
    const waiting = pod.status?.initContainerStatuses?.find(({ state }) => state?.running);
    if (waiting?.name === "install-package") return "the package is being installed";
    if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) return "the server runs but does not answer yet";
    return "the pod is starting";
}

function bad(reason: string, message: string): Finding {
    const text = message.replaceAll(/\s+/g, " ").trim();
    return { status: "False", reason, message: text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH - 1)}…` : text };
}
