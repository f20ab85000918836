import type { NamespaceName } from "../namespaces/names.ts";
import type { End, EndName, Ends, Pods } from "./ends.ts";
import type { ApiServer } from "./facts.ts";
import type { Flow, Network, PortRange } from "./flows.ts";
import { cidrOf, internet, networks, type IpBlock } from "./ranges.ts";

type Labels = Readonly<Record<string, string>>;

export interface PolicyPeer {
    readonly namespaceSelector?: { readonly matchLabels: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly ipBlock?: IpBlock;
}

interface Rule {
    readonly ports: PortRange[];
}

/** The `spec` of a NetworkPolicy: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface PolicySpec {
    readonly podSelector: { readonly matchLabels?: Labels };
    readonly policyTypes: ("Ingress" | "Egress")[];
    readonly ingress?: (Rule & { readonly from?: PolicyPeer[] })[];
    readonly egress?: (Rule & { readonly to?: PolicyPeer[] })[];
}

export interface Policy {
    readonly name: string;
    readonly spec: PolicySpec;
}

const block = (range: string): PolicyPeer => ({ ipBlock: { cidr: cidrOf(range) } });

/** The peers that stand for one end of a flow; undefined is every address, an empty list is nobody. */
function peersOf(end: End, key: "from" | "to", apiServer: ApiServer): PolicyPeer[] | undefined {
    switch (end.kind) {
        case "pods":
            return end.namespaces.map((namespace) => ({
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
                podSelector: { matchLabels: end.labels },
            }));
        case "ranges":
            return end.ranges.map(block);
        case "apiServer":
            return [...apiServer.cidrs, ...((key === "from" && apiServer.callsFrom) || [])].map(block);
        case "internet":
            return internet(apiServer.cidrs).map((ipBlock) => ({ ipBlock }));
        case "networks":
            return networks().map((ipBlock) => ({ ipBlock }));
        case "anywhere":
            return undefined;
    }
}

function endOf(ends: Ends, name: EndName): End {
    const end = ends.get(name);
    if (!end) throw new Error(`a flow names ${name}, which is no end of this platform`);
    return end;
}

/** The rules of one direction. To Kubernetes an empty list of peers is everybody, so that a flow with nobody has no rule. */
function rulesOf<Key extends "from" | "to">(key: Key, flows: readonly Flow[], { ends }: Network, apiServer: ApiServer) {
    const rules = flows.flatMap((flow) => {
        const peers = peersOf(endOf(ends, flow[key]), key, apiServer);
        if (peers?.length === 0) return [];
        const ports: PortRange[] = flow.ports ? [...flow.ports] : [{ protocol: "TCP", port: apiServer.port }];
        return [{ peers, ports }];
    });
    const toAnybody = rules.filter(({ peers }) => !peers).flatMap(({ ports }) => ports.map(portKey));
    return rules
        .filter(({ peers, ports }) => !peers || !ports.every((port) => toAnybody.includes(portKey(port))))
        .map(({ peers, ports }) => ({ ...(peers && ({ [key]: peers } as { readonly [K in Key]?: PolicyPeer[] })), ports }));
}

const portKey = ({ protocol, port, endPort }: PortRange): string => `${protocol} ${port} ${endPort ?? port}`;

/** What one server may do beside the others is added to what all of them may: it isolates nothing further. */
function allowed(name: EndName, { labels }: Pods, network: Network, apiServer: ApiServer): PolicySpec {
    const those = (key: "from" | "to") => network.flows.filter((flow) => flow[key] === name);
    const ingress = rulesOf("from", those("to"), network, apiServer);
    const egress = rulesOf("to", those("from"), network, apiServer);
    return {
        podSelector: { matchLabels: labels },
        policyTypes: name.startsWith("server:")
            ? [...(ingress.length ? ["Ingress" as const] : []), ...(egress.length ? ["Egress" as const] : [])]
            : ["Ingress", "Egress"],
        ...(ingress.length ? { ingress } : {}),
        ...(egress.length ? { egress } : {}),
    };
}

/** Our pods in a namespace, by the name of their end. */
const oursIn = (namespace: NamespaceName, { ends }: Network): (readonly [EndName, Pods])[] =>
    [...ends].flatMap(([name, end]) =>
        end.kind === "pods" && end.ours && end.namespaces.includes(namespace) ? [[name, end] as const] : [],
    );

const DEFAULT_DENY = "default-deny";
const nameOf = (end: EndName): string => `allow-${end.replace(":", "-")}`;

/** The names of a namespace's policies, which no address changes. */
export function policyNames(namespace: NamespaceName, network: Network): string[] {
    return [DEFAULT_DENY, ...oursIn(namespace, network).map(([end]) => nameOf(end))];
}

/** The policies of a namespace: all denied both ways, then one for each of its roles with what the table allows. */
export function policiesOf(namespace: NamespaceName, network: Network, apiServer: ApiServer): Policy[] {
    return [
        { name: DEFAULT_DENY, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
        ...oursIn(namespace, network).map(([end, pods]) => ({ name: nameOf(end), spec: allowed(end, pods, network, apiServer) })),
    ];
}
