import { describe, expect, test } from "@jest/globals";
import { traefikArguments, traefikNamespaceRules, type EdgeConfiguration } from "../../components/edge/configuration.ts";
import { ingressControllerOf } from "../../components/edge/create.ts";
import { edgeServiceSpec, publishesAddress, type Exposure, type FrontDoor } from "../../components/edge/exposure.ts";
import { packagedValues } from "../../components/edge/packaged.ts";
import { placed, placementOf } from "../../components/edge/placement.ts";
import { middlewaresOf, routeAnnotations, routePolicyOf } from "../../components/edge/routes.ts";

const NODE_PORT: Exposure = { kind: "nodePort", http: 30080, https: 30443, address: { ip: "127.0.0.1" } };
const INGRESS_NODES = { "ingress.mcpruntime.org/public": "true" };
const PINNED = { kind: "loadBalancer", nodeSelector: INGRESS_NODES, replicas: 1 } as const;
const DIRECT: FrontDoor = { mode: "direct" };
const PROXY: FrontDoor = { mode: "proxy", trustedRanges: ["203.0.113.0/24", "2001:db8::/32"] };
const SELECTOR = { "app.kubernetes.io/name": "traefik" };

const configuration = (changes: Partial<EdgeConfiguration>): EdgeConfiguration => ({
    namespaces: ["mcp-runtime", "registry"],
    customResources: false,
    exposure: NODE_PORT,
    frontDoor: DIRECT,
    service: "traefik/traefik",
    ...changes,
});

describe("arguments of Traefik", () => {
    const plain = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=INFO",
        "--log.format=json",
        "--entrypoints.web.address=:8000/tcp",
        "--entrypoints.websecure.address=:8443/tcp",
        "--entrypoints.websecure.http.tls=true",
        "--entrypoints.web.transport.respondingtimeouts.readtimeout=0",
        "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=0",
        "--entrypoints.traefik.address=:8082/tcp",
        "--ping=true",
        "--providers.kubernetesingress=true",
        "--providers.kubernetesingress.ingressclass=traefik",
        "--providers.kubernetesingress.namespaces=mcp-runtime,registry",
        "--providers.kubernetesingress.strictprefixmatching=true",
    ];
    const address = "--providers.kubernetesingress.ingressendpoint.ip=127.0.0.1";
    const published = "--providers.kubernetesingress.ingressendpoint.publishedservice=traefik/traefik";
    const ranges = "203.0.113.0/24,2001:db8::/32";

    test.each<[string, Partial<EdgeConfiguration>, string[]]>([
        ["on node ports", {}, [address]],
        ["on node ports without an address", { exposure: { kind: "nodePort", http: 30080, https: 30443 } }, []],
        [
            "behind a load balancer",
            { exposure: PINNED },
            [
                published,
                "--entrypoints.web.transport.lifecycle.gracetimeout=20",
                "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=5",
                "--entrypoints.websecure.transport.lifecycle.gracetimeout=20",
                "--entrypoints.websecure.transport.lifecycle.requestacceptgracetimeout=5",
            ],
        ],
        [
            "behind a proxy",
            { frontDoor: PROXY },
            [
                address,
                `--entrypoints.web.forwardedheaders.trustedips=${ranges}`,
                `--entrypoints.websecure.forwardedheaders.trustedips=${ranges}`,
            ],
        ],
        ["behind a balancer whose ranges nobody told", { frontDoor: { mode: "internal-lb", trustedRanges: [] } }, [address]],
        [
            "with custom resources",
            { customResources: true },
            [address, "--providers.kubernetescrd=true", "--providers.kubernetescrd.namespaces=mcp-runtime,registry"],
        ],
    ])("%s are exactly these", (_, changes, added) => {
        expect(traefikArguments(configuration(changes)).toSorted()).toEqual([...plain, ...added].toSorted());
    });

    test("no variant trusts everybody's headers, shows an API, limits bodies, redirects an entry point or leaves a namespace open", () => {
        const variants = [NODE_PORT, PINNED].flatMap((exposure) =>
            [DIRECT, PROXY].flatMap((frontDoor) =>
                [true, false].map((customResources) => traefikArguments(configuration({ exposure, frontDoor, customResources }))),
            ),
        );
        for (const args of variants) {
            expect(
                args.filter((argument) => /insecure|--api|buffering|redirections|allowcrossnamespace|externalname/i.test(argument)),
            ).toEqual([]);
            for (const provider of args.filter((argument) => /^--providers\.\w+=true$/.test(argument)))
                expect(args).toContain(`${provider.replace("=true", "")}.namespaces=mcp-runtime,registry`);
        }
    });
});

test("rights beyond those for Ingresses come with custom resources, and none of them writes", () => {
    const [few, all] = [traefikNamespaceRules(false), traefikNamespaceRules(true)];
    expect(few.map(({ resources, verbs }) => `${String(resources)}: ${String(verbs)}`)).toEqual([
        "services,secrets: get,list,watch",
        "endpointslices: get,list,watch",
        "ingresses: get,list,watch",
        "ingresses/status: update",
    ]);
    expect(all.slice(few.length).map(({ apiGroups, verbs }) => `${String(apiGroups)}: ${String(verbs)}`)).toEqual([
        ": get,list,watch",
        "traefik.io: get,list,watch",
    ]);
});

describe("the Service", () => {
    test("opens two ports of every node", () => {
        expect(edgeServiceSpec(NODE_PORT, DIRECT)).toEqual({
            type: "NodePort",
            ports: [
                { name: "web", port: 80, targetPort: "web", nodePort: 30080, protocol: "TCP" },
                { name: "websecure", port: 443, targetPort: "websecure", nodePort: 30443, protocol: "TCP" },
            ],
        });
    });

    test("of a load balancer keeps the client's address, and lets in the front door alone", () => {
        const ports = [
            { name: "web", port: 80, targetPort: "web", protocol: "TCP" },
            { name: "websecure", port: 443, targetPort: "websecure", protocol: "TCP" },
        ];
        const direct = { type: "LoadBalancer", externalTrafficPolicy: "Local", ports };
        expect(edgeServiceSpec(PINNED, DIRECT)).toEqual(direct);
        expect(edgeServiceSpec(PINNED, { mode: "internal-lb", trustedRanges: [] })).toEqual(direct);
        expect(edgeServiceSpec(PINNED, PROXY)).toEqual({ ...direct, loadBalancerSourceRanges: ["203.0.113.0/24", "2001:db8::/32"] });
    });

    test.each([
        [NODE_PORT, true],
        [{ kind: "nodePort", http: 1, https: 2 } as const, false],
        [PINNED, true],
    ])("an update waits for an address where there will be one", (exposure, awaits) => {
        expect(publishesAddress(exposure)).toBe(awaits);
    });
});

const spread = (whenUnsatisfiable: string) => [
    {
        topologyKey: "kubernetes.io/hostname",
        maxSkew: 1,
        whenUnsatisfiable,
        labelSelector: { matchLabels: SELECTOR },
        matchLabelKeys: ["pod-template-hash"],
    },
];

describe("placement", () => {
    test.each([
        ["on node ports", NODE_PORT, 1, {}],
        ["on one ingress node", PINNED, 1, { nodeSelector: INGRESS_NODES }],
        [
            "on three ingress nodes",
            { ...PINNED, replicas: 3 },
            3,
            { nodeSelector: INGRESS_NODES, topologySpreadConstraints: spread("DoNotSchedule") },
        ],
        ["on any two nodes", { kind: "loadBalancer", replicas: 2 } as const, 2, { topologySpreadConstraints: spread("ScheduleAnyway") }],
    ])("%s", (_, exposure, replicas, pod) => {
        expect(placementOf(exposure, SELECTOR)).toEqual({
            replicas,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
            pod,
        });
    });

    test("keeps everything else of a Deployment", () => {
        const metadata = { labels: SELECTOR };
        const template = { metadata, spec: { containers: [], enableServiceLinks: false } };
        const deployment = { metadata: { name: "it" }, spec: { selector: { matchLabels: SELECTOR }, replicas: 1, template } };
        expect(placed(deployment, placementOf({ ...PINNED, replicas: 2 }, SELECTOR))).toMatchObject({
            metadata: { name: "it" },
            spec: {
                selector: { matchLabels: SELECTOR },
                template: { metadata, spec: { enableServiceLinks: false, nodeSelector: INGRESS_NODES } },
            },
        });
    });
});

describe("routes", () => {
    const redirectScheme = { scheme: "https", permanent: true };
    const headers = { stsSeconds: 31_536_000, contentTypeNosniff: true };

    test.each([
        [{ redirect: false, strictTransport: false }, []],
        [{ redirect: true, strictTransport: false }, [{ name: "https-redirect", spec: { redirectScheme } }]],
        [
            { redirect: true, httpsPort: 30443, strictTransport: false },
            [{ name: "https-redirect", spec: { redirectScheme: { ...redirectScheme, port: "30443" } } }],
        ],
        [
            { redirect: true, httpsPort: 443, strictTransport: true },
            [
                { name: "https-redirect", spec: { redirectScheme } },
                { name: "strict-transport", spec: { headers } },
            ],
        ],
    ])("%j makes these Middlewares", (policy, middlewares) => {
        expect(middlewaresOf(policy)).toEqual(middlewares);
    });

    test.each([
        ["https://mcp.example.com", true, { redirect: true, httpsPort: 443, strictTransport: true }],
        ["https://mcp.example.com", false, { redirect: true, httpsPort: 443, strictTransport: false }],
        ["https://mcp.example.com:30443", true, { redirect: true, httpsPort: 30443, strictTransport: false }],
        ["http://mcp.localhost:8080", true, { redirect: false, httpsPort: 443, strictTransport: false }],
    ])("clients that are told %s, certificates trusted: %s", (publicUrl, trusted, policy) => {
        expect(routePolicyOf(publicUrl, trusted)).toEqual(policy);
    });

    test("Ingresses name the Middlewares of another namespace, in order, or none", () => {
        expect(routeAnnotations({ redirect: true, strictTransport: true }, "mcp-runtime")).toEqual({
            "traefik.ingress.kubernetes.io/router.middlewares":
                "mcp-runtime-https-redirect@kubernetescrd,mcp-runtime-strict-transport@kubernetescrd",
        });
        expect(routeAnnotations({ redirect: false, strictTransport: false }, "mcp-runtime")).toEqual({});
    });
});

describe("whose ingress controller", () => {
    test.each([
        [{ owner: "platform" } as const, { namespace: "traefik", labels: SELECTOR }],
        [{ owner: "packaged" } as const, { namespace: "kube-system", labels: SELECTOR }],
        [
            { owner: "existing", class: "nginx", namespace: "ingress", podLabels: { app: "nginx" } } as const,
            { namespace: "ingress", labels: { app: "nginx" } },
        ],
    ])("%j sends requests from these pods", (ingress, controller) => {
        expect(ingressControllerOf(ingress)).toEqual(controller);
    });

    test("k3s's own gets the place, the front door and the timeouts that ours would have", () => {
        const transport = { respondingTimeouts: { readTimeout: 0 }, lifeCycle: { requestAcceptGraceTimeout: 5, graceTimeOut: 20 } };
        const entryPoint = { transport, forwardedHeaders: { trustedIPs: ["203.0.113.0/24", "2001:db8::/32"] } };
        expect(packagedValues({ exposure: PINNED, frontDoor: PROXY })).toEqual({
            deployment: { replicas: 1 },
            nodeSelector: INGRESS_NODES,
            service: { spec: { externalTrafficPolicy: "Local", loadBalancerSourceRanges: ["203.0.113.0/24", "2001:db8::/32"] } },
            ports: { web: entryPoint, websecure: entryPoint },
            providers: { kubernetesIngress: { strictPrefixMatching: true } },
        });
        const direct = packagedValues({ exposure: { ...PINNED, replicas: 2 }, frontDoor: DIRECT });
        expect(direct).toMatchObject({
            deployment: { replicas: 2 },
            podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
            service: { spec: { externalTrafficPolicy: "Local" } },
            ports: { web: { transport }, websecure: { transport } },
        });
        expect(Object.keys(direct)).toContain("topologySpreadConstraints");
        expect(JSON.stringify(direct)).not.toContain("trustedIPs");
    });
});
