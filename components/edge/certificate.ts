import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { INTERNAL_SECRET } from "../certificates/hosts.ts";
import { partOf } from "../workloads/labels.ts";
import type { Hosts } from "./names.ts";

const YEAR = 365 * 24;
const MONTH = 30 * 24;

export interface InternalCertificateArgs {
    readonly hosts: Hosts;
    /** Where the TLS Secret is made: the namespace of the Ingresses that name it. */
    readonly namespace: pulumi.Input<string>;
    /** Where it is made a second time, for the registry's Ingress. Default: nowhere. */
    readonly registryNamespace?: pulumi.Input<string> | undefined;
}

/**
 * A certificate for the platform's hosts, signed by a certificate authority of the stack's own. Both are renewed by the
 * next update that runs within a month of their end.
 */
export class InternalCertificate extends pulumi.ComponentResource {
    /** The authority's certificate, which clients add to what they trust. PEM. */
    readonly authority: pulumi.Output<string>;
    /** Name of the Secret of type `kubernetes.io/tls` for each host that has an Ingress. */
    readonly secrets: ReadonlyMap<keyof Hosts, pulumi.Output<string>>;

    constructor(name: string, args: InternalCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:edge:InternalCertificate", name, { hosts: args.hosts }, opts);
        const child = { parent: this };
        const ecdsa = { algorithm: "ECDSA", ecdsaCurve: "P256" };
        const authorityKey = new tls.PrivateKey(`${name}-authority-key`, ecdsa, child);
        const authority = new tls.SelfSignedCert(
            `${name}-authority`,
            {
                privateKeyPem: authorityKey.privateKeyPem,
                subject: { commonName: `MCP platform ${args.hosts.mcp}`, organization: "MCP platform" },
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
            {
                privateKeyPem: key.privateKeyPem,
                subject: { commonName: args.hosts.mcp },
                dnsNames: [args.hosts.mcp, args.hosts.registry, args.hosts.platform],
            },
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
        const keep = (resource: string, namespace: pulumi.Input<string>) =>
            new kubernetes.core.v1.Secret(
                resource,
                {
                    metadata: { name: INTERNAL_SECRET, namespace, labels: partOf },
                    type: "kubernetes.io/tls",
                    stringData: { "tls.crt": certificate.certPem, "tls.key": pulumi.secret(key.privateKeyPem) },
                },
                child,
            ).metadata.name;
        const secretName = keep(`${name}-secret`, args.namespace);
        this.secrets = new Map([
            ["mcp", secretName],
            ["platform", secretName],
            ...(args.registryNamespace === undefined
                ? []
                : [["registry", keep(`${name}-registry-secret`, args.registryNamespace)] as const]),
        ]);
        this.authority = authority.certPem;
        this.registerOutputs({ secretName, authority: this.authority });
    }
}
