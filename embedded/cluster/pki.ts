/** The cluster's certificates: which there are (data), when one has to be issued again, and issuing them. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { readText, writeText } from "./files.ts";
import { ADDRESSES, POLICY_ENFORCER, type ClusterPlan, type NodePlan } from "./plan.ts";

type Usage = "client" | "server" | "peer";

export interface CertificateRequest {
    /** The file name without `.crt` and `.key`. */
    readonly name: string;
    readonly authority: "ca" | "front-proxy-ca" | "etcd-ca";
    readonly commonName: string;
    readonly organization?: string;
    readonly usage: Usage;
    readonly dns: readonly string[];
    readonly ip: readonly string[];
}

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A certificate that ends sooner than this is issued again at a start. */
const RENEW_DAYS = 30;

const AUTHORITIES = {
    ca: "mcp-platform-embedded",
    "front-proxy-ca": "mcp-platform-embedded-front-proxy",
    "etcd-ca": "mcp-platform-embedded-etcd",
} as const;

function client(name: string, commonName: string, organization?: string): CertificateRequest {
    return { name, authority: "ca", commonName, ...(organization ? { organization } : {}), usage: "client", dns: [], ip: [] };
}

/** The certificates of the control plane. */
export function controlPlaneCertificates(plan: ClusterPlan): CertificateRequest[] {
    return [
        {
            name: "apiserver",
            authority: "ca",
            commonName: "kube-apiserver",
            usage: "server",
            dns: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
            ip: [...new Set(["127.0.0.1", ADDRESSES.apiService, plan.apiAddress])],
        },
        { name: "etcd", authority: "etcd-ca", commonName: "etcd", usage: "peer", dns: ["localhost"], ip: ["127.0.0.1"] },
        client("admin", "admin", "system:masters"),
        client("supervisor", "mcp-platform:supervisor", "system:masters"),
        client("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"),
        client("controller-manager", "system:kube-controller-manager"),
        client("scheduler", "system:kube-scheduler"),
        client("kube-proxy", "system:kube-proxy"),
        client("policy-enforcer", POLICY_ENFORCER),
        { ...client("front-proxy-client", "front-proxy-client"), authority: "front-proxy-ca" },
    ];
}

/** A node's one certificate: its kubelet shows it to the API server, and serves with it. */
export function nodeCertificate(node: NodePlan): CertificateRequest {
    return {
        name: node.name,
        authority: "ca",
        commonName: `system:node:${node.name}`,
        organization: "system:nodes",
        usage: "peer",
        dns: [node.name],
        ip: [node.address, "127.0.0.1"],
    };
}

/** Every certificate of a cluster. */
export function certificatesFor(plan: ClusterPlan): CertificateRequest[] {
    return [...controlPlaneCertificates(plan), ...plan.nodes.map(nodeCertificate)];
}

/** A certificate and its key as they are on file. */
export interface Pair {
    readonly certificate: string | undefined;
    readonly key: string | undefined;
}

/** Whether a certificate on file still does what is asked of it, and its key is the one beside it. */
export function isCurrent(pair: Pair, authorityPem: string, request: CertificateRequest, now: Date): boolean {
    if (!pair.certificate || !pair.key) return false;
    try {
        const certificate = new X509Certificate(pair.certificate);
        const names = [...request.dns.map((name) => `DNS:${name}`), ...request.ip.map((ip) => `IP Address:${ip}`)];
        const have = (certificate.subjectAltName ?? "").split(", ").filter(Boolean);
        return (
            certificate.verify(new X509Certificate(authorityPem).publicKey) &&
            certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
            certificate.validToDate.getTime() - now.getTime() > RENEW_DAYS * DAY &&
            names.toSorted().join() === have.toSorted().join()
        );
    } catch {
        return false;
    }
}

/** A new EC P-256 key as PEM (PKCS #8). */
function newKey(): string {
    return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function cryptoKeys(pem: string): Promise<{ readonly publicKey: webcrypto.CryptoKey; readonly privateKey: webcrypto.CryptoKey }> {
    const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    const spki = createPublicKey(pem).export({ type: "spki", format: "der" });
    return {
        privateKey: await webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]),
        publicKey: await webcrypto.subtle.importKey("spki", spki, ALGORITHM, true, ["verify"]),
    };
}

/** A positive random number of 128 bits, in hexadecimal. */
function serial(): string {
    return Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
        .toString("hex")
        .replace(/^./, "4");
}

/**
 * Issues what is missing or about to end, and leaves the rest: the authorities and the service account key outlive
 * every restart, or the tokens in etcd would be worthless.
 * @returns whether anything was issued
 */
export async function ensurePki(folder: string, requests: readonly CertificateRequest[], now = new Date()): Promise<boolean> {
    const file = (name: string): string => join(folder, name);
    const accountKey = readText(file("sa.key")) || newKey();
    writeText(file("sa.key"), accountKey);
    // Each time, because a start that was killed between the two files left the key alone. Unchanged, nothing is written.
    writeText(file("sa.pub"), createPublicKey(accountKey).export({ type: "spki", format: "pem" }) as string);
    const current = (r: CertificateRequest): boolean =>
        isCurrent(
            { certificate: readText(file(`${r.name}.crt`)), key: readText(file(`${r.name}.key`)) },
            readText(file(`${r.authority}.crt`)) ?? "",
            r,
            now,
        );
    const stale = requests.filter((request) => !current(request));
    if (!stale.length) return false;
    // Loaded only when something is to be issued: a warm start does without it.
    const { installReflection } = await import("../common/reflect.ts");
    installReflection();
    const x509 = await import("@peculiar/x509");
    x509.cryptoProvider.set(webcrypto as never);
    const notBefore = new Date(now.getTime() - 3_600_000);

    const authorities = new Map<string, { readonly subject: string; readonly keys: Awaited<ReturnType<typeof cryptoKeys>> }>();
    for (const [name, commonName] of Object.entries(AUTHORITIES)) {
        const subject = `CN=${commonName}`;
        const key = readText(file(`${name}.key`)) ?? newKey();
        const keys = await cryptoKeys(key);
        authorities.set(name, { subject, keys });
        if (readText(file(`${name}.crt`)) && readText(file(`${name}.key`))) continue;
        const certificate = await x509.X509CertificateGenerator.createSelfSigned({
            serialNumber: serial(),
            name: subject,
            notBefore,
            notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY),
            keys,
            signingAlgorithm: ALGORITHM,
            extensions: [
                new x509.BasicConstraintsExtension(true, undefined, true),
                new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
                await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
            ],
        });
        writeText(file(`${name}.key`), key);
        writeText(file(`${name}.crt`), certificate.toString("pem") + "\n");
    }
    for (const request of stale) {
        const authority = authorities.get(request.authority);
        if (!authority) throw new Error(`no authority ${request.authority}`);
        const key = newKey();
        const usages = {
            client: [x509.ExtendedKeyUsage.clientAuth],
            server: [x509.ExtendedKeyUsage.serverAuth],
            peer: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
        };
        const certificate = await x509.X509CertificateGenerator.create({
            serialNumber: serial(),
            subject: `${request.organization ? `O=${request.organization}, ` : ""}CN=${request.commonName}`,
            issuer: authority.subject,
            notBefore,
            notAfter: new Date(now.getTime() + LEAF_DAYS * DAY),
            publicKey: (await cryptoKeys(key)).publicKey,
            signingKey: authority.keys.privateKey,
            signingAlgorithm: ALGORITHM,
            extensions: [
                new x509.BasicConstraintsExtension(false, undefined, true),
                new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
                new x509.ExtendedKeyUsageExtension(usages[request.usage]),
                new x509.SubjectAlternativeNameExtension([
                    ...request.dns.map((value) => ({ type: "dns" as const, value })),
                    ...request.ip.map((value) => ({ type: "ip" as const, value })),
                ]),
                await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
            ],
        });
        writeText(file(`${request.name}.key`), key);
        writeText(file(`${request.name}.crt`), certificate.toString("pem") + "\n");
    }
    return true;
}
