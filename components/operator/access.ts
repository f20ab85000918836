import type * as kubernetes from "@pulumi/kubernetes";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

const READ = ["get", "list", "watch"];
const WRITE = ["create", "update", "patch", "delete"];

/** What the operator does in the namespace of MCP servers. It reads no Secret: kubelets do, for the pods that name one. */
export const OPERATOR_SERVER_RULES: readonly PolicyRule[] = [
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers"], verbs: READ },
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers/status"], verbs: ["get", "update", "patch"] },
    // Owner references that block deletion need it where the API server checks them.
    { apiGroups: ["mcpruntime.org"], resources: ["mcpservers/finalizers"], verbs: ["update"] },
    { apiGroups: ["apps"], resources: ["deployments"], verbs: [...READ, ...WRITE] },
    { apiGroups: [""], resources: ["services"], verbs: [...READ, ...WRITE] },
    { apiGroups: [""], resources: ["pods"], verbs: READ },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

/** What it does in its own namespace: elect a leader. */
export const OPERATOR_OWN_RULES: readonly PolicyRule[] = [
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update", "patch"] },
];
