import type * as kubernetes from "@pulumi/kubernetes";
import type { Exposure } from "./exposure.ts";

type DeploymentSpec = kubernetes.types.input.apps.v1.DeploymentSpec;
type PodSpec = kubernetes.types.input.core.v1.PodSpec;

/** Where the edge's pods run, how many there are, and how they are replaced. */
export interface Placement {
    readonly replicas: number;
    readonly strategy: NonNullable<DeploymentSpec["strategy"]>;
    readonly pod: Pick<PodSpec, "nodeSelector" | "topologySpreadConstraints">;
}

/**
 * The placement that an exposure asks for. A new pod is ready before an old one ends: ServiceLB holds the ports of the
 * node, the edge none, so both fit on one node. Pinned pods stay one to a node, since a node without one serves nothing.
 */
export function placementOf(exposure: Exposure, selector: Readonly<Record<string, string>>): Placement {
    const { nodeSelector = undefined, replicas = 1 } = exposure.kind === "loadBalancer" ? exposure : {};
    return {
        replicas,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        pod: {
            ...(nodeSelector ? { nodeSelector: { ...nodeSelector } } : {}),
            ...(replicas > 1
                ? {
                      topologySpreadConstraints: [
                          {
                              topologyKey: "kubernetes.io/hostname",
                              maxSkew: 1,
                              whenUnsatisfiable: nodeSelector ? "DoNotSchedule" : "ScheduleAnyway",
                              labelSelector: { matchLabels: { ...selector } },
                              // Counts the pods of one version only, so that a pod of the old one is not in the way of the new.
                              matchLabelKeys: ["pod-template-hash"],
                          },
                      ],
                  }
                : {}),
        },
    };
}

/** A Deployment with its placement. */
export function placed(args: kubernetes.apps.v1.DeploymentArgs, { strategy, pod }: Placement): kubernetes.apps.v1.DeploymentArgs {
    const spec = args.spec as DeploymentSpec;
    const template = spec.template as kubernetes.types.input.core.v1.PodTemplateSpec;
    return { ...args, spec: { ...spec, strategy, template: { ...template, spec: { ...(template.spec as PodSpec), ...pod } } } };
}
