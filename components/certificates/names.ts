/** cert-manager's workloads: names of Deployments, ServiceAccounts and the labels that select their pods. */
export const CERT_MANAGER = { controller: "cert-manager", cainjector: "cert-manager-cainjector", webhook: "cert-manager-webhook" } as const;

/** Ports inside cert-manager's pods. The API server calls `webhook`, nodes probe `health` and, of the cainjector, `metrics`. */
export const CERT_MANAGER_PORTS = {
    controller: { metrics: 9402, health: 9403 },
    cainjector: { metrics: 9402 },
    webhook: { webhook: 10250, health: 6080 },
} as const;

/** The Secret that the webhook keeps its certificate authority in. */
export const WEBHOOK_AUTHORITY = "cert-manager-webhook-ca";

/** The ClusterIssuer that the platform makes. */
export const PLATFORM_ISSUER = "mcp-platform";

/** Value of `app.kubernetes.io/name` of the pods that answer ACME challenges; they listen on `port`. */
export const ACME_SOLVER = { name: "acme-solver", port: 8089 } as const;
