import { CERT_MANAGER, CERT_MANAGER_PORTS, WEBHOOK_AUTHORITY } from "./names.ts";

/**
 * The controllers that ACME with a ClusterIssuer takes. Without the others there is nothing that turns an annotation of an
 * Ingress, an Issuer of a namespace, Vault or Venafi into rights of cert-manager's.
 */
const CONTROLLERS = [
    "clusterissuers",
    "certificates-trigger",
    "certificates-key-manager",
    "certificates-request-manager",
    "certificates-issuing",
    "certificates-readiness",
    "certificates-revision-manager",
    "certificates-metrics",
    "certificaterequests-approver",
    "certificaterequests-issuer-acme",
    "orders",
    "challenges",
] as const;

const COMMON = ["--v=2", "--logging-format=json"];

export interface ControllerConfiguration {
    /** cert-manager's own namespace. */
    readonly namespace: string;
    /** Where what belongs to ClusterIssuers is kept: the key of the ACME account. */
    readonly clusterResourceNamespace: string;
    /** Image of the pods that answer challenges. */
    readonly solver: string;
}

export function controllerArguments({ namespace, clusterResourceNamespace, solver }: ControllerConfiguration): string[] {
    return [
        ...COMMON,
        `--cluster-resource-namespace=${clusterResourceNamespace}`,
        `--leader-election-namespace=${namespace}`,
        `--controllers=${CONTROLLERS.join(",")}`,
        `--acme-http01-solver-image=${solver}`,
        // Credentials of a cloud machine are nobody's business here.
        "--cluster-issuer-ambient-credentials=false",
        "--enable-gateway-api=false",
    ];
}

/** The cainjector serves cert-manager's own webhook and nothing else. */
export function cainjectorArguments(namespace: string): string[] {
    return [
        ...COMMON,
        `--namespace=${namespace}`,
        `--leader-election-namespace=${namespace}`,
        "--enable-certificates-data-source=false",
        "--enable-customresourcedefinitions-injectable=false",
        "--enable-apiservices-injectable=false",
    ];
}

/** Names under which the API server calls the webhook. */
function webhookHosts(namespace: string): string[] {
    const service = CERT_MANAGER.webhook;
    return [service, `${service}.${namespace}`, `${service}.${namespace}.svc`];
}

export function webhookArguments(namespace: string): string[] {
    return [
        ...COMMON,
        `--secure-port=${CERT_MANAGER_PORTS.webhook.webhook}`,
        `--healthz-port=${CERT_MANAGER_PORTS.webhook.health}`,
        "--tls-min-version=VersionTLS13",
        `--dynamic-serving-ca-secret-namespace=${namespace}`,
        `--dynamic-serving-ca-secret-name=${WEBHOOK_AUTHORITY}`,
        `--dynamic-serving-dns-names=${webhookHosts(namespace).join(",")}`,
        "--metrics-listen-address=0",
    ];
}
