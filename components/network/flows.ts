/**
 * Network: who talks to whom. One table of flows; the NetworkPolicies of every namespace are generated from it, both
 * ends of each flow, and whatever is not in it is denied.
 */
import { RunError } from "@pulumi/pulumi/errors.js";
import { ACME_SOLVER, CERT_MANAGER_PORTS } from "../certificates/names.ts";
import { EDGE_PORTS } from "../edge/names.ts";
import { MESH_DATABASE, MESH_REGISTRY } from "../mesh/names.ts";
import { REGISTRY_PORT } from "../registry/configuration.ts";
import { allowlistName, endsOf, serverName, type EndName, type Ends, type RoleName, type ServerName } from "./ends.ts";
import { has, type Feature, type NetworkFacts } from "./facts.ts";
import { isGuarded } from "./ranges.ts";

export interface PortRange {
    readonly protocol: "TCP" | "UDP";
    readonly port: number;
    /** Last port of a range. */
    readonly endPort?: number;
}

export interface Flow {
    readonly from: RoleName | ServerName | "clients" | "balancer" | "nodes" | "apiServer";
    readonly to: EndName;
    /** Absent: the API server's own. */
    readonly ports?: readonly PortRange[];
    readonly why: string;
    /** What the flow takes. Absent: it is always there. */
    readonly feature?: Feature;
}

/** Everything that policies are made from. */
export interface Network {
    readonly ends: Ends;
    readonly flows: readonly Flow[];
}

const tcp = (...ports: number[]): PortRange[] => ports.map((port) => ({ protocol: "TCP", port }));

const DNS: readonly PortRange[] = [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
];

/** Servers choose their port; below 1024 an unprivileged one cannot listen. */
const UNPRIVILEGED: readonly PortRange[] = [{ protocol: "TCP", port: 1024, endPort: 65535 }];

/** The ports of a controller of others are its people's choice. */
const ANY: readonly PortRange[] = [{ protocol: "TCP", port: 1, endPort: 65535 }];

const GATEWAY_PORT = 8080;
const AGENT_PORT = 8080;

const ENTRIES = tcp(EDGE_PORTS.web, EDGE_PORTS.websecure);

/** Flows that need nothing but their feature. Between a node and its own pods, probes above all, Kubernetes allows everything. */
const TABLE: readonly Flow[] = [
    { feature: "edge", from: "clients", to: "edge", ports: ENTRIES, why: "the public entry" },
    {
        feature: "registry",
        from: "nodes",
        to: "registry",
        ports: tcp(REGISTRY_PORT),
        why: "nodes pull and people push through the NodePort, with the address of a node",
    },
    { feature: "registryRoute", from: "edge", to: "registry", ports: tcp(REGISTRY_PORT), why: "the route to the registry" },
    { from: "edge", to: "gateway", ports: tcp(GATEWAY_PORT), why: "the route to MCP servers" },
    { from: "operator", to: "gateway", ports: tcp(GATEWAY_PORT), why: "handshakes through the route, before a server is called ready" },
    { from: "gateway", to: "servers", ports: UNPRIVILEGED, why: "MCP requests" },
    { feature: "edge", from: "edge", to: "apiServer", why: "watches Ingresses, publishes their address" },
    { from: "operator", to: "apiServer", why: "reconciles MCPServers" },
    { from: "gateway", to: "apiServer", why: "watches MCPServers and their endpoints" },
    { from: "operator", to: "dns", ports: DNS, why: "finds the gateway" },
    { from: "servers", to: "dns", ports: DNS, why: "find what they are for" },
    { feature: "challenges", from: "edge", to: "solvers", ports: tcp(ACME_SOLVER.port), why: "answers to ACME challenges" },
    { feature: "certManager", from: "cert-manager", to: "dns", ports: DNS, why: "finds the ACME directory and the platform's hosts" },
    { feature: "certManager", from: "cert-manager", to: "apiServer", why: "reconciles Certificates" },
    { feature: "certManager", from: "cainjector", to: "apiServer", why: "gives the webhook's configuration its authority" },
    { feature: "certManager", from: "webhook", to: "apiServer", why: "keeps its certificate, asks who may do what" },
    {
        feature: "certManager",
        from: "apiServer",
        to: "webhook",
        ports: tcp(CERT_MANAGER_PORTS.webhook.webhook),
        why: "has Certificates and Issuers checked",
    },
    { feature: "mesh", from: "gateway", to: "agents", ports: tcp(AGENT_PORT), why: "MCP requests" },
    { feature: "mesh", from: "agents", to: "agents", ports: tcp(AGENT_PORT), why: "call each other's tools" },
    { feature: "mesh", from: "agents", to: "mesh-registry", ports: tcp(MESH_REGISTRY.port), why: "register, and find each other" },
    { feature: "mesh", from: "agents", to: "dns", ports: DNS, why: "find the mesh registry and each other" },
    { feature: "mesh", from: "mesh-registry", to: "postgres", ports: tcp(MESH_DATABASE.port), why: "keeps what agents register" },
    { feature: "mesh", from: "mesh-registry", to: "dns", ports: DNS, why: "finds its database" },
];

/** The port of a URL, given or the scheme's own. */
function portOf(url: string): number {
    const { port, protocol } = new URL(url);
    return port === "" ? (protocol === "http:" ? 80 : 443) : Number(port);
}

/** What cert-manager reaches depends on where the directory is, and on whose pods the platform's hosts lead to. */
function ofAcme(facts: NetworkFacts): Flow[] {
    if (!has(facts, "certManager")) return [];
    const entries = has(facts, "edge") ? ENTRIES : ANY;
    const directory: Flow[] =
        facts.acmeDirectory === undefined
            ? []
            : [
                  {
                      feature: "certManager",
                      from: "cert-manager",
                      to: "networks",
                      ports: tcp(portOf(facts.acmeDirectory)),
                      why: "orders certificates",
                  },
              ];
    return [
        ...directory,
        {
            feature: "certManager",
            from: "cert-manager",
            to: "internet",
            ports: tcp(80, 443),
            why: "orders certificates, and asks for a challenge as the authority will, wherever that is redirected to",
        },
        {
            feature: "certManager",
            from: "cert-manager",
            to: "edge",
            ports: entries,
            why: "asks for a challenge: inside the cluster a host's public address may lead to the edge at once",
        },
    ];
}

/** Whoever stands between clients and the edge beside those ranges. */
function ofFrontDoor(facts: NetworkFacts): Flow[] {
    if (!has(facts, "edge") || !facts.balancer || !facts.trustedRanges?.length) return [];
    return [{ feature: "edge", from: "balancer", to: "edge", ports: ENTRIES, why: "passes on what clients in those ranges send" }];
}

/** What MCP servers reach outside the cluster. */
function ofServers({ npmRegistry, servers }: NetworkFacts): Flow[] {
    const packages: Flow[] =
        npmRegistry === undefined ? [] : [{ from: "servers", to: "internet", ports: tcp(portOf(npmRegistry)), why: "npm packages" }];
    const allowed = Object.entries(servers).flatMap(([name, { egress = [] }]) =>
        egress.map(({ cidr, ports }, index): Flow => {
            if (isGuarded(cidr))
                throw new RunError(
                    `The MCP server ${name} is to be let out to ${cidr}, which has private, link-local or other guarded addresses in it: ` +
                        `give public ranges only in mcp-platform:servers.${name}.egress.`,
                );
            return { from: serverName(name), to: allowlistName(name, index), ports: tcp(...ports), why: "its own allowlist" };
        }),
    );
    return [...packages, ...allowed];
}

/**
 * Every flow of a platform.
 * @throws RunError when a server is to be let out to addresses that are guarded
 */
export function flows(facts: NetworkFacts): readonly Flow[] {
    const always = TABLE.filter(({ feature }) => feature === undefined || has(facts, feature));
    return [...always, ...ofFrontDoor(facts), ...ofAcme(facts), ...ofServers(facts)];
}

/** A platform's flows with the ends they are between. */
export function networkOf(facts: NetworkFacts): Network {
    return { ends: endsOf(facts), flows: flows(facts) };
}
