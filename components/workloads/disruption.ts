import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf, selectorOf } from "./labels.ts";
import type { Workload } from "./pod.ts";

/**
 * Lets a drain take one pod of a workload at a time. A single pod gets none, since it could never be drained then.
 * @returns none or one
 */
export function createDisruptionBudget(
    name: string,
    workload: Pick<Workload, "name" | "namespace" | "replicas">,
    parent: pulumi.Resource,
): pulumi.Resource[] {
    if ((workload.replicas ?? 1) < 2) return [];
    const metadata = { name: workload.name, namespace: workload.namespace, labels: labelsOf(workload.name) };
    const spec = { maxUnavailable: 1, selector: { matchLabels: selectorOf(workload.name) } };
    return [new kubernetes.policy.v1.PodDisruptionBudget(`${name}-disruption-budget`, { metadata, spec }, { parent })];
}
