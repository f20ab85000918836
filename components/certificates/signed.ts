import type * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

const YEAR = 365 * 24;
const MONTH = 30 * 24;

export interface SignedArgs {
    /** Common names of the authority and of the certificate. */
    readonly authority: string;
    readonly subject: string;
    readonly dnsNames: readonly string[];
    readonly ipAddresses?: readonly string[];
}

/** All PEM. */
export interface Signed {
    /** Secret. */
    readonly key: pulumi.Output<string>;
    readonly certificate: pulumi.Output<string>;
    /** The authority's certificate. */
    readonly authority: pulumi.Output<string>;
}

/**
 * Makes a certificate authority that signs nothing else, and a server's certificate that it signs, as children of
 * `parent`. Both are renewed by the next update that runs within a month of their end.
 */
export function createSigned(name: string, args: SignedArgs, parent: pulumi.Resource): Signed {
    const child = { parent };
    const ecdsa = { algorithm: "ECDSA", ecdsaCurve: "P256" };
    const authorityKey = new tls.PrivateKey(`${name}-authority-key`, ecdsa, child);
    const authority = new tls.SelfSignedCert(
        `${name}-authority`,
        {
            privateKeyPem: authorityKey.privateKeyPem,
            subject: { commonName: args.authority, organization: "MCP platform" },
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
            subject: { commonName: args.subject },
            dnsNames: [...args.dnsNames],
            ...(args.ipAddresses ? { ipAddresses: [...args.ipAddresses] } : {}),
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
    return { key: key.privateKeyPem, certificate: certificate.certPem, authority: authority.certPem };
}
