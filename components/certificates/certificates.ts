import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Hosts } from "../edge/names.ts";
import { partOf } from "../workloads/labels.ts";
import type { HostCertificate, HostName } from "./hosts.ts";

export interface PlatformCertificatesArgs {
    readonly hosts: Hosts;
    /** The Secret of each host that has an Ingress, in the Ingress's namespace. */
    readonly certificates: ReadonlyMap<HostName, HostCertificate<pulumi.Input<string>>>;
    /** Name of the ClusterIssuer that signs. */
    readonly issuer: pulumi.Input<string>;
}

/**
 * The `spec` of a host's Certificate: https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateSpec
 * Each renewal makes a new key, and comes when a third of the certificate's life is left, whatever life its issuer gives it.
 */
export function certificateSpec(host: string, secretName: string, issuer: pulumi.Input<string>): Readonly<Record<string, unknown>> {
    return {
        secretName,
        secretTemplate: { labels: { ...partOf } },
        dnsNames: [host],
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: issuer },
        privateKey: { algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" },
        usages: ["digital signature", "server auth"],
        renewBeforePercentage: 33,
        revisionHistoryLimit: 2,
    };
}

/** A Certificate of cert-manager's for each host, awaited until it is signed. */
export class PlatformCertificates extends pulumi.ComponentResource {
    /** Name of each host's Secret, once the certificate is in it. */
    readonly secrets: ReadonlyMap<HostName, pulumi.Output<string>>;

    constructor(name: string, args: PlatformCertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:certificates:PlatformCertificates", name, { hosts: args.hosts }, opts);
        this.secrets = new Map(
            [...args.certificates].map(([host, { namespace, secretName }]) => {
                const certificate = new kubernetes.apiextensions.CustomResource(
                    `${name}-${host}`,
                    {
                        apiVersion: "cert-manager.io/v1",
                        kind: "Certificate",
                        metadata: {
                            name: secretName,
                            namespace,
                            labels: partOf,
                            annotations: { "pulumi.com/waitFor": "condition=Ready" },
                        },
                        spec: certificateSpec(args.hosts[host], secretName, args.issuer),
                    },
                    // An order waits for DNS and for the challenge's pod to be pulled, started and reached from outside.
                    { parent: this, customTimeouts: { create: "10m", update: "10m" } },
                );
                // The Certificate has the name of its Secret.
                return [host, certificate.metadata.name] as const;
            }),
        );
        this.registerOutputs({});
    }
}
