import type * as kubernetes from "@pulumi/kubernetes";
import { labelsOf, selectorOf } from "./labels.ts";
import { podTemplate, type Workload } from "./pod.ts";

/**
 * The StatefulSet of a workload that keeps its name and never has two pods of one name at a time, not even while a node is
 * lost. Its headless Service has the workload's name.
 */
export function statefulSetArgs(workload: Workload): kubernetes.apps.v1.StatefulSetArgs {
    const { name, namespace, replicas = 1 } = workload;
    return {
        metadata: { name, namespace, labels: labelsOf(name) },
        spec: {
            replicas,
            serviceName: name,
            revisionHistoryLimit: 2,
            selector: { matchLabels: selectorOf(name) },
            template: podTemplate(workload, "controller-revision-hash"),
        },
    };
}
