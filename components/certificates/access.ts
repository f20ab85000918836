/**
 * What cert-manager may do. It watches the whole cluster, because it can watch one namespace or all, but it writes only
 * where the platform has Certificates.
 */
import { CERT_MANAGER, PLATFORM_ISSUER, WEBHOOK_AUTHORITY } from "./names.ts";

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-v1/#Role */
interface PolicyRule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
    readonly resourceNames?: string[];
}

const READ = ["get", "list", "watch"];
const FOLLOW = ["list", "watch"];
const CERT_MANAGER_API = "cert-manager.io";
const ACME_API = "acme.cert-manager.io";

const rule = (group: string, resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
    apiGroups: [group],
    resources,
    verbs,
    ...(resourceNames ? { resourceNames } : {}),
});

/** A lease to lead by. Its creation cannot be limited to a name. */
const lease = (name: string): PolicyRule[] => [
    rule("coordination.k8s.io", ["leases"], ["create"]),
    rule("coordination.k8s.io", ["leases"], ["get", "update"], [name]),
];

const EVENTS = rule("", ["events"], ["create", "patch"]);

export interface WorkloadAccess {
    /** In all namespaces, and of what lives in none. */
    readonly cluster: readonly PolicyRule[];
    /** In cert-manager's own namespace. */
    readonly own: readonly PolicyRule[];
    /** In each namespace that has Certificates of the platform. */
    readonly certificates: readonly PolicyRule[];
}

export const CERT_MANAGER_ACCESS: Readonly<Record<keyof typeof CERT_MANAGER, WorkloadAccess>> = {
    controller: {
        cluster: [
            rule(CERT_MANAGER_API, ["certificates", "certificaterequests", "clusterissuers", "issuers"], READ),
            rule(CERT_MANAGER_API, ["clusterissuers/status"], ["update"]),
            // Requests are approved for the platform's issuer alone.
            rule(CERT_MANAGER_API, ["signers"], ["approve"], [`clusterissuers.${CERT_MANAGER_API}/${PLATFORM_ISSUER}`]),
            rule(ACME_API, ["orders", "challenges"], READ),
            rule("", ["secrets"], READ),
            rule("", ["pods", "services"], FOLLOW),
            rule("networking.k8s.io", ["ingresses"], FOLLOW),
            EVENTS,
        ],
        own: [...lease("cert-manager-controller"), rule("", ["secrets"], ["create"])],
        certificates: [
            rule(CERT_MANAGER_API, ["certificaterequests"], ["create", "delete"]),
            rule(CERT_MANAGER_API, ["certificates/status", "certificaterequests/status"], ["update"]),
            // Asked for by clusters that let only those who may change an owner's finalizers block its deletion.
            rule(CERT_MANAGER_API, ["certificates/finalizers", "certificaterequests/finalizers"], ["update"]),
            rule(ACME_API, ["orders"], ["create", "delete"]),
            rule(ACME_API, ["challenges"], ["create", "patch", "delete"]),
            rule(ACME_API, ["orders/status", "challenges/status"], ["update"]),
            rule(ACME_API, ["orders/finalizers", "challenges/finalizers"], ["update"]),
            rule("", ["secrets"], ["create", "patch", "delete"]),
            rule("", ["pods", "services"], ["create", "delete"]),
            rule("networking.k8s.io", ["ingresses"], ["create", "delete"]),
        ],
    },
    cainjector: {
        cluster: [
            rule("admissionregistration.k8s.io", ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"], READ),
            rule(
                "admissionregistration.k8s.io",
                ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
                ["patch"],
                [CERT_MANAGER.webhook],
            ),
        ],
        own: [...lease("cert-manager-cainjector-leader-election"), rule("", ["secrets"], READ), EVENTS],
        certificates: [],
    },
    webhook: {
        // It asks whether the sender of a request may approve it.
        cluster: [rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"])],
        own: [rule("", ["secrets"], ["create"]), rule("", ["secrets"], ["get", "list", "watch", "update"], [WEBHOOK_AUTHORITY])],
        certificates: [],
    },
};
