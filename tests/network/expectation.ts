/**
 * Who reaches whom in four platforms, written by hand and read by people: the flow table and its policies are held against
 * it. What no row says must not be possible.
 */
import type { ApiServer, NetworkFacts } from "../../components/network/facts.ts";
import type { Expectation, Row } from "./matrix.ts";

export interface Scenario extends Omit<Expectation, "groups"> {
    readonly facts: NetworkFacts;
    readonly apiServer: ApiServer;
}

const TRAEFIK = { namespace: "traefik", labels: { "app.kubernetes.io/name": "traefik" } } as const;

/** Names for several of the census. */
export const GROUPS = {
    servers: "server files | server other | server mcp-gateway",
    agents: "agent | another agent | third agent",
    public:
        "internet | internet, IPv6 | allowed | allowed, IPv6 | beside allowed | beside allowed, IPv6 | trusted client | trusted client, IPv6 | " +
        "beside trusted clients | beside trusted clients, IPv6 | beside the API server | beside the API server, IPv6",
    solvers: "solver in mcp-runtime | solver in registry",
    "any network":
        "public | the API server | API server on the overlay | beside the overlay | node | beside the node | private 10 | shared | private 172 | protocol assignments | private 192 | private, IPv6 | network tests",
    "the API server": "API server | API server, IPv6",
} as const;

/** Of every platform. */
const CORE: readonly Row[] = [
    ["operator", "gateway", "8080"],
    ["gateway", "servers", "1024-65535"],
    ["operator | gateway", "the API server", "6443"],
    ["operator | servers", "dns", "53 UDP/53"],
];

const OWN_EDGE: readonly Row[] = [
    ["traefik", "gateway", "8080"],
    ["traefik", "the API server", "6443"],
];

const API_SERVER: ApiServer = { cidrs: ["203.0.113.10/32", "2001:db8:1::10"], port: 6443 };

/** The embedded cluster's: registry over HTTP, clients from anywhere, nobody let out. */
const SMALL: Scenario = {
    facts: { features: ["registry", "edge"], ingress: TRAEFIK, servers: {} },
    apiServer: API_SERVER,
    namespaces: ["mcp-runtime", "mcp-servers", "registry", "traefik"],
    rows: [...CORE, ...OWN_EDGE, ["outside", "traefik", "8000 8443"], ["outside", "registry", "5000"]],
    // Open to anybody, and nobody of the platform's own may go there.
    in: [
        ["everybody", "traefik", "8000 8443"],
        ["everybody", "registry", "5000"],
    ],
};

/** A production of every part, behind a proxy, on k3s; the API server is at public addresses. */
const FULL: Scenario = {
    facts: {
        features: ["registry", "registryRoute", "edge", "certManager", "challenges", "mesh"],
        ingress: TRAEFIK,
        trustedRanges: ["198.51.100.0/24", "2001:db8:2::/48"],
        balancer: {
            namespace: "kube-system",
            labels: { "svccontroller.k3s.cattle.io/svcname": "traefik", "svccontroller.k3s.cattle.io/svcnamespace": "traefik" },
        },
        nodes: ["192.168.5.11/32"],
        npmRegistry: "https://npm.example.com:4443",
        servers: {
            files: {
                egress: [
                    { cidr: "192.0.2.128/25", ports: [5432, 443] },
                    { cidr: "2001:db8:a::/48", ports: [5432] },
                ],
            },
            other: {},
        },
    },
    apiServer: { ...API_SERVER, callsFrom: ["10.42.0.0/31"] },
    namespaces: ["mcp-runtime", "mcp-servers", "registry", "traefik", "cert-manager", "mcp-mesh"],
    rows: [
        ...CORE,
        ...OWN_EDGE,
        ["trusted client | trusted client, IPv6 | servicelb", "traefik", "8000 8443"],
        ["node | traefik", "registry", "5000"],
        ["servers", "public", "4443"],
        ["server files", "allowed", "443 5432"],
        ["server files", "allowed, IPv6", "5432"],
        ["traefik", "solvers", "8089"],
        ["cert-manager", "dns", "53 UDP/53"],
        ["cert-manager", "public", "80 443"],
        ["cert-manager", "traefik", "8000 8443"],
        ["cert-manager | cainjector | webhook", "the API server", "6443"],
        ["the API server | API server on the overlay", "webhook", "10250"],
        ["gateway | agents", "agents", "8080"],
        ["agents", "mesh registry", "8000"],
        ["mesh registry", "postgres", "5432"],
        ["agents | mesh registry", "dns", "53 UDP/53"],
    ],
};

/** In a cluster of others: their ingress controller, their cert-manager, an external registry. */
const GUEST: Scenario = {
    facts: {
        features: ["challenges"],
        ingress: {
            namespace: "ingress-nginx",
            labels: { "app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller" },
        },
        servers: {},
    },
    apiServer: API_SERVER,
    namespaces: ["mcp-runtime", "mcp-servers"],
    rows: [...CORE, ["nginx", "gateway", "8080"], ["nginx", "solver in mcp-runtime", "8089"]],
};

/** The cluster's own Traefik, and certificates from an authority in a network of the organization's own. */
const INTERNAL: Scenario = {
    facts: {
        features: ["registry", "certManager", "challenges"],
        ingress: { namespace: "kube-system", labels: { "k8s-app": "metrics-server" } },
        acmeDirectory: "https://ca.corp.example:14000/dir",
        servers: {},
    },
    apiServer: API_SERVER,
    namespaces: ["mcp-runtime", "mcp-servers", "registry", "cert-manager"],
    rows: [
        ...CORE,
        ["beside dns", "gateway", "8080"],
        ["beside dns", "solver in mcp-runtime", "8089"],
        ["outside", "registry", "5000"],
        ["cert-manager", "dns", "53 UDP/53"],
        ["cert-manager", "public", "80 443"],
        ["cert-manager", "beside dns", "1-65535"],
        ["cert-manager | cainjector | webhook", "the API server", "6443"],
        ["the API server", "webhook", "10250"],
        ["cert-manager", "any network | outside pods", "14000"],
    ],
    // Ranges of addresses have pods in them, which do not let it in.
    out: [["cert-manager", "pods", "14000"]],
    in: [["everybody", "registry", "5000"]],
};

export const SCENARIOS = { SMALL, FULL, GUEST, INTERNAL } as const;
