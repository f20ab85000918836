import { describe, expect, test } from "@jest/globals";
import { CERT_MANAGER_ACCESS } from "../../components/certificates/access.ts";
import { cainjectorArguments, controllerArguments, webhookArguments } from "../../components/certificates/arguments.ts";
import { certificateSpec } from "../../components/certificates/certificates.ts";
import { certificatesOf, type CertificateChoice } from "../../components/certificates/hosts.ts";
import { acmeIssuerSpec } from "../../components/certificates/issuer.ts";
import { mutatingWebhook, validatingWebhook } from "../../components/certificates/webhooks.ts";

describe("the Secret that an Ingress names", () => {
    const [runtime, registry] = ["mcp-runtime", "registry"];
    const secrets = { mcp: "one", platform: "two", registry: "three" };

    test.each<[CertificateChoice, string, string, string]>([
        [{ mode: "internal" }, "edge-certificate", "edge-certificate", "edge-certificate"],
        [{ mode: "acme", email: "a@example.com", directory: "staging" }, "mcp-certificate", "platform-certificate", "registry-certificate"],
        [{ mode: "issuer", clusterIssuer: "company" }, "mcp-certificate", "platform-certificate", "registry-certificate"],
        [{ mode: "secrets", secrets }, "one", "two", "three"],
    ])("%j", (choice, mcp, platform, forRegistry) => {
        const without = [
            ["mcp", { namespace: runtime, secretName: mcp }],
            ["platform", { namespace: runtime, secretName: platform }],
        ];
        expect([...certificatesOf(choice, { runtime })]).toEqual(without);
        expect([...certificatesOf(choice, { runtime, registry })]).toEqual([
            ...without,
            ["registry", { namespace: registry, secretName: forRegistry }],
        ]);
    });
});

const spec = (directory: string) => acmeIssuerSpec({ email: "ops@example.com", directory, ingressClass: "traefik" })["acme"];

describe("the issuer", () => {
    test.each([
        ["production", "https://acme-v02.api.letsencrypt.org/directory", "mcp-platform-account-production"],
        ["staging", "https://acme-staging-v02.api.letsencrypt.org/directory", "mcp-platform-account-staging"],
        ["https://acme.example.com/directory", "https://acme.example.com/directory", "mcp-platform-account"],
    ])("of the directory %s has an account of its own", (directory, server, name) => {
        expect(spec(directory)).toMatchObject({ email: "ops@example.com", server, privateKeySecretRef: { name } });
    });

    test("answers challenges through the edge with a pod under the restricted standard, and opens no node port", () => {
        const labels = {
            "app.kubernetes.io/name": "acme-solver",
            "app.kubernetes.io/part-of": "mcp-platform",
            "app.kubernetes.io/managed-by": "pulumi",
        };
        const securityContext = { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, seccompProfile: { type: "RuntimeDefault" } };
        const resources = { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "100m", memory: "64Mi" } };
        expect(spec("staging")).toMatchObject({
            solvers: [
                {
                    http01: {
                        ingress: {
                            ingressClassName: "traefik",
                            serviceType: "ClusterIP",
                            podTemplate: { metadata: { labels }, spec: { securityContext, resources } },
                        },
                    },
                },
            ],
        });
    });
});

test("a certificate is for one host, gets a new key at each renewal, and is renewed with a third of its life left", () => {
    expect(certificateSpec("mcp.example.com", "mcp-certificate", "company")).toEqual({
        secretName: "mcp-certificate",
        secretTemplate: { labels: { "app.kubernetes.io/part-of": "mcp-platform", "app.kubernetes.io/managed-by": "pulumi" } },
        dnsNames: ["mcp.example.com"],
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "company" },
        privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" },
        usages: ["digital signature", "server auth"],
        renewBeforePercentage: 33,
        revisionHistoryLimit: 2,
    });
});

describe("cert-manager", () => {
    test("the controller runs what ACME takes, and nothing that reads credentials of the machine", () => {
        expect(controllerArguments({ namespace: "cert-manager", clusterResourceNamespace: "keys", solver: "solver:1" })).toEqual([
            "--v=2",
            "--logging-format=json",
            "--cluster-resource-namespace=keys",
            "--leader-election-namespace=cert-manager",
            "--controllers=clusterissuers,certificates-trigger,certificates-key-manager,certificates-request-manager,certificates-issuing,certificates-readiness,certificates-revision-manager,certificates-metrics,certificaterequests-approver,certificaterequests-issuer-acme,orders,challenges",
            "--acme-http01-solver-image=solver:1",
            "--cluster-issuer-ambient-credentials=false",
            "--enable-gateway-api=false",
        ]);
    });

    test("the cainjector looks at one namespace and at webhooks alone", () => {
        expect(cainjectorArguments("cert-manager").slice(2)).toEqual([
            "--namespace=cert-manager",
            "--leader-election-namespace=cert-manager",
            "--enable-certificates-data-source=false",
            "--enable-customresourcedefinitions-injectable=false",
            "--enable-apiservices-injectable=false",
        ]);
    });

    test("the webhook serves TLS 1.3 under the names of its Service, with an authority of its own", () => {
        expect(webhookArguments("cert-manager").slice(2)).toEqual([
            "--secure-port=10250",
            "--healthz-port=6080",
            "--tls-min-version=VersionTLS13",
            "--dynamic-serving-ca-secret-namespace=cert-manager",
            "--dynamic-serving-ca-secret-name=cert-manager-webhook-ca",
            "--dynamic-serving-dns-names=cert-manager-webhook,cert-manager-webhook.cert-manager,cert-manager-webhook.cert-manager.svc",
            "--metrics-listen-address=0",
        ]);
    });

    test.each([
        [validatingWebhook("cert-manager"), "/validate", ["certificates", "certificaterequests/status", "clusterissuers", "challenges"]],
        [mutatingWebhook("cert-manager"), "/mutate", ["certificaterequests"]],
    ])("its webhook fails closed, and is trusted by the authority in its Secret", ({ metadata, webhooks }, path, kinds) => {
        expect(metadata.annotations["cert-manager.io/inject-ca-from-secret"]).toBe("cert-manager/cert-manager-webhook-ca");
        expect(webhooks).toHaveLength(1);
        expect(webhooks[0]).toMatchObject({
            failurePolicy: "Fail",
            sideEffects: "None",
            clientConfig: { service: { name: "cert-manager-webhook", namespace: "cert-manager", port: 443, path } },
        });
        expect(webhooks[0]?.rules.flatMap(({ resources }) => resources)).toEqual(expect.arrayContaining(kinds));
        expect(webhooks[0]?.clientConfig).not.toHaveProperty("caBundle");
    });

    test("what it may do is exactly this", () => {
        const text = Object.entries(CERT_MANAGER_ACCESS).flatMap(([part, access]) =>
            (["cluster", "own", "certificates"] as const).flatMap((where) =>
                access[where].map(
                    ({ apiGroups, resources, verbs, resourceNames }) =>
                        `${part} ${where} ${String(apiGroups)}/${String(resources)} ${String(verbs)}${resourceNames ? ` ${String(resourceNames)}` : ""}`,
                ),
            ),
        );
        const webhooks = "admissionregistration.k8s.io/validatingwebhookconfigurations,mutatingwebhookconfigurations";
        expect(text).toEqual([
            "controller cluster cert-manager.io/certificates,certificaterequests,clusterissuers,issuers get,list,watch",
            "controller cluster cert-manager.io/clusterissuers/status update",
            "controller cluster cert-manager.io/signers approve clusterissuers.cert-manager.io/mcp-platform",
            "controller cluster acme.cert-manager.io/orders,challenges get,list,watch",
            "controller cluster /secrets get,list,watch",
            "controller cluster /pods,services list,watch",
            "controller cluster networking.k8s.io/ingresses list,watch",
            "controller cluster /events create,patch",
            "controller own coordination.k8s.io/leases create",
            "controller own coordination.k8s.io/leases get,update cert-manager-controller",
            "controller own /secrets create",
            "controller certificates cert-manager.io/certificaterequests create,delete",
            "controller certificates cert-manager.io/certificates/status,certificaterequests/status update",
            "controller certificates cert-manager.io/certificates/finalizers,certificaterequests/finalizers update",
            "controller certificates acme.cert-manager.io/orders create,delete",
            "controller certificates acme.cert-manager.io/challenges create,patch,delete",
            "controller certificates acme.cert-manager.io/orders/status,challenges/status update",
            "controller certificates acme.cert-manager.io/orders/finalizers,challenges/finalizers update",
            "controller certificates /secrets create,patch,delete",
            "controller certificates /pods,services create,delete",
            "controller certificates networking.k8s.io/ingresses create,delete",
            `cainjector cluster ${webhooks} get,list,watch`,
            `cainjector cluster ${webhooks} patch cert-manager-webhook`,
            "cainjector own coordination.k8s.io/leases create",
            "cainjector own coordination.k8s.io/leases get,update cert-manager-cainjector-leader-election",
            "cainjector own /secrets get,list,watch",
            "cainjector own /events create,patch",
            "webhook cluster authorization.k8s.io/subjectaccessreviews create",
            "webhook own /secrets create",
            "webhook own /secrets get,list,watch,update cert-manager-webhook-ca",
        ]);
    });
});
