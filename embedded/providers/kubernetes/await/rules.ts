/** How each kind is awaited. */
import { kindOf, type Manifest } from "../manifest.ts";
import { skipsAwait, waitForExpression } from "../metadata.ts";
import { expressionRule } from "./expression.ts";
import { ingress, service } from "./network.ts";
import { customResourceDefinition, namespace, persistentVolume, persistentVolumeClaim, resourceQuota, secret } from "./others.ts";
import { anyKind, replicaSet } from "./ready.ts";
import type { Rule } from "./verdict.ts";
import { daemonSet, deployment, job, pod, replicationController, statefulSet } from "./workloads.ts";

const RULES: Readonly<Record<string, Rule>> = {
    "/Namespace": namespace,
    "/PersistentVolume": persistentVolume,
    "/PersistentVolumeClaim": persistentVolumeClaim,
    "/Pod": pod,
    "/ReplicationController": replicationController,
    "/ResourceQuota": resourceQuota,
    "/Secret": secret,
    "/Service": service,
    "apiextensions.k8s.io/CustomResourceDefinition": customResourceDefinition,
    "apps/DaemonSet": daemonSet,
    "apps/Deployment": deployment,
    "apps/StatefulSet": statefulSet,
    "batch/Job": job,
    "networking.k8s.io/Ingress": ingress,
};

/** Awaited with PULUMI_K8S_AWAIT_ALL only. */
const EXTRA: Readonly<Record<string, Rule>> = { "apps/ReplicaSet": replicaSet };

/** How an object is awaited: as its annotations say, else as its kind is; undefined when it is not. */
export function ruleOf(object: Manifest): Rule | undefined {
    if (skipsAwait(object)) return undefined;
    const expression = waitForExpression(object);
    if (expression) return expressionRule(expression);
    const { group, kind } = kindOf(object);
    return (
        RULES[`${group}/${kind}`] ?? (process.env["PULUMI_K8S_AWAIT_ALL"] === "true" ? (EXTRA[`${group}/${kind}`] ?? anyKind) : undefined)
    );
}

/** Which pods of its namespace belong to an object; undefined for kinds that have none. */
export function podsOf(object: Manifest): ((pod: Manifest) => boolean) | undefined {
    const { group, kind } = kindOf(object);
    return RULES[`${group}/${kind}`]?.pods?.(object);
}
