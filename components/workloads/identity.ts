import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "./labels.ts";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

/** What a workload may do in one namespace. */
export interface Grant {
    readonly namespace: pulumi.Input<string>;
    /** Distinguishes the grants of one workload. Suffix of the resources' names in the program. */
    readonly suffix: string;
    readonly rules: readonly PolicyRule[];
}

export interface IdentityArgs {
    /** Name of the workload, its ServiceAccount, its Roles and their bindings. */
    readonly workload: string;
    readonly namespace: pulumi.Input<string>;
    readonly grants?: readonly Grant[];
    /** What the workload may do in all namespaces, or with objects that live in none. */
    readonly clusterRules?: readonly PolicyRule[];
}

/** A workload's ServiceAccount. Its token reaches only the pods that ask for it. */
function serviceAccountArgs({ workload, namespace }: IdentityArgs): kubernetes.core.v1.ServiceAccountArgs {
    return { metadata: { name: workload, namespace, labels: labelsOf(workload) }, automountServiceAccountToken: false };
}

const reference = (kind: "Role" | "ClusterRole", name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });

/** Makes a workload's ServiceAccount and everything it may do, as children of `parent`. */
export function createIdentity(name: string, args: IdentityArgs, parent: pulumi.Resource): pulumi.Resource[] {
    const { workload, namespace, grants = [], clusterRules } = args;
    const child = { parent };
    const labels = labelsOf(workload);
    const account = new kubernetes.core.v1.ServiceAccount(`${name}-account`, serviceAccountArgs(args), child);
    const subjects = [{ kind: "ServiceAccount", name: workload, namespace }];
    const bound = grants.flatMap((grant) => {
        const metadata = { name: workload, namespace: grant.namespace, labels };
        const role = new kubernetes.rbac.v1.Role(`${name}-role-${grant.suffix}`, { metadata, rules: [...grant.rules] }, child);
        const binding = { metadata, roleRef: reference("Role", workload), subjects };
        return [
            role,
            new kubernetes.rbac.v1.RoleBinding(`${name}-binding-${grant.suffix}`, binding, { parent, dependsOn: [role, account] }),
        ];
    });
    if (!clusterRules) return [account, ...bound];
    // Names without a namespace are shared with the whole cluster.
    const metadata = { name: `mcp-platform:${workload}`, labels };
    const role = new kubernetes.rbac.v1.ClusterRole(`${name}-cluster-role`, { metadata, rules: [...clusterRules] }, child);
    const binding = { metadata, roleRef: reference("ClusterRole", metadata.name), subjects };
    const clusterBinding = new kubernetes.rbac.v1.ClusterRoleBinding(`${name}-cluster-binding`, binding, {
        parent,
        dependsOn: [role, account],
    });
    return [account, ...bound, role, clusterBinding];
}
