/** Certificates for test servers: an authority and what it signs, as PEM. */
import { webcrypto } from "node:crypto";

const KEYS = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY = 24 * 3600 * 1000;

/** @peculiar/x509 builds on a container that insists on the metadata functions, of which it only reads what nobody here writes. */
Object.assign(Reflect, { getMetadata: () => undefined, defineMetadata: () => {}, getOwnMetadata: () => undefined, ...Reflect });
const x509 = await import("@peculiar/x509");

export interface Identity {
    readonly cert: string;
    readonly key: string;
}

export interface Authority {
    readonly cert: string;
    /** A certificate for a server at these names and addresses, or, with a subject such as `CN=admin, O=system:masters`, for a client. */
    issue(subject: string, names?: readonly string[], notAfter?: Date): Promise<Identity>;
}

export async function pemOfKey(key: webcrypto.CryptoKey, kind: "PRIVATE KEY" | "PUBLIC KEY"): Promise<string> {
    const der = await webcrypto.subtle.exportKey(kind === "PRIVATE KEY" ? "pkcs8" : "spki", key);
    return x509.PemConverter.encode(der, kind);
}

export async function authority(name: string): Promise<Authority> {
    const keys = await webcrypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
    const notBefore = new Date(Date.now() - DAY);
    const usualEnd = new Date(Date.now() + 30 * DAY);
    const own = await x509.X509CertificateGenerator.createSelfSigned({
        name: `CN=${name}`,
        keys,
        signingAlgorithm: KEYS,
        notBefore,
        notAfter: usualEnd,
        serialNumber: "01",
        extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        ],
    });
    let serial = 1;
    return {
        cert: own.toString("pem"),
        async issue(subject, names = [], notAfter = usualEnd) {
            const leaf = await webcrypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
            const cert = await x509.X509CertificateGenerator.create({
                subject,
                issuer: own.subject,
                publicKey: leaf.publicKey,
                signingKey: keys.privateKey,
                signingAlgorithm: KEYS,
                notBefore,
                notAfter,
                serialNumber: (++serial).toString(16).padStart(4, "0"),
                extensions: [
                    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
                    new x509.ExtendedKeyUsageExtension([
                        names.length ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
                    ]),
                    ...(names.length
                        ? [
                              new x509.SubjectAlternativeNameExtension(
                                  names.map((value) => ({ type: /^[\d.]+$/.test(value) ? "ip" : "dns", value })),
                              ),
                          ]
                        : []),
                ],
            });
            return { cert: cert.toString("pem"), key: await pemOfKey(leaf.privateKey, "PRIVATE KEY") };
        },
    };
}
