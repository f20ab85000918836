import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../embedded/common/process.ts";
import { Secret, type PropertyMap } from "../../../embedded/engine/values.ts";
import { tlsProvider } from "../../../embedded/providers/tls/index.ts";
import { contextOf, plain, text, urnOf } from "../shared/operations.ts";

const provider = tlsProvider();
const privateKey = urnOf("tls:index/privateKey:PrivateKey");
const selfSigned = urnOf("tls:index/selfSignedCert:SelfSignedCert");
const request = urnOf("tls:index/certRequest:CertRequest");
const locallySigned = urnOf("tls:index/locallySignedCert:LocallySignedCert");

async function create(urn: string, inputs: PropertyMap) {
    const { failures } = await provider.check(urn, undefined, inputs, contextOf());
    expect(failures).toEqual([]);
    return provider.create(urn, inputs, contextOf());
}

const algorithms: [string, PropertyMap, string, string][] = [
    ["RSA", { algorithm: "RSA", rsaBits: 2048 }, "RSA PRIVATE KEY", "ssh-rsa"],
    ["ECDSA P256", { algorithm: "ECDSA", ecdsaCurve: "P256" }, "EC PRIVATE KEY", "ecdsa-sha2-nistp256"],
    ["ECDSA P384", { algorithm: "ECDSA", ecdsaCurve: "P384" }, "EC PRIVATE KEY", "ecdsa-sha2-nistp384"],
    ["ECDSA P521", { algorithm: "ECDSA", ecdsaCurve: "P521" }, "EC PRIVATE KEY", "ecdsa-sha2-nistp521"],
    ["ED25519", { algorithm: "ED25519" }, "PRIVATE KEY", "ssh-ed25519"],
];

const jwk = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" });

describe("PrivateKey", () => {
    test.each(algorithms)("%s: all formats hold the same key, and the private ones are secret", async (_name, inputs, label, sshName) => {
        const { outs } = await create(privateKey, inputs);
        for (const name of ["privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"]) expect(outs[name]).toBeInstanceOf(Secret);
        expect(text(outs.privateKeyPem)).toMatch(new RegExp(`^-----BEGIN ${label}-----\\n`));
        const key = createPrivateKey(text(outs.privateKeyPem));
        expect(jwk(createPrivateKey(text(outs.privateKeyPemPkcs8)))).toEqual(jwk(key));
        expect(createPublicKey(text(outs.publicKeyPem)).export({ format: "jwk" })).toEqual(jwk(key));
        expect(text(outs.publicKeyOpenssh)).toMatch(new RegExp(`^${sshName} [A-Za-z0-9+/=]+\\n$`));
        expect(text(outs.publicKeyFingerprintMd5)).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
        expect(text(outs.publicKeyFingerprintSha256)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    });

    test("ssh-keygen, where it is installed, reads the OpenSSH key and finds the same public key and fingerprint", async () => {
        const found = await run("ssh-keygen", ["-?"]).catch(() => undefined);
        if (!found) return console.log("skipped: ssh-keygen is not installed");
        const folder = await mkdtemp(join(tmpdir(), "tls-"));
        try {
            for (const [, inputs] of algorithms) {
                const { outs } = await create(privateKey, inputs);
                const file = join(folder, "key");
                await writeFile(file, text(outs.privateKeyOpenssh), { mode: 0o600 });
                expect((await run("ssh-keygen", ["-y", "-f", file])).stdout.trim()).toBe(text(outs.publicKeyOpenssh).trim());
                expect((await run("ssh-keygen", ["-l", "-f", file])).stdout).toContain(text(outs.publicKeyFingerprintSha256));
            }
        } finally {
            await rm(folder, { recursive: true });
        }
    });

    test("leaves the OpenSSH formats empty for P224, which is the default curve", async () => {
        const { outs } = await create(privateKey, { algorithm: "ECDSA" });
        expect(outs).toMatchObject({ ecdsaCurve: "P224", publicKeyOpenssh: "", publicKeyFingerprintSha256: "" });
    });

    test.each([
        [{ algorithm: "DSA" }, "algorithm"],
        [{ algorithm: "ECDSA", ecdsaCurve: "P123" }, "ecdsaCurve"],
        [{ algorithm: "RSA", rsaBits: 100 }, "rsaBits"],
    ])("refuses %j", async (inputs, property) => {
        expect((await provider.check(privateKey, undefined, inputs, contextOf())).failures).toEqual([
            { property, reason: expect.any(String) },
        ]);
    });
});

async function authority(keyInputs: PropertyMap) {
    const key = text((await create(privateKey, keyInputs)).outs.privateKeyPem);
    const { id, outs } = await create(selfSigned, {
        privateKeyPem: key,
        subject: { commonName: "Test authority", organization: "Tests", country: "DE" },
        isCaCertificate: true,
        validityPeriodHours: 48,
        allowedUses: ["cert_signing", "crlSigning"],
    });
    return { key, id, outs, certificate: new X509Certificate(text(outs.certPem)) };
}

describe("certificates", () => {
    test.each(algorithms.map(([name, inputs]) => [name, inputs] as const))(
        "%s: a request signed by an authority makes a certificate that verifies",
        async (_name, inputs) => {
            const ca = await authority(inputs);
            expect(ca.certificate.ca).toBe(true);
            expect(ca.certificate.verify(ca.certificate.publicKey)).toBe(true);
            expect(ca.certificate.subject.split("\n")).toEqual(["C=DE", "O=Tests", "CN=Test authority"]);
            expect(BigInt(`0x${ca.certificate.serialNumber}`).toString()).toBe(ca.id);

            const key = text((await create(privateKey, inputs)).outs.privateKeyPem);
            const { outs: requested } = await create(request, {
                privateKeyPem: key,
                subject: { commonName: "mcp.localhost" },
                dnsNames: ["mcp.localhost", "registry.localhost"],
                ipAddresses: ["127.0.0.1", "::1"],
                uris: ["spiffe://localhost/edge"],
            });
            const { outs } = await create(locallySigned, {
                certRequestPem: text(requested.certRequestPem),
                caPrivateKeyPem: ca.key,
                caCertPem: text(ca.outs.certPem),
                validityPeriodHours: 24,
                allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
            });
            const certificate = new X509Certificate(text(outs.certPem));
            expect(certificate.verify(ca.certificate.publicKey)).toBe(true);
            expect(certificate.checkIssued(ca.certificate)).toBe(true);
            expect(certificate.ca).toBe(false);
            expect(certificate.subjectAltName?.split(", ")).toEqual([
                "DNS:mcp.localhost",
                "DNS:registry.localhost",
                "IP Address:127.0.0.1",
                "IP Address:0:0:0:0:0:0:0:1",
                "URI:spiffe://localhost/edge",
            ]);
            expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
            expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
            expect(new Date(certificate.validTo).toISOString()).toBe(new Date(text(outs.validityEndTime)).toISOString());
            expect(Date.parse(text(outs.validityEndTime)) - Date.parse(text(outs.validityStartTime))).toBe(24 * 3_600_000);
            expect(outs.caPrivateKeyPem).toBeInstanceOf(Secret);
        },
    );

    test("refuses unknown uses, bad addresses and unknown names at once", async () => {
        const { failures } = await provider.check(
            selfSigned,
            undefined,
            {
                privateKeyPem: "x",
                validityPeriodHours: -1,
                allowedUses: ["server_auth", "fly"],
                ipAddresses: ["localhost"],
                subject: { cn: "x" },
            },
            contextOf(),
        );
        expect(failures?.map(({ property }) => property)).toEqual(["subject.cn", "ipAddresses", "allowedUses[1]", "validityPeriodHours"]);
    });

    test("an unreadable key is named by its property and not shown", async () => {
        const inputs = { privateKeyPem: "hunter2-hunter2", validityPeriodHours: 1, allowedUses: [] };
        const failure = provider.create(selfSigned, inputs, contextOf());
        await expect(failure).rejects.toThrow("privateKeyPem: not a private key in PEM");
        await expect(failure).rejects.not.toThrow("hunter2");
    });

    test("refuses write-only keys by name", async () => {
        const { failures } = await provider.check(request, undefined, { privateKeyPem: "x", privateKeyPemWo: "y" }, contextOf());
        expect(failures).toEqual([
            { property: "privateKeyPemWo", reason: expect.stringContaining("not supported by the embedded engine") },
        ]);
    });
});

describe("renewal", () => {
    const inputs = { privateKeyPem: "k", validityPeriodHours: 100, earlyRenewalHours: 10, allowedUses: ["server_auth"] };
    const outputsEnding = (hours: number): PropertyMap => ({
        ...inputs,
        validityEndTime: new Date(Date.now() + hours * 3_600_000).toISOString(),
    });
    const diff = (outputs: PropertyMap, news: PropertyMap = inputs) =>
        provider.diff("1", selfSigned, { inputs, outputs }, news, [], contextOf());

    test("a certificate is replaced within its early renewal period, and not before", async () => {
        expect(await diff(outputsEnding(11))).toEqual({ changes: false, replaces: [], detailedDiff: {} });
        expect(await diff(outputsEnding(9))).toEqual({
            changes: true,
            replaces: ["readyForRenewal"],
            detailedDiff: { readyForRenewal: "update-replace" },
        });
    });

    test("a changed renewal period updates in place; any other change replaces", async () => {
        expect(await diff(outputsEnding(90), { ...inputs, earlyRenewalHours: 20 })).toEqual({
            changes: true,
            replaces: [],
            detailedDiff: { earlyRenewalHours: "update" },
        });
        expect(await diff(outputsEnding(90), { ...inputs, validityPeriodHours: 200 })).toMatchObject({ replaces: ["validityPeriodHours"] });
        const updated = await provider.update(
            "1",
            selfSigned,
            { inputs, outputs: outputsEnding(90) },
            { ...inputs, earlyRenewalHours: 95 },
            [],
            contextOf(),
        );
        expect(plain(updated.outs)).toMatchObject({ earlyRenewalHours: 95, readyForRenewal: true });
    });

    test("refresh says when a certificate is due", async () => {
        const read = await provider.read("1", selfSigned, { inputs, outputs: outputsEnding(-1) }, contextOf());
        expect(read).toMatchObject({ id: "1", props: { readyForRenewal: true } });
    });
});
