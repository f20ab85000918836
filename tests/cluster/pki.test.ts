import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificatesFor, ensurePki, isCurrent, type CertificateRequest } from "../../embedded/cluster/pki.ts";
import { kubeconfigFor } from "../../embedded/cluster/kubeconfig.ts";
import { planCluster } from "../../embedded/cluster/plan.ts";

const requests = certificatesFor(planCluster({ stateDir: "/s", nodes: 2, apiPort: 6443, publish: [] }, "nodes"));
const DAY = 86_400_000;
let folder = "";
const text = (name: string): string => readFileSync(join(folder, name), "utf8");
const contents = (): Record<string, string> => Object.fromEntries(readdirSync(folder).map((name) => [name, text(name)]));
const changed = (before: Record<string, string>): string[] =>
    Object.entries(contents())
        .filter(([name, now]) => before[name] !== now)
        .map(([name]) => name)
        .toSorted();

beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pki-"));
    await ensurePki(folder, requests);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the cluster's certificates", () => {
    it("are all there, each signed by its authority and with its own key", () => {
        for (const request of requests) {
            const certificate = new X509Certificate(text(`${request.name}.crt`));
            const authority = new X509Certificate(text(`${request.authority}.crt`));
            expect(certificate.verify(authority.publicKey)).toBe(true);
            expect(certificate.checkIssued(authority)).toBe(true);
            expect(certificate.checkPrivateKey(createPrivateKey(text(`${request.name}.key`)))).toBe(true);
            expect(certificate.subject).toContain(`CN=${request.commonName}`);
            expect(certificate.ca).toBe(false);
        }
        expect(new X509Certificate(text("ca.crt")).ca).toBe(true);
    });

    it("give the API server every name and address it is reached by", () => {
        const certificate = new X509Certificate(text("apiserver.crt"));
        for (const name of ["localhost", "kubernetes.default.svc"]) expect(certificate.checkHost(name)).toBe(name);
        for (const ip of ["127.0.0.1", "10.96.0.1", "10.200.0.1"]) expect(certificate.checkIP(ip)).toBe(ip);
        expect(certificate.checkIP("10.200.0.11")).toBeUndefined();
    });

    it("make a node a member of system:nodes, and nobody but administrators a member of system:masters", () => {
        expect(new X509Certificate(text("node-2.crt")).subject.split("\n")).toEqual(["O=system:nodes", "CN=system:node:node-2"]);
        const masters = requests.filter((request) => new X509Certificate(text(`${request.name}.crt`)).subject.includes("system:masters"));
        expect(masters.map((request) => request.name)).toEqual(["admin", "supervisor", "apiserver-kubelet"]);
    });

    it("are readable for their owner only", () => {
        expect(readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & 0o777) !== 0o600)).toEqual([]);
    });

    it("are left alone by the next start", async () => {
        const before = contents();
        expect(await ensurePki(folder, requests)).toBe(false);
        expect(changed(before)).toEqual([]);
    });

    it("come with the service account's public key again when a start was killed before writing it", async () => {
        const before = contents();
        rmSync(join(folder, "sa.pub"));
        await ensurePki(folder, requests);
        expect(text("sa.pub")).toBe(before["sa.pub"]);
        expect(changed(before)).toEqual([]);
    });

    it("are issued again a month before they end, but never the authorities or the service account key", async () => {
        const before = contents();
        await ensurePki(folder, requests, new Date(Date.now() + 340 * DAY));
        expect(changed(before)).toEqual(requests.flatMap((request) => [`${request.name}.crt`, `${request.name}.key`]).toSorted());
    });

    it("are issued again when a name is added, and only those", async () => {
        const before = contents();
        const more = requests.map((r): CertificateRequest => (r.name === "apiserver" ? { ...r, dns: [...r.dns, "other"] } : r));
        await ensurePki(folder, more);
        expect(changed(before)).toEqual(["apiserver.crt", "apiserver.key"]);
    });

    it("do not count when another authority signed them, when they are damaged, or when the key beside them is another's", () => {
        const admin = requests.find((request) => request.name === "admin");
        if (!admin) throw new Error("no admin");
        const pair = { certificate: text("admin.crt"), key: text("admin.key") };
        expect(isCurrent(pair, text("ca.crt"), admin, new Date())).toBe(true);
        expect(isCurrent(pair, text("etcd-ca.crt"), admin, new Date())).toBe(false);
        expect(isCurrent({ ...pair, certificate: "-----BEGIN CERTIFICATE-----\nAAAA" }, text("ca.crt"), admin, new Date())).toBe(false);
        expect(isCurrent({ ...pair, key: text("scheduler.key") }, text("ca.crt"), admin, new Date())).toBe(false);
        expect(isCurrent({ ...pair, key: "-----BEGIN PRIVATE KEY-----\nAAAA" }, text("ca.crt"), admin, new Date())).toBe(false);
    });

    it("are embedded in kubeconfigs, so that these work wherever they are copied", () => {
        const config = kubeconfigFor(folder, "admin", "https://127.0.0.1:6443");
        const data = [...config.matchAll(/-data: (\S+)/g)].map((match) => Buffer.from(match[1] ?? "", "base64").toString());
        expect(data).toEqual([text("ca.crt"), text("admin.crt"), text("admin.key")]);
        expect(config).toContain("current-context: embedded");
    });
});
