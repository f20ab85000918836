import { labelsOf } from "../workloads/labels.ts";
import { CERT_MANAGER, WEBHOOK_AUTHORITY } from "./names.ts";

const rule = (group: string, resources: string[], operations: string[]) => ({
    apiGroups: [group],
    apiVersions: ["v1"],
    resources,
    operations,
});

/** Every kind of cert-manager's, and the status of requests: who approves one is checked there. */
const VALIDATED = [
    rule("cert-manager.io", ["certificates", "clusterissuers", "issuers"], ["CREATE", "UPDATE"]),
    rule("cert-manager.io", ["certificaterequests", "certificaterequests/status"], ["CREATE", "UPDATE"]),
    rule("acme.cert-manager.io", ["orders", "challenges"], ["CREATE", "UPDATE"]),
];

/** New requests are told who made them. */
const MUTATED = [rule("cert-manager.io", ["certificaterequests"], ["CREATE"])];

/** Fields of both configurations of cert-manager's webhook, which lives in `namespace`. They wait until its authority is known. */
function configuration(namespace: string, path: "/validate" | "/mutate", rules: readonly ReturnType<typeof rule>[]) {
    return {
        metadata: {
            name: CERT_MANAGER.webhook,
            labels: labelsOf(CERT_MANAGER.webhook),
            annotations: {
                "cert-manager.io/inject-ca-from-secret": `${namespace}/${WEBHOOK_AUTHORITY}`,
                "pulumi.com/waitFor": "jsonpath={.webhooks[0].clientConfig.caBundle}",
            },
        },
        webhooks: [
            {
                name: "webhook.cert-manager.io",
                admissionReviewVersions: ["v1"],
                clientConfig: { service: { name: CERT_MANAGER.webhook, namespace, port: 443, path } },
                rules: [...rules],
                matchPolicy: "Equivalent",
                failurePolicy: "Fail",
                sideEffects: "None",
                timeoutSeconds: 10,
            },
        ],
    };
}

export const validatingWebhook = (namespace: string) => configuration(namespace, "/validate", VALIDATED);

export const mutatingWebhook = (namespace: string) => configuration(namespace, "/mutate", MUTATED);
