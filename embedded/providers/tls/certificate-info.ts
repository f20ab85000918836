/** The function `tls:index/getCertificate:getCertificate`. */
import { createHash } from "node:crypto";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { messageOf } from "../../common/errors.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { failure, type LogicalFunction } from "../shared/logical.ts";

const BASIC_CONSTRAINTS = "2.5.29.19";
/** How long a host may take to answer. Milliseconds. */
const TIMEOUT_MS = 30_000;

/** Says what is in a certificate, or in those that a host presents. */
export const getCertificate: LogicalFunction = async ({ content, url, verifyChain }) => {
    if ((typeof content === "string") === (typeof url === "string")) return failure("url", "give exactly one of url and content");
    if (typeof content === "string" && typeof verifyChain === "boolean") return failure("verifyChain", "cannot be used with content");
    const verify = verifyChain !== false;
    let certificates: PropertyMap[];
    if (typeof content === "string") {
        const block = /-----BEGIN ([A-Z ]+)-----/.exec(content)?.[1];
        if (block !== "CERTIFICATE")
            return failure("content", block ? `expected a certificate, found "${block}"` : "not a certificate in PEM");
        try {
            certificates = [describe(x509.PemConverter.decode(content)[0] ?? new ArrayBuffer())];
        } catch {
            return failure("content", "not a certificate in PEM");
        }
    } else {
        const target = parse(String(url));
        if (typeof target === "string") return failure("url", target);
        try {
            certificates = (await presented(target, verify)).map(describe).toReversed();
        } catch (error) {
            return failure("url", `the certificates of ${target.host}:${target.port} cannot be fetched: ${messageOf(error)}`);
        }
    }
    const id = createHash("sha1").update(JSON.stringify(certificates)).digest("hex");
    return { outputs: { ...(typeof url === "string" ? { url } : { content: String(content) }), verifyChain: verify, certificates, id } };
};

interface Target {
    readonly host: string;
    readonly port: number;
}

function parse(text: string): Target | string {
    if (!URL.canParse(text)) return `"${text}" is not a URL`;
    // The port of https is not written out, and other schemes have none.
    const { protocol, hostname, port } = new URL(text);
    if (protocol !== "https:" && protocol !== "tls:") return `expected https:// or tls://, found ${protocol}//`;
    if (protocol === "tls:" && !port) return `the port is missing in ${text}`;
    return { host: hostname.replaceAll(/[[\]]/g, ""), port: Number(port || 443) };
}

/** The certificates of a host, its own first. */
async function presented({ host, port }: Target, verify: boolean): Promise<Buffer[]> {
    return await new Promise((resolve, reject) => {
        const socket = connect({ host, port, rejectUnauthorized: verify, ...(isIP(host) ? {} : { servername: host }) });
        socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer for ${TIMEOUT_MS / 1000} seconds`)));
        socket.once("error", reject);
        socket.once("secureConnect", () => {
            const chain: Buffer[] = [];
            let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
            while (next?.raw && !chain.some((known) => known.equals(next?.raw ?? Buffer.of()))) {
                chain.push(next.raw);
                next = next.issuerCertificate;
            }
            socket.destroy();
            resolve(chain);
        });
    });
}

/** As the official function says them. */
const KEY_NAMES: Readonly<Record<string, string>> = { "RSASSA-PKCS1-v1_5": "RSA", ECDSA: "ECDSA", Ed25519: "Ed25519", EdDSA: "Ed25519" };

interface Named {
    readonly name: string;
    readonly hash?: { readonly name: string };
}

function signatureName({ name, hash }: Named): string {
    const digest = hash?.name.replace("-", "") ?? "";
    if (name === "ECDSA") return `ECDSA-${digest}`;
    if (name === "RSA-PSS") return `${digest}-RSAPSS`;
    return name === "Ed25519" || name === "EdDSA" ? "Ed25519" : `${digest}-RSA`;
}

/** RFC 3339 in whole seconds. */
const time = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

function describe(raw: ArrayBuffer | Buffer): PropertyMap {
    const certificate = new x509.X509Certificate(Buffer.isBuffer(raw) ? new Uint8Array(raw) : raw);
    const constraints = certificate.getExtension<x509.BasicConstraintsExtension>(BASIC_CONSTRAINTS);
    return {
        signatureAlgorithm: signatureName(certificate.signatureAlgorithm as unknown as Named),
        publicKeyAlgorithm: KEY_NAMES[certificate.publicKey.algorithm.name] ?? certificate.publicKey.algorithm.name,
        serialNumber: BigInt(`0x${certificate.serialNumber}`).toString(),
        isCa: constraints?.ca ?? false,
        // Go's numbers for a length that is not limited, and for a certificate that says nothing about it.
        maxPathLength: constraints ? (constraints.pathLength ?? -1) : 0,
        version: 3,
        issuer: nameOf(certificate.issuerName),
        subject: nameOf(certificate.subjectName),
        notBefore: time(certificate.notBefore),
        notAfter: time(certificate.notAfter),
        sha1Fingerprint: createHash("sha1").update(new Uint8Array(certificate.rawData)).digest("hex"),
        certPem: `${certificate.toString("pem").trimEnd()}\n`,
    };
}

/** RFC 2253: the most particular part first. */
function nameOf(name: x509.Name): string {
    return name
        .toJSON()
        .toReversed()
        .flatMap((part) => Object.entries(part).map(([type, values]) => values.map((value) => `${type}=${escaped(value)}`).join("+")))
        .join(",");
}

function escaped(value: string): string {
    return value
        .replaceAll(/[,+"\\<>;]/g, String.raw`\$&`)
        .replace(/^[ #]/, String.raw`\$&`)
        .replace(/(?<=.) $/, String.raw`\ `);
}
