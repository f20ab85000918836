import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { labelsOf } from "../workloads/labels.ts";

const YEAR = 365 * 24;
const MONTH = 30 * 24;

/** The name by which clients inside the cluster, the edge above all, know a Service. */
export const serviceHost = (service: string, namespace: string) => `${service}.${namespace}.svc`;

/** Every name and address by which somebody reaches the registry, itself or through its NodePort. */
export function registryNames(namespace: string, hosts: readonly string[]): { dnsNames: string[]; ipAddresses: string[] } {
    const service = serviceHost("registry", namespace);
    const inside = ["registry", `registry.${namespace}`, service, `${service}.cluster.local`, "localhost"];
    return { dnsNames: [...new Set([...inside, ...hosts])], ipAddresses: ["127.0.0.1"] };
}

export interface RegistryCertificateArgs {
    readonly namespace: pulumi.Input<string>;
    readonly names: ReturnType<typeof registryNames>;
}

/**
 * The registry's certificate, signed by a certificate authority that signs nothing else, so that a node that trusts it
 * trusts the registry alone. Both are renewed by the next update that runs within a month of their end.
 */
export class RegistryCertificate extends pulumi.ComponentResource {
    /** Name of the Secret of type `kubernetes.io/tls` that the registry serves with. */
    readonly secretName: pulumi.Output<string>;
    /** The certificate in it. PEM. */
    readonly certificate: pulumi.Output<string>;
    /** The authority's certificate, which nodes trust. PEM. */
    readonly authority: pulumi.Output<string>;
    /** Name of the Secret with it under `ca.crt`, which the edge trusts. Nodes that need it before an update ends find it there. */
    readonly authoritySecret: pulumi.Output<string>;

    constructor(name: string, args: RegistryCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
        const { names, namespace } = args;
        super("mcp:registry:RegistryCertificate", name, { names }, opts);
        const child = { parent: this };
        const ecdsa = { algorithm: "ECDSA", ecdsaCurve: "P256" };
        const authorityKey = new tls.PrivateKey(`${name}-authority-key`, ecdsa, child);
        const authority = new tls.SelfSignedCert(
            `${name}-authority`,
            {
                privateKeyPem: authorityKey.privateKeyPem,
                subject: { commonName: "MCP platform registry", organization: "MCP platform" },
                isCaCertificate: true,
                maxPathLength: 0,
                validityPeriodHours: 10 * YEAR,
                earlyRenewalHours: MONTH,
                allowedUses: ["cert_signing", "crl_signing"],
            },
            child,
        );
        const key = new tls.PrivateKey(`${name}-key`, ecdsa, child);
        const request = new tls.CertRequest(
            `${name}-request`,
            { privateKeyPem: key.privateKeyPem, subject: { commonName: "registry" }, ...names },
            child,
        );
        const certificate = new tls.LocallySignedCert(
            `${name}-certificate`,
            {
                certRequestPem: request.certRequestPem,
                caPrivateKeyPem: authorityKey.privateKeyPem,
                caCertPem: authority.certPem,
                validityPeriodHours: YEAR,
                earlyRenewalHours: MONTH,
                allowedUses: ["digital_signature", "server_auth"],
            },
            child,
        );
        const secret = new kubernetes.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: { name: "registry-certificate", namespace, labels: labelsOf("registry") },
                type: "kubernetes.io/tls",
                stringData: { "tls.crt": certificate.certPem, "tls.key": pulumi.secret(key.privateKeyPem) },
            },
            child,
        );
        const trusted = new kubernetes.core.v1.Secret(
            `${name}-authority-secret`,
            {
                metadata: { name: "registry-authority", namespace, labels: labelsOf("registry") },
                stringData: { "ca.crt": authority.certPem },
            },
            child,
        );
        this.secretName = secret.metadata.name;
        this.authoritySecret = trusted.metadata.name;
        this.certificate = certificate.certPem;
        this.authority = authority.certPem;
        this.registerOutputs({ secretName: this.secretName, authority: this.authority });
    }
}
