import type * as kubernetes from "@pulumi/kubernetes";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

const OWN = ["get", "list", "watch", "create", "patch", "delete"];

/** What the operator does, all of it in the namespace of MCP servers. It reads no Secret: kubelets do, for the pods that name one. */
export const OPERATOR_RULES: readonly PolicyRule[] = [
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers/status"], verbs: ["patch"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: OWN },
    { apiGroups: [""], resources: ["services"], verbs: OWN },
    { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
    { apiGroups: [""], resources: ["events"], verbs: ["create"] },
];
