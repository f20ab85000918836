import * as pulumi from "@pulumi/pulumi";
import { InternalCertificate } from "../edge/certificate.ts";
import type { Hosts } from "../edge/names.ts";
import { PlatformCertificates } from "./certificates.ts";
import { certificatesOf, type CertificateChoice, type HostName, type IngressNamespaces } from "./hosts.ts";
import { AcmeIssuer } from "./issuer.ts";

export interface CertificatesArgs {
    readonly choice: CertificateChoice;
    readonly hosts: Hosts;
    readonly namespaces: IngressNamespaces<pulumi.Input<string>>;
    /** The class of the Ingresses through which ACME challenges are answered. */
    readonly ingressClass: pulumi.Input<string>;
}

export interface Certificates {
    /** The Secret of each host that has an Ingress, for that Ingress to name; known once the certificate is in it. */
    readonly secrets: ReadonlyMap<HostName, pulumi.Output<string>>;
    /** The certificate of the stack's own authority, where there is one. PEM. */
    readonly authority?: pulumi.Output<string>;
}

/** Makes what the chosen source of certificates takes. With ACME, `opts` depend on `CertManager.ready` where it is ours. */
export function createCertificates(args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions): Certificates {
    const { choice, hosts, namespaces, ingressClass } = args;
    const certificates = certificatesOf(choice, namespaces);
    switch (choice.mode) {
        case "internal": {
            const { runtime, registry } = namespaces;
            return new InternalCertificate("certificate", { hosts, namespace: runtime, registryNamespace: registry }, opts);
        }
        case "acme": {
            const { email, directory } = choice;
            const { issuer } = new AcmeIssuer("acme", { email, directory, ingressClass }, opts);
            return new PlatformCertificates("certificates", { hosts, certificates, issuer }, opts);
        }
        case "issuer":
            return new PlatformCertificates("certificates", { hosts, certificates, issuer: choice.clusterIssuer }, opts);
        case "secrets":
            return { secrets: new Map([...certificates].map(([host, { secretName }]) => [host, pulumi.output(secretName)])) };
    }
}
