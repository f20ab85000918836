import type { MCPServer } from "../../api/mcpserver.ts";
import type { KubernetesObject, ObjectMeta } from "../../kubernetes/objects.ts";
import { BRIDGE_VOLUME, initContainers, PACKAGE_VOLUME, serverContainer, type Container } from "./containers.ts";
import { labelsOf, ownedMetadata, RESTART_ANNOTATION, SERVER_LABEL, type Platform } from "./names.ts";

export interface PodSpec {
    readonly automountServiceAccountToken: false;
    readonly enableServiceLinks: false;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly imagePullSecrets?: readonly { readonly name: string }[];
    readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[];
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string; readonly emptyDir: { readonly sizeLimit: string } }[];
}

export interface Deployment extends KubernetesObject {
    readonly spec: {
        readonly replicas: number;
        readonly revisionHistoryLimit: number;
        readonly progressDeadlineSeconds: number;
        readonly strategy: Readonly<Record<string, unknown>>;
        readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
        readonly template: { readonly metadata: Pick<ObjectMeta, "labels" | "annotations">; readonly spec: PodSpec };
    };
    readonly status?: {
        readonly observedGeneration?: number;
        readonly replicas?: number;
        readonly updatedReplicas?: number;
        readonly availableReplicas?: number;
        readonly conditions?: readonly {
            readonly type: string;
            readonly status: string;
            readonly reason?: string;
            readonly message?: string;
        }[];
    };
}

/** Whoever the image says it runs as, it runs as this: an image's user may be root, or a name that cannot be checked. */
const USER = 65_532;
/** The bridge lingers 2 s, drains 20 s and ends its children in 4 s. */
const GRACE_SECONDS = 30;

function podSpec(server: MCPServer, platform: Platform): PodSpec {
    const { spec } = server;
    const pullSecrets = spec.imagePullSecrets ?? (platform.imagePullSecret ? [platform.imagePullSecret] : []);
    const init = initContainers(server, platform);
    const spread = {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { [SERVER_LABEL]: server.metadata.name } },
    };
    const volumes = [
        { name: "tmp", emptyDir: { sizeLimit: "512Mi" } },
        { name: "home", emptyDir: { sizeLimit: "512Mi" } },
        ...(spec.package ? [{ name: PACKAGE_VOLUME, emptyDir: { sizeLimit: "2Gi" } }] : []),
        ...(spec.image && spec.transport === "stdio" ? [{ name: BRIDGE_VOLUME, emptyDir: { sizeLimit: "256Mi" } }] : []),
    ];
    return {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: GRACE_SECONDS,
        securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            fsGroupChangePolicy: "OnRootMismatch",
            seccompProfile: { type: "RuntimeDefault" },
        },
        ...(pullSecrets.length && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
        ...(spec.replicas > 1 && { topologySpreadConstraints: [spread] }),
        ...(init.length && { initContainers: init }),
        containers: [serverContainer(server, platform)],
        volumes,
    };
}

/** The Deployment of a server's pods. A new version takes over before the old one ends. */
export function buildDeployment(server: MCPServer, platform: Platform): Deployment {
    const restart = (server.metadata["annotations"] as Record<string, string> | undefined)?.[RESTART_ANNOTATION];
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: ownedMetadata(server),
        spec: {
            replicas: server.spec.replicas,
            revisionHistoryLimit: 2,
            progressDeadlineSeconds: 600,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
            selector: { matchLabels: { [SERVER_LABEL]: server.metadata.name } },
            template: {
                metadata: { labels: labelsOf(server), ...(restart && { annotations: { [RESTART_ANNOTATION]: restart } }) },
                spec: podSpec(server, platform),
            },
        },
    };
}
