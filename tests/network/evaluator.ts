/**
 * What NetworkPolicies allow, evaluated as Kubernetes documents it. A double of a network plugin, and a pure function:
 * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
import { BlockList, isIPv6 } from "node:net";

export type Labels = Readonly<Record<string, string>>;
export type Protocol = "TCP" | "UDP" | "SCTP";

export interface LabelSelector {
    readonly matchLabels?: Labels;
    readonly matchExpressions?: readonly {
        readonly key: string;
        readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
        readonly values?: readonly string[];
    }[];
}

export interface Peer {
    readonly podSelector?: LabelSelector;
    readonly namespaceSelector?: LabelSelector;
    readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
    readonly protocol?: Protocol;
    /** A number, or the name of a port of the pod that is connected to. */
    readonly port?: number | string;
    readonly endPort?: number;
}

export interface Spec {
    readonly podSelector?: LabelSelector;
    readonly policyTypes?: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly PolicyPort[] }[];
}

export interface PlacedPolicy {
    readonly namespace: string;
    readonly name: string;
    readonly spec: Spec;
}

/** An address that no policy selects: outside the cluster, a node, or a pod on its node's network. */
export interface Address {
    readonly ip: string;
}

export interface Pod extends Address {
    readonly namespace: string;
    readonly labels: Labels;
    readonly ports?: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

export type Endpoint = Address | Pod;

export interface Port {
    readonly protocol: Protocol;
    readonly port: number;
}

export interface Policies {
    readonly policies: readonly PlacedPolicy[];
    /** Labels of namespaces beside the one that has their name. */
    readonly namespaces?: Readonly<Record<string, Labels>>;
}

const isPod = (end: Endpoint): end is Pod => "namespace" in end;
const familyOf = (ip: string) => (isIPv6(ip) ? "ipv6" : "ipv4");

const lists = new Map<string, BlockList>();

/** Whether an address is in a range (CIDR). */
export function within(ip: string, cidr: string): boolean {
    let list = lists.get(cidr);
    if (!list) {
        const [network = "", prefix] = cidr.split("/");
        list = new BlockList();
        list.addSubnet(network, Number(prefix), familyOf(network));
        lists.set(cidr, list);
    }
    // A list of IPv4 also knows its addresses as they are written in IPv6, which no packet has.
    return isIPv6(ip) === cidr.includes(":") && list.check(ip, familyOf(ip));
}

/** Whether labels are what a selector asks for. An empty selector asks for nothing. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
    const equal = Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
    const expressions = (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
        const value = labels[key];
        switch (operator) {
            case "In":
                return value !== undefined && values.includes(value);
            case "NotIn":
                return value === undefined || !values.includes(value);
            case "Exists":
                return value !== undefined;
            case "DoesNotExist":
                return value === undefined;
        }
    });
    return equal && expressions;
}

function isPeer(
    { ipBlock, podSelector, namespaceSelector }: Peer,
    other: Endpoint,
    home: string,
    namespaces: Policies["namespaces"],
): boolean {
    if (ipBlock) return within(other.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => within(other.ip, cidr));
    if (!isPod(other) || !(podSelector || namespaceSelector)) return false;
    const { namespace } = other;
    const inNamespace = namespaceSelector
        ? selects(namespaceSelector, { ...namespaces?.[namespace], "kubernetes.io/metadata.name": namespace })
        : namespace === home;
    return inNamespace && selects(podSelector, other.labels);
}

function isPort({ protocol = "TCP", port, endPort }: PolicyPort, target: Endpoint, to: Port): boolean {
    if (protocol !== to.protocol) return false;
    if (port === undefined) return true;
    if (typeof port === "number") return to.port >= port && to.port <= (endPort ?? port);
    const named = isPod(target) ? (target.ports ?? []) : [];
    return named.some((one) => one.name === port && one.protocol === protocol && one.port === to.port);
}

const typesOf = ({ policyTypes, egress }: Spec) =>
    policyTypes?.length ? policyTypes : egress?.length ? ["Ingress", "Egress"] : ["Ingress"];

const anything = () => true;

/** What the policies of a pod say about connections with another end, in one direction: which ports are open. */
export function gate(
    direction: "Ingress" | "Egress",
    pod: Endpoint,
    other: Endpoint,
    { policies, namespaces }: Policies,
): (port: Port) => boolean {
    if (!isPod(pod) || pod.ip === other.ip) return anything;
    const selecting = policies.filter(
        ({ namespace, spec }) => namespace === pod.namespace && selects(spec.podSelector, pod.labels) && typesOf(spec).includes(direction),
    );
    if (selecting.length === 0) return anything;
    const target = direction === "Ingress" ? pod : other;
    const ports = selecting.flatMap(({ namespace, spec }) => {
        const rules =
            direction === "Ingress"
                ? (spec.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
                : (spec.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
        return rules
            .filter(({ peers }) => !peers?.length || peers.some((peer) => isPeer(peer, other, namespace, namespaces)))
            .map((rule) => rule.ports);
    });
    return (port) => ports.some((list) => !list?.length || list.some((one) => isPort(one, target, port)));
}

/** Whether a connection gets through: out of where it comes from, and into where it goes. A pod always reaches itself. */
export function reaches(policies: Policies, from: Endpoint, to: Endpoint, port: Port): boolean {
    return gate("Egress", from, to, policies)(port) && gate("Ingress", to, from, policies)(port);
}
