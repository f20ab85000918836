/** Certificates: cert-manager as typed resources, its issuer, and the certificate of every host. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Definition } from "../definitions/read.ts";
import { registerDefinitions } from "../definitions/register.ts";
import { deploymentArgs, type Workload } from "../workloads/deployment.ts";
import { createIdentity } from "../workloads/identity.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { CERT_MANAGER_ACCESS } from "./access.ts";
import { cainjectorArguments, controllerArguments, webhookArguments } from "./arguments.ts";
import { CERT_MANAGER, CERT_MANAGER_PORTS } from "./names.ts";
import { mutatingWebhook, validatingWebhook } from "./webhooks.ts";

type Part = keyof typeof CERT_MANAGER;

/** A namespace, plain and as what waits for it. */
export interface KnownNamespace {
    readonly name: string;
    readonly namespace: pulumi.Input<string>;
}

export interface CertManagerArgs {
    /** cert-manager's own namespace; it keeps the key of the ACME account too. */
    readonly namespace: KnownNamespace;
    /** The namespaces of Certificates, where cert-manager writes Secrets and answers challenges. */
    readonly certificateNamespaces: readonly KnownNamespace[];
    readonly images: Readonly<Record<Part | "solver", string>>;
    /** By name of the Deployment. */
    readonly resources: Readonly<Record<(typeof CERT_MANAGER)[Part], Resources>>;
    /** cert-manager's definitions. */
    readonly definitions: readonly Definition[];
}

/**
 * cert-manager: definitions, then the three Deployments with their rights, then the configurations of the webhook, each
 * awaited. It serves the platform's ACME issuer and nobody else's Certificates.
 */
export class CertManager extends pulumi.ComponentResource {
    /** What issuers wait for: definitions and a webhook that the API server trusts. */
    readonly ready: readonly pulumi.Resource[];

    constructor(name: string, args: CertManagerArgs, opts?: pulumi.ComponentResourceOptions) {
        const { images, namespace: own } = args;
        super("mcp:certificates:CertManager", name, { images: { ...images } }, opts);
        const definitions = registerDefinitions(args.definitions, this);
        const deployment = (part: Part, workload: Pick<Workload, "args" | "readiness" | "liveness">) => {
            const { cluster, own: inside, certificates } = CERT_MANAGER_ACCESS[part];
            const workloadName = CERT_MANAGER[part];
            const grants = [
                { suffix: "own", namespace: own.namespace, rules: inside },
                ...args.certificateNamespaces.map((one) => ({ suffix: one.name, namespace: one.namespace, rules: certificates })),
            ];
            const identity = createIdentity(
                `${name}-${part}`,
                {
                    workload: workloadName,
                    namespace: own.namespace,
                    clusterRules: cluster,
                    grants: grants.filter(({ rules }) => rules.length > 0),
                },
                this,
            );
            return new kubernetes.apps.v1.Deployment(
                `${name}-${part}-deployment`,
                deploymentArgs({
                    ...workload,
                    name: workloadName,
                    namespace: own.namespace,
                    image: images[part],
                    ports: CERT_MANAGER_PORTS[part],
                    resources: args.resources[workloadName],
                    apiAccess: true,
                }),
                { parent: this, dependsOn: [...definitions, ...identity] },
            );
        };
        const controller = deployment("controller", {
            args: controllerArguments({ namespace: own.name, clusterResourceNamespace: own.name, solver: images.solver }),
            readiness: { port: "health", path: "/livez" },
            liveness: { port: "health", path: "/livez" },
        });
        const cainjector = deployment("cainjector", {
            args: cainjectorArguments(own.name),
            // It has no address for probes; its metrics tell as well whether it answers.
            readiness: { port: "metrics", path: "/metrics" },
            liveness: { port: "metrics", path: "/metrics" },
        });
        const webhook = deployment("webhook", {
            args: webhookArguments(own.name),
            readiness: { port: "health", path: "/healthz" },
            liveness: { port: "health", path: "/livez" },
        });
        const service = new kubernetes.core.v1.Service(
            `${name}-webhook-service`,
            {
                metadata: { name: CERT_MANAGER.webhook, namespace: own.namespace, labels: labelsOf(CERT_MANAGER.webhook) },
                spec: {
                    selector: selectorOf(CERT_MANAGER.webhook),
                    ports: [{ name: "webhook", port: 443, targetPort: "webhook", protocol: "TCP" }],
                },
            },
            { parent: this, dependsOn: webhook },
        );
        const answering = { parent: this, dependsOn: [controller, cainjector, service] };
        const { ValidatingWebhookConfiguration, MutatingWebhookConfiguration } = kubernetes.admissionregistration.v1;
        const validation = new ValidatingWebhookConfiguration(`${name}-validation`, validatingWebhook(own.name), answering);
        const mutation = new MutatingWebhookConfiguration(`${name}-mutation`, mutatingWebhook(own.name), answering);
        this.ready = [...definitions, validation, mutation];
        this.registerOutputs({});
    }
}
