import type * as kubernetes from "@pulumi/kubernetes";
import { labelsOf, selectorOf } from "./labels.ts";
import { podTemplate, type Workload } from "./pod.ts";

export type { Workload } from "./pod.ts";

export interface DeployedWorkload extends Workload {
    /** `Recreate` for a workload whose volume only one pod may hold. Default `RollingUpdate`. */
    readonly strategy?: "Recreate";
}

/** The Deployment of a workload whose pods are all alike. */
export function deploymentArgs(workload: DeployedWorkload): kubernetes.apps.v1.DeploymentArgs {
    const { name, namespace, replicas = 1, strategy, startSeconds = 120 } = workload;
    return {
        metadata: { name, namespace, labels: labelsOf(name) },
        spec: {
            replicas,
            revisionHistoryLimit: 2,
            // Longer than a first start may take, and short enough to be told of an image that cannot be pulled.
            progressDeadlineSeconds: startSeconds + 60,
            selector: { matchLabels: selectorOf(name) },
            ...(strategy ? { strategy: { type: strategy } } : {}),
            template: podTemplate(workload, "pod-template-hash"),
        },
    };
}
