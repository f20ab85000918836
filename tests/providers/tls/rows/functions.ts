/** The functions. */
import { createServer, type TlsOptions } from "node:tls";
import { Secret, type PropertyMap } from "../../../../embedded/engine/values.ts";
import { contextOf, text } from "../../shared/operations.ts";
import type { Row } from "../../shared/semantics.ts";
import { call, certificateOf, create, declared, der, key, openssl, provider, sha1 } from "../support.ts";

const reason = async (args: PropertyMap): Promise<unknown> =>
    ((await call("getCertificate", args)).failures as { reason: string }[])[0]?.reason;

async function serving(options: TlsOptions, work: (port: number) => Promise<void>): Promise<void> {
    const server = createServer(options);
    server.on("tlsClientError", () => {}); // a client that does not trust us
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
        await work((server.address() as { port: number }).port);
    } finally {
        await new Promise((resolve) => server.close(resolve));
    }
}

export const functionRows: Row[] = [
    {
        behaviour: "getPublicKey: reads keys in PEM and in OpenSSH's format, of every algorithm",
        source: declared("getPublicKey", "GetPublicKeyArgs"),
        proof: async () => {
            for (const inputs of [
                { algorithm: "RSA" },
                { algorithm: "ECDSA", ecdsaCurve: "P256" },
                { algorithm: "ED25519" },
                { algorithm: "ECDSA" },
            ]) {
                const { id, outs } = await create("PrivateKey", inputs);
                const wanted = Object.fromEntries(Object.entries(outs).filter(([name]) => name.startsWith("publicKey")));
                const { privateKeyPem = null, privateKeyPemPkcs8 = null, privateKeyOpenssh = null } = outs;
                const { outputs } = await call("getPublicKey", { privateKeyPem });
                expect(outputs).toEqual({ ...wanted, id, algorithm: inputs.algorithm, privateKeyPem });
                expect((await call("getPublicKey", { privateKeyPem: privateKeyPemPkcs8 })).outputs).toMatchObject(wanted);
                if (privateKeyOpenssh !== "") {
                    expect((await call("getPublicKey", { privateKeyOpenssh })).outputs).toMatchObject({ ...wanted, id });
                }
            }
        },
    },
    {
        behaviour: "getPublicKey: takes one of its arguments, and the key stays a secret",
        source: declared("getPublicKey", "privateKeyPem"),
        proof: async () => {
            const one = [{ property: "privateKeyPem", reason: "give exactly one of privateKeyPem and privateKeyOpenssh" }];
            expect((await call("getPublicKey", {})).failures).toEqual(one);
            expect((await call("getPublicKey", { privateKeyPem: "a", privateKeyOpenssh: "b" })).failures).toEqual(one);
            const bad = [{ property: "privateKeyOpenssh", reason: "not a private key in OpenSSH's format, without a passphrase" }];
            expect((await call("getPublicKey", { privateKeyOpenssh: "hunter2" })).failures).toEqual(bad);
            const { outputs } =
                (await provider.invoke?.("tls:index/getPublicKey:getPublicKey", { privateKeyPem: await key() }, contextOf())) ?? {};
            expect((outputs as PropertyMap)["privateKeyPem"]).toBeInstanceOf(Secret);
        },
    },
    {
        behaviour: "getCertificate: says what is in a certificate",
        source: declared("getCertificate", "GetCertificateResult"),
        proof: async () => {
            const content = await certificateOf({
                isCaCertificate: true,
                maxPathLength: 2,
                subject: { commonName: "a,b", organization: "o" },
            });
            const { outputs } = await call("getCertificate", { content });
            const serial = /serial=([0-9A-F]+)/.exec(await openssl(["x509", "-in", "c", "-noout", "-serial"], { c: content }))?.[1] ?? "";
            expect(outputs).toMatchObject({ content, verifyChain: true, id: expect.stringMatching(/^[0-9a-f]{40}$/) });
            expect(outputs["certificates"]).toEqual([
                {
                    signatureAlgorithm: "ECDSA-SHA256",
                    publicKeyAlgorithm: "ECDSA",
                    serialNumber: BigInt(`0x${serial}`).toString(),
                    isCa: true,
                    maxPathLength: 2,
                    version: 3,
                    issuer: String.raw`CN=a\,b,O=o`,
                    subject: String.raw`CN=a\,b,O=o`,
                    notBefore: expect.stringMatching(/Z$/),
                    notAfter: expect.stringMatching(/Z$/),
                    sha1Fingerprint: sha1(der(content)),
                    certPem: content,
                },
            ]);
            const rsa = await certificateOf({ privateKeyPem: await key({ algorithm: "RSA" }) });
            expect((await call("getCertificate", { content: rsa })).outputs["certificates"]).toMatchObject([
                { signatureAlgorithm: "SHA256-RSA", publicKeyAlgorithm: "RSA", isCa: false },
            ]);
        },
    },
    {
        behaviour: "getCertificate: fetches the certificates of a host, the last of the chain first, and verifies them unless told not to",
        source: declared("getCertificate", "url, verifyChain"),
        differs: {
            official: "`getCertificate` of an https URL sends a request, follows redirects and uses a proxy",
            here: "it only connects, to the host that the URL names; `proxy` of the provider is refused",
        },
        proof: async () => {
            const caKey = await key();
            const ca = await certificateOf({ privateKeyPem: caKey, isCaCertificate: true, allowedUses: ["cert_signing"] });
            const leafKey = await key();
            const request = (await create("CertRequest", { privateKeyPem: leafKey, subject: { commonName: "leaf" } })).outs;
            const signed = { certRequestPem: request["certRequestPem"] ?? null, caPrivateKeyPem: caKey, caCertPem: ca };
            const { outs } = await create("LocallySignedCert", { ...signed, validityPeriodHours: 1, allowedUses: ["server_auth"] });
            await serving({ key: leafKey, cert: text(outs["certPem"]) + ca }, async (port) => {
                for (const scheme of ["tls", "https"]) {
                    const url = `${scheme}://127.0.0.1:${port}`;
                    const { outputs } = await call("getCertificate", { url, verifyChain: false });
                    expect(outputs).toMatchObject({
                        url,
                        verifyChain: false,
                        certificates: [{ subject: "CN=localhost" }, { subject: "CN=leaf" }],
                    });
                    expect((await call("getCertificate", { url })).failures).toEqual([
                        { property: "url", reason: expect.stringContaining(`the certificates of 127.0.0.1:${port} cannot be fetched: `) },
                    ]);
                }
            });
            const { failures } = await provider.checkConfig("", {}, { proxy: { url: "http://p" } });
            expect(failures).toMatchObject([{ property: "proxy" }]);
        },
    },
    {
        behaviour: "getCertificate: refuses what is no certificate, other schemes, and arguments that exclude each other",
        source: declared("getCertificate", "GetCertificateArgs"),
        proof: async () => {
            expect(await reason({})).toBe("give exactly one of url and content");
            expect(await reason({ content: "x" })).toBe("not a certificate in PEM");
            expect(await reason({ content: await key() })).toBe('expected a certificate, found "EC PRIVATE KEY"');
            expect(await reason({ content: "x", verifyChain: true })).toBe("cannot be used with content");
            expect(await reason({ url: "http://a" })).toBe("expected https:// or tls://, found http://");
            expect(await reason({ url: "tls://a" })).toBe("the port is missing in tls://a");
            expect(await reason({ url: "a" })).toBe('"a" is not a URL');
        },
    },
];
