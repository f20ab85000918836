/** Workloads: how every pod of the platform looks, so that none can forget a rule of the Pod Security Standard. */
import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, selectorOf } from "./labels.ts";
import { probeArgs, type Probe } from "./probe.ts";
import type { Resources } from "./resources.ts";

type Container = kubernetes.types.input.core.v1.Container;
type PodTemplate = kubernetes.types.input.core.v1.PodTemplateSpec;
type SpreadConstraint = kubernetes.types.input.core.v1.TopologySpreadConstraint;

/** The id of the users in the platform's images, and the group that owns their volumes. */
const USER = 65532;

const START_SECONDS = 120;

export interface VolumeMount {
    readonly name: string;
    readonly mountPath: string;
    /** Default false: only data is writable. */
    readonly writable?: true;
    readonly source: Omit<kubernetes.types.input.core.v1.Volume, "name">;
}

export interface Workload {
    /** Name of the controller and of its ServiceAccount, and value of the label its pods are selected by. */
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
    readonly image: string;
    /** Empty: the image's own. */
    readonly args: readonly string[];
    readonly env?: readonly kubernetes.types.input.core.v1.EnvVar[];
    /** Container ports by name. */
    readonly ports: Readonly<Record<string, number>>;
    readonly readiness: Probe;
    readonly liveness: Probe;
    /** How long a first start may take until it is ready, seconds. Default 120. */
    readonly startSeconds?: number;
    readonly resources: Resources;
    readonly volumes?: readonly VolumeMount[];
    /** Whether the pods talk to the API server. Default false: no token is mounted. */
    readonly apiAccess?: true;
    /** Secret of the namespace that the image is pulled with. Default: none is needed. */
    readonly pullSecret?: pulumi.Input<string>;
    /** The id of the user and group that the image is made for. Default 65532. */
    readonly user?: number;
    /** How long a pod may take to end, seconds. Default 30. */
    readonly graceSeconds?: number;
    /** Pods; more than one are spread over nodes as far as there are nodes. Default 1. */
    readonly replicas?: number;
    /** A value that restarts the pods when it changes, such as the hash of a configuration. */
    readonly configuration?: pulumi.Input<string>;
}

function containerOf(workload: Workload): Container {
    return {
        name: workload.name,
        image: workload.image,
        imagePullPolicy: "IfNotPresent",
        ...(workload.args.length ? { args: [...workload.args] } : {}),
        ...(workload.env ? { env: [...workload.env] } : {}),
        ports: Object.entries(workload.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })),
        // A first start may be slow on a busy machine; after it, a pod that hangs is noticed within half a minute.
        startupProbe: probeArgs(workload.readiness, { period: 1, failures: workload.startSeconds ?? START_SECONDS }),
        readinessProbe: probeArgs(workload.readiness, { period: 5, failures: 2 }),
        livenessProbe: probeArgs(workload.liveness, { period: 10, failures: 3 }),
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

/** One pod for each node before any node has two. `revision` labels pods of one version, which alone are counted. */
function spread(name: string, revision: string): SpreadConstraint {
    return {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 1,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: selectorOf(name) },
        matchLabelKeys: [revision],
    };
}

/** The pods of a workload under the restricted Pod Security Standard. `revision` is the label that its controller gives pods of one version. */
export function podTemplate(workload: Workload, revision: string): PodTemplate {
    const { name, volumes, configuration, replicas = 1, user = USER } = workload;
    return {
        metadata: {
            labels: labelsOf(name),
            ...(configuration === undefined ? {} : { annotations: { "mcpruntime.org/configuration": configuration } }),
        },
        spec: {
            serviceAccountName: name,
            automountServiceAccountToken: workload.apiAccess ?? false,
            ...(workload.pullSecret === undefined ? {} : { imagePullSecrets: [{ name: workload.pullSecret }] }),
            enableServiceLinks: false,
            terminationGracePeriodSeconds: workload.graceSeconds ?? 30,
            securityContext: {
                runAsNonRoot: true,
                runAsUser: user,
                runAsGroup: user,
                fsGroup: user,
                fsGroupChangePolicy: "OnRootMismatch",
                seccompProfile: { type: "RuntimeDefault" },
            },
            ...(replicas > 1 ? { topologySpreadConstraints: [spread(name, revision)] } : {}),
            containers: [containerOf(workload)],
            ...(volumes ? { volumes: volumes.map((volume) => ({ name: volume.name, ...volume.source })) } : {}),
        },
    };
}
