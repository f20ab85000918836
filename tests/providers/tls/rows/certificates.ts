/** Keys, certificates and requests. */
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import { contextOf, plain, text } from "../../shared/operations.ts";
import type { Row } from "../../shared/semantics.ts";
import { certificateOf, create, declared, der, key, official, openssl, provider, sha1, urn } from "../support.ts";

const INDENT = /^\s+/gm;

const bits = async (inputs: PropertyMap): Promise<string> =>
    /(\d+) bit|ED25519/.exec(await openssl(["pkey", "-in", "key", "-text", "-noout"], { key: await key(inputs) }))?.[0] ?? "";

const ending = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

const constraints = async (more: PropertyMap): Promise<string> =>
    (
        await openssl(["x509", "-in", "c", "-noout", "-ext", "basicConstraints"], {
            c: await certificateOf({ isCaCertificate: true, ...more }),
        })
    )
        .trim()
        .split("\n")
        .at(-1)
        ?.trim() ?? "";

export const certificateRows: Row[] = [
    {
        behaviour: "PrivateKey: RSA keys have 2048 bits and ECDSA keys are on P224 unless said otherwise",
        source: declared("privateKey", "rsaBits, ecdsaCurve"),
        proof: async () => {
            expect(await bits({ algorithm: "RSA" })).toBe("2048 bit");
            expect(await bits({ algorithm: "RSA", rsaBits: 3072 })).toBe("3072 bit");
            expect(await bits({ algorithm: "ECDSA" })).toBe("224 bit");
            expect(await bits({ algorithm: "ECDSA", ecdsaCurve: "P521" })).toBe("521 bit");
            expect(await bits({ algorithm: "ED25519" })).toBe("ED25519");
        },
    },
    {
        behaviour: "PrivateKey: its id is the SHA-1 of the public key's DER",
        source: official("common_key"),
        proof: async () => {
            const { id, outs } = await create("PrivateKey", { algorithm: "ECDSA", ecdsaCurve: "P384" });
            expect(id).toBe(sha1(der(outs["publicKeyPem"])));
        },
    },
    {
        behaviour: "every type: any changed input but earlyRenewalHours replaces; a refresh leaves keys and certificates as they are",
        source: official("resource_self_signed_cert"),
        proof: async () => {
            const inputs = {
                privateKeyPem: "k",
                validityPeriodHours: 9,
                allowedUses: ["server_auth"],
                earlyRenewalHours: 1,
                dnsNames: ["a"],
            };
            const olds = { inputs, outputs: { ...inputs, validityEndTime: "2999-01-01T00:00:00Z", certPem: "c" } };
            const diff = (news: PropertyMap) => provider.diff("1", urn("SelfSignedCert"), olds, { ...inputs, ...news }, [], contextOf());
            for (const news of [{ privateKeyPem: "l" }, { validityPeriodHours: 8 }, { allowedUses: [] }, { dnsNames: ["a", "b"] }]) {
                expect([news, (await diff(news)).replaces]).toEqual([news, Object.keys(news)]);
            }
            expect(await diff({ earlyRenewalHours: 2 })).toMatchObject({ changes: true, replaces: [] });
            const { props } = await provider.read("1", urn("SelfSignedCert"), olds, contextOf());
            expect(plain(props as PropertyMap)).toEqual({ ...olds.outputs, readyForRenewal: false });
        },
    },
    {
        behaviour:
            "certificates: readyForRenewal becomes true in a refresh within earlyRenewalHours of the end, and replaces; once expired in any case",
        source: declared("selfSignedCert", "earlyRenewalHours"),
        proof: async () => {
            const inputs = { privateKeyPem: "k", validityPeriodHours: 9, allowedUses: [], earlyRenewalHours: 5 };
            for (const [type, hours, due] of [
                ["SelfSignedCert", 6, false],
                ["SelfSignedCert", 4, true],
                ["LocallySignedCert", -1, true],
            ] as const) {
                const olds = { inputs, outputs: { ...inputs, validityEndTime: ending(hours) } };
                const { props } = await provider.read("1", urn(type), olds, contextOf());
                expect([hours, (props as PropertyMap)["readyForRenewal"] ?? false]).toEqual([hours, due]);
                expect((await provider.diff("1", urn(type), olds, inputs, [], contextOf())).replaces).toEqual(
                    due ? ["readyForRenewal"] : [],
                );
            }
        },
    },
    {
        behaviour: "certificates: validityStartTime and validityEndTime are RFC 3339, and those of the certificate",
        source: declared("selfSignedCert", "validityStartTime"),
        differs: {
            official: "`validityStartTime` and `validityEndTime` have fractions of a second and the machine's time zone",
            here: "whole seconds, as in the certificate, and UTC",
        },
        proof: async () => {
            const { outs } = await create("SelfSignedCert", { privateKeyPem: await key(), validityPeriodHours: 2, allowedUses: [] });
            expect(outs["validityEndTime"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
            const dates = await openssl(["x509", "-in", "c", "-noout", "-dates", "-dateopt", "iso_8601"], { c: outs["certPem"] });
            const iso = (name: string): string => text(outs[name]).replace("T", " ");
            expect(dates).toContain(`notBefore=${iso("validityStartTime")}\nnotAfter=${iso("validityEndTime")}`);
        },
    },
    {
        behaviour: "certificates: the subject has its parts in the order of Go's names, and every property is one of them",
        source: official("common_cert"),
        proof: async () => {
            const subject = {
                commonName: "cn", organization: "o", organizationalUnit: "ou", streetAddresses: ["s"], locality: "l",
                province: "st", country: "DE", postalCode: "1", serialNumber: "2", emailAddress: "a@b",
            }; // prettier-ignore
            const found = await openssl(["x509", "-in", "c", "-noout", "-subject", "-nameopt", "RFC2253"], {
                c: await certificateOf({ subject }),
            });
            expect(found.trim()).toBe("subject=emailAddress=a@b,serialNumber=2,CN=cn,postalCode=1,street=s,ST=st,L=l,OU=ou,O=o,C=DE");
        },
    },
    {
        behaviour: "certificates: allowedUses become critical key usages and extended key usages",
        source: declared("selfSignedCert", "allowedUses"),
        proof: async () => {
            const allowedUses = ["digital_signature", "key_encipherment", "server_auth", "client_auth"];
            const found = await openssl(["x509", "-in", "c", "-noout", "-ext", "keyUsage,extendedKeyUsage"], {
                c: await certificateOf({ allowedUses }),
            });
            expect(found.replaceAll(INDENT, "").trim().split("\n")).toEqual(
                [
                    "X509v3 Key Usage: critical",
                    "Digital Signature, Key Encipherment",
                    "X509v3 Extended Key Usage:",
                    "TLS Web Server Authentication, TLS Web Client Authentication",
                ].map((line) => expect.stringContaining(line)),
            );
        },
    },
    {
        behaviour: "certificates: an authority has a subject key identifier and needs a subject; setAuthorityKeyId needs the identifier",
        source: official("common_cert"),
        proof: async () => {
            const ca = await openssl(["x509", "-in", "c", "-noout", "-text"], { c: await certificateOf({ isCaCertificate: true }) });
            expect(ca).toMatch(/Subject Key Identifier: \n\s+[0-9A-F:]{59}/);
            expect(ca).toContain("CA:TRUE");
            expect(await openssl(["x509", "-in", "c", "-noout", "-text"], { c: await certificateOf({}) })).not.toContain("Key Identifier");
            const both = await certificateOf({ setSubjectKeyId: true, setAuthorityKeyId: true });
            expect(await openssl(["x509", "-in", "c", "-noout", "-text"], { c: both })).toContain("Authority Key Identifier");
            await expect(certificateOf({ setAuthorityKeyId: true })).rejects.toThrow(
                "setAuthorityKeyId: the certificate has no subject key identifier",
            );
            await expect(certificateOf({ isCaCertificate: true, subject: {} })).rejects.toThrow(
                "subject: the certificate of an authority needs",
            );
        },
    },
    {
        behaviour: "certificates: maxPathLength is in the basic constraints of an authority; -1 is no limit",
        source: declared("selfSignedCert", "maxPathLength"),
        differs: { official: "`maxPathLength: 0` sets no limit", here: "it does: no further authority may follow" },
        proof: async () => {
            expect(await constraints({})).toBe("CA:TRUE");
            expect(await constraints({ maxPathLength: 3 })).toBe("CA:TRUE, pathlen:3");
            expect(await constraints({ maxPathLength: 0 })).toBe("CA:TRUE, pathlen:0");
        },
    },
    {
        behaviour: "CertRequest: is signed by its key, holds all names, and its id is the SHA-1 of its DER",
        source: official("resource_cert_request"),
        proof: async () => {
            const names = { dnsNames: ["a.test"], ipAddresses: ["10.0.0.1"], uris: ["spiffe://a"] };
            const { id, outs } = await create("CertRequest", { privateKeyPem: await key(), subject: { commonName: "a" }, ...names });
            expect(id).toBe(sha1(der(outs["certRequestPem"])));
            const found = await openssl(["req", "-in", "r", "-noout", "-verify", "-text"], { r: outs["certRequestPem"] });
            expect(found).toContain("verify OK");
            expect(found).toContain("DNS:a.test, IP Address:10.0.0.1, URI:spiffe://a");
        },
    },
    {
        behaviour: "LocallySignedCert: verifies against its authority, whose identifier it names",
        source: official("resource_locally_signed_cert"),
        proof: async () => {
            const caKey = await key({ algorithm: "RSA" });
            const ca = await certificateOf({ privateKeyPem: caKey, isCaCertificate: true, allowedUses: ["cert_signing"] });
            const request = (
                await create("CertRequest", { privateKeyPem: await key({ algorithm: "ED25519" }), subject: { commonName: "b" } })
            ).outs;
            const { outs } = await create("LocallySignedCert", {
                certRequestPem: request["certRequestPem"] ?? null,
                caPrivateKeyPem: caKey,
                caCertPem: ca,
                validityPeriodHours: 1,
                allowedUses: ["server_auth"],
            });
            expect(await openssl(["verify", "-x509_strict", "-CAfile", "ca", "leaf"], { ca, leaf: outs["certPem"] })).toContain("leaf: OK");
            expect(outs).toMatchObject({ caKeyAlgorithm: "RSA", readyForRenewal: false });
        },
    },
    {
        behaviour: "certificates are signed with RSA, ECDSA and Ed25519 keys",
        source: declared("selfSignedCert", "keyAlgorithm"),
        differs: { official: "keys on P224 sign certificates", here: "they are refused: use P256, P384 or P521" },
        proof: async () => {
            for (const inputs of [{ algorithm: "RSA" }, { algorithm: "ECDSA", ecdsaCurve: "P384" }, { algorithm: "ED25519" }]) {
                const c = await certificateOf({ privateKeyPem: await key(inputs) });
                expect(await openssl(["verify", "-check_ss_sig", "-CAfile", "c", "c"], { c })).toContain("c: OK");
            }
            await expect(certificateOf({ privateKeyPem: await key({ algorithm: "ECDSA" }) })).rejects.toThrow(
                "ECDSA on P256, P384 or P521",
            );
        },
    },
    {
        behaviour: "keys can be given as write-only values",
        source: declared("selfSignedCert", "privateKeyPemWo"),
        differs: {
            official: "`privateKeyPemWo` and `caPrivateKeyPemWo` take keys that are not stored",
            here: "refused by name: give the key as a secret",
        },
        proof: async () => {
            const { failures } = await provider.check(
                urn("CertRequest"),
                undefined,
                { privateKeyPem: "x", privateKeyPemWo: "y" },
                contextOf(),
            );
            expect(failures).toMatchObject([{ property: "privateKeyPemWo" }]);
        },
    },
];
