/**
 * Labels of the nodes that take traffic from outside. As soon as one node has the first, k3s's ServiceLB runs on such
 * nodes only: https://docs.k3s.io/networking/networking-services#controlling-servicelb-node-selection
 */
export const INGRESS_NODE_LABELS = {
    "svccontroller.k3s.cattle.io/enablelb": "true",
    "ingress.mcpruntime.org/public": "true",
    "node-role.mcpruntime.org/public-ingress": "true",
} as const;
