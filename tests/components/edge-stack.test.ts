import { beforeAll, describe, expect, test } from "@jest/globals";
import { isSecret, nameOf, reveal, type ProgramRun, type Properties } from "../program/run.ts";
import { edgeProgram, PRODUCTION, runEdge, type EdgeChoices } from "./edge-program.ts";

const at = (value: unknown, ...path: (string | number)[]): unknown =>
    path.reduce<unknown>((inner, part) => (inner as Properties | undefined)?.[part], reveal(value));

/** Type and name of every resource below components of a type, definitions left out. */
function childrenOf({ resources }: ProgramRun, type: string): string[] {
    return resources
        .filter(({ parent, type: own }) => parent.includes(`${type}::`) && !own.endsWith(":CustomResourceDefinition"))
        .map((child) => `${child.type.split(":").at(-1)?.replace(/^.*\//, "")} ${child.name}`)
        .toSorted();
}

function named({ resources }: ProgramRun, name: string) {
    const [found, ...more] = resources.filter((resource) => resource.name === name);
    if (!found || more.length) throw new Error(`${more.length + (found ? 1 : 0)} resources are called ${name}`);
    return found;
}

const needs = (run: ProgramRun, name: string) => named(run, name).dependencies.map(nameOf);

const EDGE = [
    "ClusterRole edge-cluster-role",
    "ClusterRoleBinding edge-cluster-binding",
    "Deployment edge-deployment",
    "IngressClass edge-class",
    "Role edge-role-mcp-runtime",
    "RoleBinding edge-binding-mcp-runtime",
    "Service edge-service",
    "ServiceAccount edge-account",
];
const rights = (part: string, ...namespaces: string[]) => [
    `ClusterRole cert-manager-${part}-cluster-role`,
    `ClusterRoleBinding cert-manager-${part}-cluster-binding`,
    `Deployment cert-manager-${part}-deployment`,
    `ServiceAccount cert-manager-${part}-account`,
    ...namespaces.flatMap((name) => [`Role cert-manager-${part}-role-${name}`, `RoleBinding cert-manager-${part}-binding-${name}`]),
];

describe("production with two ingress nodes, a proxy and Let's Encrypt", () => {
    let run: ProgramRun;
    beforeAll(async () => {
        run = await runEdge(PRODUCTION);
    });

    test.each([
        [
            "Edge",
            [
                ...EDGE,
                ...["registry", "traefik"].flatMap((name) => [`Role edge-role-${name}`, `RoleBinding edge-binding-${name}`]),
                "PodDisruptionBudget edge-disruption-budget",
            ],
        ],
        ["RouteMiddlewares", ["Middleware routes-https-redirect", "Middleware routes-strict-transport"]],
        [
            "CertManager",
            [
                ...rights("controller", "own", "mcp-runtime", "registry"),
                ...rights("cainjector", "own"),
                ...rights("webhook", "own"),
                "MutatingWebhookConfiguration cert-manager-mutation",
                "Service cert-manager-webhook-service",
                "ValidatingWebhookConfiguration cert-manager-validation",
            ],
        ],
        ["AcmeIssuer", ["ClusterIssuer acme-issuer"]],
        ["PlatformCertificates", ["mcp", "platform", "registry"].map((host) => `Certificate certificates-${host}`)],
    ])("%s has exactly these children", (type, children) => {
        expect(childrenOf(run, type)).toEqual(children.toSorted());
    });

    test("every definition is registered by itself, awaited, and under the name of its project", () => {
        const definitions = run.resources.filter(({ type }) => type.endsWith(":CustomResourceDefinition"));
        expect(
            definitions
                .map(({ name }) => name)
                .filter((name) => !name.endsWith("traefik.io"))
                .toSorted(),
        ).toEqual([
            "certificaterequests.cert-manager.io",
            "certificates.cert-manager.io",
            "challenges.acme.cert-manager.io",
            "clusterissuers.cert-manager.io",
            "issuers.cert-manager.io",
            "orders.acme.cert-manager.io",
        ]);
        expect(definitions).toHaveLength(16);
        for (const { name, inputs } of definitions) {
            expect(at(inputs, "metadata", "name")).toBe(name);
            expect(at(inputs, "metadata", "annotations", "pulumi.com/waitFor")).toBe("condition=Established");
        }
    });

    test("each step waits for the one before: definitions, controllers, webhook, issuer, certificates, Ingress", () => {
        const definition = "clusterissuers.cert-manager.io";
        expect(needs(run, "cert-manager-controller-deployment")).toEqual(
            expect.arrayContaining([definition, "cert-manager-controller-cluster-binding", "cert-manager-controller-binding-registry"]),
        );
        for (const name of ["cert-manager-validation", "cert-manager-mutation"])
            expect(needs(run, name)).toEqual(
                expect.arrayContaining([
                    "cert-manager-controller-deployment",
                    "cert-manager-cainjector-deployment",
                    "cert-manager-webhook-service",
                ]),
            );
        expect(needs(run, "acme")).toEqual(
            expect.arrayContaining([
                definition,
                "cert-manager-validation",
                "cert-manager-mutation",
                "edge-service",
                "routes-https-redirect",
            ]),
        );
        expect(needs(run, "certificates-registry")).toContain("acme-issuer");
        expect(needs(run, "gateway-ingress")).toContain("certificates-mcp");
        expect(needs(run, "routes")).toContain("middlewares.traefik.io");
        expect(needs(run, "edge-deployment")).toContain("middlewares.traefik.io");
    });

    test.each([
        ["acme-issuer", "condition=Ready"],
        ["certificates-mcp", "condition=Ready"],
        ["cert-manager-validation", "jsonpath={.webhooks[0].clientConfig.caBundle}"],
        ["cert-manager-mutation", "jsonpath={.webhooks[0].clientConfig.caBundle}"],
    ])("%s counts as made at %s", (name, expression) => {
        expect(at(named(run, name).inputs, "metadata", "annotations", "pulumi.com/waitFor")).toBe(expression);
    });

    test("the gateway's Ingress names its certificate and the Middlewares, and waits for its address", () => {
        const { inputs } = named(run, "gateway-ingress");
        expect(at(inputs, "spec", "tls")).toEqual([{ hosts: ["mcp.example.com"], secretName: "mcp-certificate" }]);
        expect(at(inputs, "metadata", "annotations")).toEqual({
            "traefik.ingress.kubernetes.io/router.middlewares":
                "mcp-runtime-https-redirect@kubernetescrd,mcp-runtime-strict-transport@kubernetescrd",
        });
    });

    test("no rule has a wildcard, and writing to Secrets is nowhere a right in all namespaces", () => {
        const roles = run.resources.filter(({ type }) => /:(Cluster)?Role$/.test(type));
        const rules = roles.flatMap(({ name, inputs }) =>
            (at(inputs, "rules") as { apiGroups: string[]; resources: string[]; verbs: string[] }[]).map((rule) => ({ name, ...rule })),
        );
        expect(rules.filter((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs].includes("*"))).toEqual([]);
        const writing = rules.filter(
            ({ resources, verbs }) => resources.includes("secrets") && /create|update|patch|delete/.test(String(verbs)),
        );
        expect(writing.map(({ name }) => name).toSorted()).toEqual([
            "cert-manager-controller-role-mcp-runtime",
            "cert-manager-controller-role-own",
            "cert-manager-controller-role-registry",
            "cert-manager-webhook-role-own",
            "cert-manager-webhook-role-own",
        ]);
        expect(
            rules
                .filter(({ name, resources }) => name.includes("cluster") && resources.includes("secrets"))
                .map(({ name, verbs }) => [name, verbs]),
        ).toEqual([["cert-manager-controller-cluster-role", ["get", "list", "watch"]]]);
    });
});

const secretsOf = ({ outputs }: ProgramRun) => reveal(outputs["secrets"]);

describe("certificates from elsewhere", () => {
    const cases: [string, EdgeChoices, readonly string[], Readonly<Record<string, string>>][] = [
        [
            "a ClusterIssuer that is there",
            { certificates: { mode: "issuer", clusterIssuer: "company" }, registry: true },
            ["Certificate certificates-mcp", "Certificate certificates-platform", "Certificate certificates-registry"],
            { mcp: "mcp-certificate", platform: "platform-certificate", registry: "registry-certificate" },
        ],
        [
            "Secrets that are there",
            { certificates: { mode: "secrets", secrets: { mcp: "one", platform: "two", registry: "three" } }, registry: true },
            [],
            { mcp: "one", platform: "two", registry: "three" },
        ],
        [
            "Secrets that are there, without an Ingress of the registry",
            { certificates: { mode: "secrets", secrets: { mcp: "one", platform: "two", registry: "three" } } },
            [],
            { mcp: "one", platform: "two" },
        ],
        [
            "an authority of the stack's own",
            { registry: true },
            ["Secret certificate-registry-secret", "Secret certificate-secret"],
            { mcp: "edge-certificate", platform: "edge-certificate", registry: "edge-certificate" },
        ],
        [
            "an authority of the stack's own, without an Ingress of the registry",
            {},
            ["Secret certificate-secret"],
            { mcp: "edge-certificate", platform: "edge-certificate" },
        ],
    ];

    test.each(cases)("%s", async (_, choices, made, secrets) => {
        const run = await runEdge(choices);
        const types = /:(Certificate|ClusterIssuer|Secret)$/;
        expect(
            run.resources
                .filter(({ type }) => types.test(type))
                .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
                .toSorted(),
        ).toEqual(made);
        expect(run.resources.filter(({ type }) => /CertManager|AcmeIssuer/.test(type))).toEqual([]);
        expect(secretsOf(run)).toEqual(secrets);
        for (const { inputs } of run.resources.filter(({ type }) => type.endsWith(":Secret")))
            expect(isSecret(inputs["stringData"]) || isSecret((inputs["stringData"] as Properties)["tls.key"])).toBe(true);
    });
});

describe("an ingress controller of others", () => {
    test("k3s's own gets one configuration and the Middlewares", async () => {
        const run = await runEdge({ ...PRODUCTION, ingress: { owner: "packaged" }, certificates: { mode: "internal" } });
        expect(childrenOf(run, "PackagedEdge")).toEqual(["HelmChartConfig edge-configuration"]);
        expect(at(named(run, "edge-configuration").inputs, "metadata")).toMatchObject({ name: "traefik", namespace: "kube-system" });
        expect(childrenOf(run, "RouteMiddlewares")).toHaveLength(2);
        expect(run.resources.filter(({ type }) => /:(Edge|IngressClass|CustomResourceDefinition)$/.test(type))).toEqual([]);
        expect(at(named(run, "gateway-ingress").inputs, "spec", "ingressClassName")).toBe("traefik");
    });

    test("k3s's own is refused where there is none", () => {
        expect(() => edgeProgram({ ingress: { owner: "packaged" } })).toThrow("mcp-platform:ingress is packaged, but");
    });

    test("an existing one gets the Ingress in its class and nothing else", async () => {
        const ingress = { owner: "existing", class: "nginx", namespace: "ingress", podLabels: { app: "nginx" } } as const;
        const run = await runEdge({ ...PRODUCTION, ingress, certificates: { mode: "issuer", clusterIssuer: "company" } });
        expect(run.resources.filter(({ type }) => /mcp:edge:|:CustomResourceDefinition$/.test(type))).toEqual([]);
        const { inputs } = named(run, "gateway-ingress");
        expect(at(inputs, "spec", "ingressClassName")).toBe("nginx");
        expect(at(inputs, "metadata", "annotations")).toEqual({ "pulumi.com/skipAwait": "true" });
    });

    test("without a redirect and custom resources, Traefik's definitions are not asked for", async () => {
        const run = await runEdge({});
        expect(childrenOf(run, "mcp:edge:Edge")).toEqual(EDGE);
        expect(run.resources.filter(({ type }) => type.endsWith(":CustomResourceDefinition"))).toEqual([]);
    });
});
