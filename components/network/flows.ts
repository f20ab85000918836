/**
 * Network: who talks to whom. One table of flows; the NetworkPolicies of every namespace are generated from it, both
 * ends of each flow, and whatever is not in it is denied.
 */
import { NAMESPACES, type NamespaceName } from "../namespaces/names.ts";
import { selectorOf } from "../workloads/labels.ts";

/** Pods that take part in flows, with the labels that tell them from their neighbours. */
export const WORKLOADS = {
    traefik: { namespace: NAMESPACES.edge, labels: selectorOf("traefik") },
    registry: { namespace: NAMESPACES.registry, labels: selectorOf("registry") },
    operator: { namespace: NAMESPACES.runtime, labels: selectorOf("mcp-operator") },
    gateway: { namespace: NAMESPACES.runtime, labels: selectorOf("mcp-gateway") },
    /** Every pod the operator makes. */
    servers: { namespace: NAMESPACES.servers, labels: { "app.kubernetes.io/managed-by": "mcp-operator" } },
} as const satisfies Record<string, { readonly namespace: NamespaceName; readonly labels: Readonly<Record<string, string>> }>;

export type WorkloadName = keyof typeof WORKLOADS;

/**
 * What is no workload of ours: the cluster's DNS, the API server (on the host network, where no selector matches, and
 * at another port behind its Service), addresses outside the cluster's private ranges, and any address at all.
 */
export type Outside = "dns" | "apiServer" | "internet" | "anywhere";

export interface PortRange {
    readonly protocol: "TCP" | "UDP";
    readonly port: number;
    /** Last port of a range. */
    readonly endPort?: number;
}

export interface Flow {
    readonly from: WorkloadName | "anywhere";
    readonly to: WorkloadName | Outside;
    readonly ports: readonly PortRange[];
    readonly why: string;
}

const tcp = (...ports: number[]): PortRange[] => ports.map((port) => ({ protocol: "TCP", port }));

const DNS: readonly PortRange[] = [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
];

/** The Service's port, and the one behind it that a policy sees after address translation. */
const API_SERVER = tcp(443, 6443);

/** Servers choose their port; below 1024 an unprivileged one cannot listen. */
const UNPRIVILEGED: readonly PortRange[] = [{ protocol: "TCP", port: 1024, endPort: 65535 }];

/** The port of a URL, given or the scheme's own. */
function portOf(url: string): number {
    const { port, protocol } = new URL(url);
    return port === "" ? (protocol === "http:" ? 80 : 443) : Number(port);
}

/**
 * Every flow of the platform. Servers reach an npm registry only if one is given, as a URL. Traffic between a node and its own pods, probes above all, is always allowed
 * by Kubernetes.
 */
export function flows(npmRegistry?: string): readonly Flow[] {
    return [
        { from: "anywhere", to: "traefik", ports: tcp(8000, 8443), why: "the public entry" },
        {
            from: "anywhere",
            to: "registry",
            ports: tcp(5000),
            why: "nodes pull and people push through the NodePort, with the address of a node",
        },
        { from: "traefik", to: "gateway", ports: tcp(8080), why: "the route to MCP servers" },
        { from: "operator", to: "gateway", ports: tcp(8080), why: "handshakes through the route, before a server is called ready" },
        { from: "gateway", to: "servers", ports: UNPRIVILEGED, why: "MCP requests" },
        { from: "traefik", to: "apiServer", ports: API_SERVER, why: "watches Ingresses, publishes their address" },
        { from: "operator", to: "apiServer", ports: API_SERVER, why: "reconciles MCPServers" },
        { from: "gateway", to: "apiServer", ports: API_SERVER, why: "watches MCPServers and their endpoints" },
        { from: "operator", to: "dns", ports: DNS, why: "finds the gateway" },
        { from: "servers", to: "dns", ports: DNS, why: "servers find what they are for" },
        ...(npmRegistry === undefined
            ? []
            : [{ from: "servers", to: "internet", ports: tcp(portOf(npmRegistry)), why: "npm packages" } as const]),
    ];
}
