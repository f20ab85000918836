import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf, partOf } from "../workloads/labels.ts";
import { ACME_SOLVER, PLATFORM_ISSUER } from "./names.ts";

/** Let's Encrypt's directories: https://letsencrypt.org/docs/acme-protocol-updates/ */
const DIRECTORIES: Readonly<Record<string, string>> = {
    production: "https://acme-v02.api.letsencrypt.org/directory",
    staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
};

export interface AcmeAccount {
    /** Contact of the account. */
    readonly email: string;
    /** `production`, `staging`, or the URL of another directory. */
    readonly directory: string;
}

export interface AcmeIssuerArgs extends AcmeAccount {
    /** The class of the Ingresses through which challenges are answered. */
    readonly ingressClass: pulumi.Input<string>;
}

/** The account's key: made by cert-manager, one for each directory, kept with cert-manager. */
function accountSecret(directory: string): string {
    return directory in DIRECTORIES ? `${PLATFORM_ISSUER}-account-${directory}` : `${PLATFORM_ISSUER}-account`;
}

/** The user and group of the pods that answer challenges; any but root's will do. */
const SOLVER_USER = 65532;

/**
 * The `spec` of a ClusterIssuer that proves ownership by HTTP-01: https://cert-manager.io/docs/configuration/acme/http01/
 * Challenges are answered by a pod of their own, under the restricted Pod Security Standard and with a label that
 * NetworkPolicies select, behind an Ingress of its own that no Middleware redirects.
 */
export function acmeIssuerSpec({ email, directory, ingressClass }: AcmeIssuerArgs): Readonly<Record<string, unknown>> {
    const podTemplate = {
        metadata: { labels: labelsOf(ACME_SOLVER.name) },
        spec: {
            securityContext: {
                runAsNonRoot: true,
                runAsUser: SOLVER_USER,
                runAsGroup: SOLVER_USER,
                seccompProfile: { type: "RuntimeDefault" },
            },
            resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "100m", memory: "64Mi" } },
        },
    };
    return {
        acme: {
            email,
            server: DIRECTORIES[directory] ?? directory,
            privateKeySecretRef: { name: accountSecret(directory) },
            solvers: [{ http01: { ingress: { ingressClassName: ingressClass, serviceType: "ClusterIP", podTemplate } } }],
        },
    };
}

/** The platform's ClusterIssuer, ready once its account is registered. */
export class AcmeIssuer extends pulumi.ComponentResource {
    /** Name of the ClusterIssuer, once it is ready. */
    readonly issuer: pulumi.Output<string>;

    constructor(name: string, args: AcmeIssuerArgs, opts?: pulumi.ComponentResourceOptions) {
        const { email, directory } = args;
        super("mcp:certificates:AcmeIssuer", name, { email, directory }, opts);
        const issuer = new kubernetes.apiextensions.CustomResource(
            `${name}-issuer`,
            {
                apiVersion: "cert-manager.io/v1",
                kind: "ClusterIssuer",
                metadata: { name: PLATFORM_ISSUER, labels: partOf, annotations: { "pulumi.com/waitFor": "condition=Ready" } },
                spec: acmeIssuerSpec(args),
            },
            { parent: this, customTimeouts: { create: "3m", update: "3m" } },
        );
        this.issuer = issuer.metadata.name;
        this.registerOutputs({ issuer: this.issuer });
    }
}
