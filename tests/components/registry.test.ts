import { beforeAll, describe, expect, test } from "@jest/globals";
import { X509Certificate } from "node:crypto";
import { INTERNAL_SECRET } from "../../components/certificates/hosts.ts";
import { isSecret, nameOf, reveal, type ProgramRun, type Properties } from "../program/run.ts";
import { HOST, named, resourcesOf, runRegistry } from "./registry-program.ts";

const at = (value: unknown, ...path: (string | number)[]): unknown =>
    path.reduce<unknown>((inner, part) => (inner as Properties | undefined)?.[part], reveal(value));

const containerOf = (run: ProgramRun) =>
    at(named(run, "registry-deployment").inputs, "spec", "template", "spec", "containers", 0) as Properties;

const configurationOf = (run: ProgramRun) =>
    JSON.parse(String(at(named(run, "registry-configuration").inputs, "data", "config.yml"))) as Record<string, Properties>;

/** What the pod restarts with. */
const version = (run: ProgramRun) =>
    at(named(run, "registry-deployment").inputs, "spec", "template", "metadata", "annotations", "mcpruntime.org/configuration");

const PLAIN = [
    "ConfigMap registry-configuration",
    "Deployment registry-deployment",
    "PersistentVolumeClaim registry-storage",
    "RandomPassword registry-http-secret",
    "RandomPassword registry-pull-password",
    "RandomPassword registry-push-password",
    "Secret registry-pull",
    "Secret registry-users",
    "Service registry-service",
    "ServiceAccount registry-account",
];
const SECURED = [
    "CertRequest registry-tls-request",
    "LocallySignedCert registry-tls-certificate",
    "PrivateKey registry-tls-authority-key",
    "PrivateKey registry-tls-key",
    "Secret registry-tls-authority-secret",
    "Secret registry-tls-secret",
    "SelfSignedCert registry-tls-authority",
];
const ROUTE = ["Ingress registry-route-ingress", "ServersTransport registry-route-transport"];

describe("what each mode makes", () => {
    const NODE = { mode: "hostPath", path: "/srv/mcp/", node: "mcp-worker-1" } as const;
    test.each([
        ["bundled-http", { mode: "bundled-http" }, PLAIN],
        ["bundled-https", { mode: "bundled-https" }, [...PLAIN, ...SECURED]],
        ["bundled-https behind Traefik", { mode: "bundled-https", route: "traefik" }, [...PLAIN, ...SECURED, ...ROUTE]],
        [
            "bundled-https behind a controller of others",
            { mode: "bundled-https", route: "other" },
            [...PLAIN, ...SECURED, "Ingress registry-route-ingress"],
        ],
        ["images in a folder of a node", { mode: "bundled-http", place: NODE }, [...PLAIN, "PersistentVolume registry-volume"]],
        ["external", { mode: "external" }, ["Secret registry-pull"]],
    ] as const)("%s", async (_name, choices, resources) => {
        expect(resourcesOf(await runRegistry(choices))).toEqual(resources.toSorted());
    });
});

describe("bundled-https", () => {
    let run: ProgramRun;
    let plain: ProgramRun;
    beforeAll(async () => {
        run = await runRegistry({ mode: "bundled-https", route: "traefik", annotations: { a: "b" }, protect: true }, "certificates");
        plain = await runRegistry({ mode: "bundled-http" });
    });
    const pem = (name: string, key: string) => String(at(named(run, name).inputs, "stringData", key));

    test("the pod's certificate names everything by which it is reached, and is signed by the authority that is given out", () => {
        const certificate = new X509Certificate(pem("registry-tls-secret", "tls.crt"));
        const authority = new X509Certificate(String(reveal(run.outputs["authority"])));
        expect(certificate.verify(authority.publicKey)).toBe(true);
        expect([authority.ca, certificate.ca]).toEqual([true, false]);
        expect(certificate.subjectAltName?.split(", ")).toEqual([
            "DNS:registry",
            "DNS:registry.registry",
            "DNS:registry.registry.svc",
            "DNS:registry.registry.svc.cluster.local",
            "DNS:localhost",
            "DNS:registry.local",
            `DNS:${HOST}`,
            "IP Address:127.0.0.1",
        ]);
        expect(pem("registry-tls-authority-secret", "ca.crt")).toBe(authority.toString());
    });

    test("authority and certificate are made anew a month before their end", () => {
        const months = ["registry-tls-authority", "registry-tls-certificate"].map((name) => {
            const { validityPeriodHours, earlyRenewalHours } = named(run, name).inputs;
            return [Number(validityPeriodHours) / 24, Number(earlyRenewalHours) / 24];
        });
        expect(months).toEqual([
            [3650, 30],
            [365, 30],
        ]);
    });

    test("the key is a secret wherever it goes", () => {
        const key = pem("registry-tls-secret", "tls.key");
        expect(key).toContain("PRIVATE KEY");
        const hidden = (value: unknown): string =>
            isSecret(value)
                ? ""
                : typeof value === "object" && value !== null
                  ? Object.values(value).map(hidden).join("\n")
                  : String(value);
        for (const { inputs } of run.resources) expect(hidden(inputs)).not.toContain(key.split("\n")[1]);
    });

    test("the pod serves it, is asked over TLS, and restarts with another certificate", async () => {
        expect(configurationOf(run)["http"]?.["tls"]).toEqual({
            certificate: "/etc/registry-certificate/tls.crt",
            key: "/etc/registry-certificate/tls.key",
            minimumtls: "tls1.2",
        });
        expect(configurationOf(plain)["http"]).not.toHaveProperty("tls");
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
            expect(at(containerOf(run)[probe], "httpGet")).toEqual({ port: "registry", path: "/", scheme: "HTTPS" });
            expect(at(containerOf(plain)[probe], "httpGet")).toEqual({ port: "registry", path: "/" });
        }
        const other = await runRegistry({ mode: "bundled-https" }, "certificates");
        expect(configurationOf(other)).toEqual(configurationOf(run));
        expect(new Set([version(run), version(other), version(plain)]).size).toBe(3);
    });

    test("Traefik speaks TLS to the Service, by the name and authority that the certificate has", () => {
        const { metadata, spec } = reveal(named(run, "registry-service").inputs) as { metadata: Properties; spec: Properties };
        expect(metadata["annotations"]).toEqual({
            "traefik.ingress.kubernetes.io/service.serversscheme": "https",
            "traefik.ingress.kubernetes.io/service.serverstransport": "registry-registry@kubernetescrd",
        });
        expect(spec).toMatchObject({ type: "NodePort", ports: [{ name: "registry", port: 5000, nodePort: 32000 }] });
        expect(at(named(plain, "registry-service").inputs, "metadata")).not.toHaveProperty("annotations");
        const transport = reveal(named(run, "registry-route-transport").inputs) as Properties;
        expect(transport["metadata"]).toMatchObject({ name: "registry", namespace: "registry" });
        expect(transport["spec"]).toEqual({ serverName: "registry.registry.svc", rootCAs: [{ secret: "registry-authority" }] });
    });

    test("the public host leads to it with the certificate of the platform's hosts, after its transport is there", () => {
        const { inputs, dependencies } = named(run, "registry-route-ingress");
        expect(at(inputs, "metadata", "annotations")).toEqual({ a: "b" });
        expect(at(inputs, "spec")).toEqual({
            ingressClassName: "traefik",
            rules: [
                {
                    host: HOST,
                    http: {
                        paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "registry", port: { name: "registry" } } } }],
                    },
                },
            ],
            tls: [{ hosts: [HOST], secretName: INTERNAL_SECRET }],
        });
        expect(dependencies.map(nameOf)).toContain("registry-route-transport");
    });

    test("a preview knows everything but what is made", async () => {
        const preview = await runRegistry({ mode: "bundled-https", route: "traefik" }, "preview");
        expect(resourcesOf(preview)).toEqual(resourcesOf(run));
    });
});

describe("volumes", () => {
    test.each([
        [{ mode: "class" } as const, undefined],
        [{ mode: "class", class: "local-path" } as const, "local-path"],
    ])("%j are made by a StorageClass", async (place, storageClassName) => {
        const spec = at(named(await runRegistry({ mode: "bundled-http", place }), "registry-storage").inputs, "spec") as Properties;
        expect(spec["storageClassName"]).toBe(storageClassName);
        expect(spec).not.toHaveProperty("volumeName");
    });

    test("one in a folder of a node is for its claim alone, and the claim for it", async () => {
        const place = { mode: "hostPath", path: "/srv/mcp/", node: "mcp-worker-1" } as const;
        const run = await runRegistry({ mode: "bundled-http", place });
        expect(at(named(run, "registry-volume").inputs, "spec")).toEqual({
            accessModes: ["ReadWriteOnce"],
            capacity: { storage: "20Gi" },
            storageClassName: "",
            persistentVolumeReclaimPolicy: "Retain",
            claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "registry", namespace: "registry" },
            local: { path: "/srv/mcp/registry" },
            nodeAffinity: {
                required: {
                    nodeSelectorTerms: [
                        { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["mcp-worker-1"] }] },
                    ],
                },
            },
        });
        expect(at(named(run, "registry-storage").inputs, "spec")).toMatchObject({
            storageClassName: "",
            volumeName: "mcp-platform-registry",
        });
    });
});

describe("a registry of others", () => {
    test("is known to pods by a pull secret that is good for it alone, and whose password stays a secret", async () => {
        const { inputs } = named(await runRegistry({ mode: "external" }), "registry-pull");
        expect(isSecret(inputs["stringData"])).toBe(true);
        const { auths } = JSON.parse(String(at(inputs, "stringData", ".dockerconfigjson"))) as { auths: Properties };
        const auth = Buffer.from("robot:a-password-from-settings").toString("base64");
        expect(auths).toEqual({ [`${HOST}/team`]: { username: "robot", password: "a-password-from-settings", auth } });
    });
});
