import type { Hosts } from "../edge/names.ts";

export type HostName = keyof Hosts;

/** Where the certificates of the hosts come from. */
export type CertificateChoice =
    /** Made here, signed by an authority of the stack's own. */
    | { readonly mode: "internal" }
    /** Asked for from an ACME directory: `production` or `staging` of Let's Encrypt, or a URL. `email` is the account's contact. */
    | { readonly mode: "acme"; readonly email: string; readonly directory: string }
    /** Asked for from a ClusterIssuer that is there already. */
    | { readonly mode: "issuer"; readonly clusterIssuer: string }
    /** Secrets of type `kubernetes.io/tls` that others keep, each in the namespace of its host's Ingress. */
    | { readonly mode: "secrets"; readonly secrets: Readonly<Record<HostName, string>> };

/** Namespaces of the Ingresses. Without one for the registry, its host has no Ingress and needs no certificate. */
export interface IngressNamespaces<Name> {
    readonly runtime: Name;
    readonly registry?: Name | undefined;
}

/** The Secret that a host's Ingress names. An Ingress can name none but one of its own namespace. */
export interface HostCertificate<Name> {
    readonly namespace: Name;
    readonly secretName: string;
}

/** The Secret that the internal certificate is kept in, in each namespace that needs it. */
export const INTERNAL_SECRET = "edge-certificate";

function secretOf(host: HostName, choice: CertificateChoice): string {
    switch (choice.mode) {
        case "internal":
            return INTERNAL_SECRET;
        case "secrets":
            return choice.secrets[host];
        case "acme":
        case "issuer":
            return `${host}-certificate`;
    }
}

/** Which Secret the Ingress of each host names, and where: the same question whatever the choice. */
export function certificatesOf<Name>(
    choice: CertificateChoice,
    { runtime, registry }: IngressNamespaces<Name>,
): ReadonlyMap<HostName, HostCertificate<Name>> {
    const inNamespace = (host: HostName, namespace: Name) => [host, { namespace, secretName: secretOf(host, choice) }] as const;
    return new Map([
        inNamespace("mcp", runtime),
        inNamespace("platform", runtime),
        ...(registry === undefined ? [] : [inNamespace("registry", registry)]),
    ]);
}
