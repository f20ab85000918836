/** The two ends of flows: the pods of the platform and of the cluster, and addresses. */
import { CERT_MANAGER } from "../certificates/names.ts";
import { MESH_DATABASE, MESH_REGISTRY } from "../mesh/names.ts";
import { NAMESPACES } from "../namespaces/names.ts";
import { partOf, selectorOf } from "../workloads/labels.ts";
import { has, type Feature, type NetworkFacts, type PodsOfOthers } from "./facts.ts";

/** Pods that labels select in some namespaces. */
export interface Pods {
    readonly kind: "pods";
    readonly namespaces: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
    /** Whether policies of ours select them. Those of others are let in and out by their own people. */
    readonly ours: boolean;
}

export type End =
    | Pods
    /** Ranges of addresses (CIDR). */
    | { readonly kind: "ranges"; readonly ranges: readonly string[] }
    /** The API server; every address at all; the internet; the internet and networks of an organization's own. */
    | { readonly kind: "apiServer" | "anywhere" | "internet" | "networks" };

/** What the operator labels the pods of one MCP server with, beside their `managed-by`. */
const SERVER_LABEL = "mcpruntime.org/server";
const OPERATED = { "app.kubernetes.io/managed-by": "mcp-operator" } as const;
/** cert-manager's own label of the pods that answer challenges, whichever issuer they belong to. */
const SOLVING = { "acme.cert-manager.io/http01-solver": "true" } as const;

const pods = (labels: Readonly<Record<string, string>>, ...namespaces: string[]): Pods => ({
    kind: "pods",
    namespaces,
    labels,
    ours: true,
});

/** Labels of a workload whose neighbours have names that others choose: what manages it is part of who it is. */
const beside = (workload: string) => ({
    ...selectorOf(workload),
    "app.kubernetes.io/managed-by": partOf["app.kubernetes.io/managed-by"],
});

/** Pods of the platform. What has no feature is always there. */
const ROLES = {
    registry: { feature: "registry", pods: pods(selectorOf("registry"), NAMESPACES.registry) },
    operator: { feature: undefined, pods: pods(selectorOf("mcp-operator"), NAMESPACES.runtime) },
    gateway: { feature: undefined, pods: pods(selectorOf("mcp-gateway"), NAMESPACES.runtime) },
    servers: { feature: undefined, pods: pods(OPERATED, NAMESPACES.servers) },
    "cert-manager": { feature: "certManager", pods: pods(selectorOf(CERT_MANAGER.controller), NAMESPACES.certManager) },
    cainjector: { feature: "certManager", pods: pods(selectorOf(CERT_MANAGER.cainjector), NAMESPACES.certManager) },
    webhook: { feature: "certManager", pods: pods(selectorOf(CERT_MANAGER.webhook), NAMESPACES.certManager) },
    "mesh-registry": { feature: "mesh", pods: pods(beside(MESH_REGISTRY.name), NAMESPACES.mesh) },
    postgres: { feature: "mesh", pods: pods(beside(MESH_DATABASE.name), NAMESPACES.mesh) },
    agents: { feature: "mesh", pods: pods(OPERATED, NAMESPACES.mesh) },
} as const satisfies Record<string, { readonly feature: Feature | undefined; readonly pods: Pods }>;

/** A role: pods that are treated alike. `edge` is the ingress controller, `solvers` are the pods that answer ACME challenges. */
export type RoleName = keyof typeof ROLES | "edge" | "solvers";

/** One MCP server among `servers`. */
export type ServerName = `server:${string}`;

export type EndName =
    | RoleName
    | ServerName
    /** Whoever may reach the edge; a load balancer before it; nodes; DNS of the cluster; and the ends that are addresses. */
    | "clients"
    | "balancer"
    | "nodes"
    | "dns"
    | "apiServer"
    | "internet"
    | "networks"
    | `allowlist:${string}`;

export type Ends = ReadonlyMap<EndName, End>;

const ranges = (list: readonly string[] | undefined): End => (list?.length ? { kind: "ranges", ranges: list } : { kind: "anywhere" });

const others = ({ namespace, labels }: PodsOfOthers): Pods => ({ kind: "pods", namespaces: [namespace], labels, ours: false });

export const serverName = (name: string): ServerName => `server:${name}`;
/** The ranges at one place of a server's allowlist. */
export const allowlistName = (server: string, index: number) => `allowlist:${server}:${index}` as const;

/** Every end that a platform's flows have. */
export function endsOf(facts: NetworkFacts): Ends {
    const { ingress, servers } = facts;
    const roles = Object.entries(ROLES).filter(([, { feature }]) => feature === undefined || has(facts, feature));
    const solvers = pods(SOLVING, NAMESPACES.runtime, ...(has(facts, "registryRoute") ? [NAMESPACES.registry] : []));
    return new Map<EndName, End>([
        ["edge", { ...others(ingress), ours: has(facts, "edge") }],
        ...roles.map(([name, role]) => [name as RoleName, role.pods] as const),
        ...(has(facts, "challenges") ? [["solvers", solvers] as const] : []),
        ...Object.entries(servers).flatMap(([name, { egress = [] }]): [EndName, End][] =>
            egress.length === 0
                ? []
                : [
                      [serverName(name), pods({ ...OPERATED, [SERVER_LABEL]: name }, NAMESPACES.servers)],
                      ...egress.map(({ cidr }, index): [EndName, End] => [allowlistName(name, index), ranges([cidr])]),
                  ],
        ),
        ["clients", ranges(facts.trustedRanges)],
        ...(facts.balancer ? [["balancer", others(facts.balancer)] as const] : []),
        ["nodes", ranges(facts.nodes)],
        ["dns", others({ namespace: "kube-system", labels: { "k8s-app": "kube-dns" } })],
        ["apiServer", { kind: "apiServer" }],
        ["internet", { kind: "internet" }],
        ["networks", { kind: "networks" }],
    ]);
}
