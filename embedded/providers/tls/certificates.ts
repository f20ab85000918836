import { randomBytes } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { PropertyMap } from "../../engine/values.ts";
import type { LogicalType, Property } from "../shared/logical.ts";
import { hashId } from "./keys.ts";
import { signingKeys } from "./signing.ts";
import { alternativeNames, distinguishedName, strings, subjectFailures, subjectProperties } from "./subject.ts";
import { usageExtensions, usageFailures } from "./usages.ts";
import { readyForRenewal, validityFailures, validityFrom, validityProperties } from "./validity.ts";

const WRITE_ONLY = "write-only keys need the ephemeral values of the official provider; give the key as a secret";

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

const NO_AUTHORITY_KEY_ID = "setAuthorityKeyId: the certificate has no subject key identifier; set setSubjectKeyId or isCaCertificate";
const NO_SUBJECT = "subject: the certificate of an authority needs at least one name";

/** The official outputs end in a line feed. */
const pemOf = (data: { toString(format: "pem"): string }) => `${data.toString("pem").trimEnd()}\n`;

/** A positive serial number of 128 bits, as RFC 5280 wants it, in the notation of the library and in decimal. */
function newSerialNumber() {
    const bytes = randomBytes(16);
    bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
    const hex = bytes.toString("hex");
    return { hex, decimal: BigInt(`0x${hex}`).toString() };
}

const certificateProperties: Readonly<Record<string, Property>> = {
    ...validityProperties,
    allowedUses: { type: "list", required: true },
    isCaCertificate: { type: "boolean", default: false },
    maxPathLength: { type: "number", default: -1 },
    setSubjectKeyId: { type: "boolean", default: false },
};

/** What self-signed and CA-signed certificates have in common beside their inputs. */
const renewed = {
    refresh: (outputs: PropertyMap) => ({ readyForRenewal: readyForRenewal(outputs, new Date()) }),
    renewal: (outputs: PropertyMap) => (readyForRenewal(outputs, new Date()) ? "readyForRenewal" : undefined),
} satisfies Partial<LogicalType>;

async function certificateExtensions(inputs: PropertyMap, publicKey: x509.PublicKeyType): Promise<x509.Extension[]> {
    const ca = inputs["isCaCertificate"] === true;
    const path = Number(inputs["maxPathLength"] ?? -1);
    return [
        ...usageExtensions(strings(inputs["allowedUses"])),
        new x509.BasicConstraintsExtension(ca, ca && path >= 0 ? path : undefined, true),
        ...(ca || inputs["setSubjectKeyId"] === true ? [await x509.SubjectKeyIdentifierExtension.create(publicKey, false)] : []),
    ];
}

/** `tls:index/certRequest:CertRequest`. */
export const certRequest: LogicalType = {
    properties: { ...subjectProperties, privateKeyPem: { type: "string", required: true } },
    refused: { privateKeyPemWo: WRITE_ONLY, privateKeyPemWoVersion: WRITE_ONLY },
    computed: ["certRequestPem", "keyAlgorithm"],
    secrets: ["privateKeyPem"],
    validate: subjectFailures,
    generate: async (inputs) => {
        const { keys, algorithm, signature } = await signingKeys(String(inputs["privateKeyPem"]), "privateKeyPem");
        const request = await x509.Pkcs10CertificateRequestGenerator.create({
            name: distinguishedName(inputs["subject"]),
            keys,
            signingAlgorithm: signature,
            extensions: alternativeNames(inputs),
        });
        const certRequestPem = pemOf(request);
        return { id: hashId(request.rawData), values: { certRequestPem, keyAlgorithm: algorithm } };
    },
};

/** `tls:index/selfSignedCert:SelfSignedCert`. */
export const selfSignedCert: LogicalType = {
    properties: {
        ...certificateProperties,
        ...subjectProperties,
        privateKeyPem: { type: "string", required: true },
        setAuthorityKeyId: { type: "boolean", default: false },
    },
    refused: { privateKeyPemWo: WRITE_ONLY, privateKeyPemWoVersion: WRITE_ONLY },
    computed: ["certPem", "keyAlgorithm", "readyForRenewal", "validityStartTime", "validityEndTime"],
    secrets: ["privateKeyPem"],
    validate: (inputs) => [...subjectFailures(inputs), ...usageFailures(inputs["allowedUses"]), ...validityFailures(inputs)],
    ...renewed,
    generate: async (inputs) => {
        const { keys, algorithm, signature } = await signingKeys(String(inputs["privateKeyPem"]), "privateKeyPem");
        if (inputs["isCaCertificate"] === true && distinguishedName(inputs["subject"]).length === 0) throw new Error(NO_SUBJECT);
        const serial = newSerialNumber();
        const { notBefore, notAfter, outputs } = validityFrom(new Date(), inputs);
        const extensions = [...(await certificateExtensions(inputs, keys.publicKey)), ...alternativeNames(inputs)];
        if (inputs["setAuthorityKeyId"] === true) {
            // The authority is the certificate itself: what is named is its own identifier.
            if (!extensions.some(({ type }) => type === SUBJECT_KEY_IDENTIFIER)) throw new Error(NO_AUTHORITY_KEY_ID);
            extensions.push(await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey, false));
        }
        const certificate = await x509.X509CertificateGenerator.createSelfSigned({
            serialNumber: serial.hex,
            name: distinguishedName(inputs["subject"]),
            keys,
            notBefore,
            notAfter,
            signingAlgorithm: signature,
            extensions,
        });
        return { id: serial.decimal, values: { certPem: pemOf(certificate), keyAlgorithm: algorithm, readyForRenewal: false, ...outputs } };
    },
};

function parsed<T>(property: string, what: string, parse: () => T): T {
    try {
        return parse();
    } catch {
        throw new Error(`${property}: not ${what} in PEM`);
    }
}

/** `tls:index/locallySignedCert:LocallySignedCert`. */
export const locallySignedCert: LogicalType = {
    properties: {
        ...certificateProperties,
        certRequestPem: { type: "string", required: true },
        caPrivateKeyPem: { type: "string", required: true },
        caCertPem: { type: "string", required: true },
    },
    refused: { caPrivateKeyPemWo: WRITE_ONLY, caPrivateKeyPemWoVersion: WRITE_ONLY },
    computed: ["certPem", "caKeyAlgorithm", "readyForRenewal", "validityStartTime", "validityEndTime"],
    secrets: ["caPrivateKeyPem"],
    validate: (inputs) => [...usageFailures(inputs["allowedUses"]), ...validityFailures(inputs)],
    ...renewed,
    generate: async (inputs) => {
        const request = parsed(
            "certRequestPem",
            "a certificate request",
            () => new x509.Pkcs10CertificateRequest(String(inputs["certRequestPem"])),
        );
        const authority = parsed("caCertPem", "a certificate", () => new x509.X509Certificate(String(inputs["caCertPem"])));
        if (!(await request.verify())) throw new Error("certRequestPem: the request is not signed by its own key");
        const { keys, algorithm, signature } = await signingKeys(String(inputs["caPrivateKeyPem"]), "caPrivateKeyPem");
        const serial = newSerialNumber();
        const { notBefore, notAfter, outputs } = validityFrom(new Date(), inputs);
        if (inputs["isCaCertificate"] === true && request.subject === "") throw new Error(NO_SUBJECT);
        const names = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
        const authorityKeyId = authority.getExtension<x509.SubjectKeyIdentifierExtension>(SUBJECT_KEY_IDENTIFIER)?.keyId;
        const certificate = await x509.X509CertificateGenerator.create({
            serialNumber: serial.hex,
            subject: request.subjectName,
            issuer: authority.subjectName,
            publicKey: request.publicKey,
            signingKey: keys.privateKey,
            signingAlgorithm: signature,
            notBefore,
            notAfter,
            extensions: [
                ...(await certificateExtensions(inputs, request.publicKey)),
                ...(names ? [names] : []),
                ...(authorityKeyId ? [new x509.AuthorityKeyIdentifierExtension(authorityKeyId)] : []),
            ],
        });
        return {
            id: serial.decimal,
            values: { certPem: pemOf(certificate), caKeyAlgorithm: algorithm, readyForRenewal: false, ...outputs },
        };
    },
};
