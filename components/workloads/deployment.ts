/** Workloads: how every Deployment of the platform looks, so that none can forget a rule of the Pod Security Standard. */
import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, selectorOf } from "./labels.ts";
import type { Resources } from "./resources.ts";

type DeploymentArgs = kubernetes.apps.v1.DeploymentArgs;
type Container = kubernetes.types.input.core.v1.Container;

/** The id of the users in the platform's images, and the group that owns their volumes. */
const USER = 65532;

export interface VolumeMount {
    readonly name: string;
    readonly mountPath: string;
    /** Default false: only data is writable. */
    readonly writable?: true;
    readonly source: Omit<kubernetes.types.input.core.v1.Volume, "name">;
}

export interface Workload {
    /** Name of the Deployment and of its ServiceAccount, and value of the label its pods are selected by. */
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly image: string;
    readonly args: readonly string[];
    readonly env?: readonly kubernetes.types.input.core.v1.EnvVar[];
    /** Container ports by name. */
    readonly ports: Readonly<Record<string, number>>;
    readonly readiness: Probe;
    readonly liveness: Probe;
    readonly resources: Resources;
    readonly volumes?: readonly VolumeMount[];
    /** Whether the pods talk to the API server. Default false: no token is mounted. */
    readonly apiAccess?: true;
    /** How long a pod may take to end, seconds. Default 30. */
    readonly graceSeconds?: number;
    /** `Recreate` for a workload whose volume only one pod may hold. Default `RollingUpdate`. */
    readonly strategy?: "Recreate";
    /** A value that restarts the pods when it changes, such as the hash of a configuration. */
    readonly configuration?: string;
}

/** An HTTP probe on a named port. */
export interface Probe {
    readonly port: string;
    readonly path: string;
}

function probe({ port, path }: Probe, seconds: { readonly period: number; readonly failures: number }) {
    return { httpGet: { port, path }, periodSeconds: seconds.period, failureThreshold: seconds.failures, timeoutSeconds: 3 };
}

function containerOf(workload: Workload): Container {
    return {
        name: workload.name,
        image: workload.image,
        imagePullPolicy: "IfNotPresent",
        args: [...workload.args],
        ...(workload.env ? { env: [...workload.env] } : {}),
        ports: Object.entries(workload.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })),
        // A first start may be slow on a busy machine; after it, a pod that hangs is noticed within half a minute.
        startupProbe: probe(workload.readiness, { period: 1, failures: 120 }),
        readinessProbe: probe(workload.readiness, { period: 5, failures: 2 }),
        livenessProbe: probe(workload.liveness, { period: 10, failures: 3 }),
        resources: workload.resources,
        securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
        },
        ...(workload.volumes
            ? { volumeMounts: workload.volumes.map(({ name, mountPath, writable }) => ({ name, mountPath, readOnly: !writable })) }
            : {}),
    };
}

/** The Deployment of a workload: one pod under the restricted Pod Security Standard. */
export function deploymentArgs(workload: Workload): DeploymentArgs {
    const { name, namespace, strategy, volumes, configuration } = workload;
    return {
        metadata: { name, namespace, labels: labelsOf(name) },
        spec: {
            replicas: 1,
            revisionHistoryLimit: 2,
            // Longer than a first start may take, and short enough to be told of an image that cannot be pulled.
            progressDeadlineSeconds: 180,
            selector: { matchLabels: selectorOf(name) },
            ...(strategy ? { strategy: { type: strategy } } : {}),
            template: {
                metadata: {
                    labels: labelsOf(name),
                    ...(configuration ? { annotations: { "mcpruntime.org/configuration": configuration } } : {}),
                },
                spec: {
                    serviceAccountName: name,
                    automountServiceAccountToken: workload.apiAccess ?? false,
                    enableServiceLinks: false,
                    terminationGracePeriodSeconds: workload.graceSeconds ?? 30,
                    securityContext: {
                        runAsNonRoot: true,
                        runAsUser: USER,
                        runAsGroup: USER,
                        fsGroup: USER,
                        fsGroupChangePolicy: "OnRootMismatch",
                        seccompProfile: { type: "RuntimeDefault" },
                    },
                    containers: [containerOf(workload)],
                    ...(volumes ? { volumes: volumes.map((volume) => ({ name: volume.name, ...volume.source })) } : {}),
                },
            },
        },
    };
}

/** A workload's ServiceAccount. Its token reaches only the pods that ask for it. */
export function serviceAccountArgs({ name, namespace }: Pick<Workload, "name" | "namespace">): kubernetes.core.v1.ServiceAccountArgs {
    return { metadata: { name, namespace, labels: labelsOf(name) }, automountServiceAccountToken: false };
}
