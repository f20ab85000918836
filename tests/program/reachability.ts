/** What NetworkPolicies allow, evaluated as Kubernetes defines it. A double of a network plugin. */
import type { PolicyPeer, PolicySpec } from "../../components/network/policies.ts";

export interface Pod {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ip: string;
}

/** An address outside the cluster. */
export interface Address {
    readonly ip: string;
}

export type End = Pod | Address;

export interface PlacedPolicy {
    readonly namespace: string;
    readonly spec: PolicySpec;
}

export interface Port {
    readonly protocol: "TCP" | "UDP";
    readonly port: number;
}

const isPod = (end: End): end is Pod => "namespace" in end;

function numberOf(ip: string): number {
    return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function within(ip: string, cidr: string): boolean {
    const [base = "", bits = "32"] = cidr.split("/");
    const size = 2 ** (32 - Number(bits));
    return Math.floor(numberOf(ip) / size) === Math.floor(numberOf(base) / size);
}

function selects(labels: Readonly<Record<string, string>> | undefined, of: Readonly<Record<string, string>>): boolean {
    return Object.entries(labels ?? {}).every(([key, value]) => of[key] === value);
}

function matches(peer: PolicyPeer, end: End, policyNamespace: string): boolean {
    if (peer.ipBlock) return within(end.ip, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((cidr) => within(end.ip, cidr));
    if (!isPod(end)) return false;
    const inNamespace = peer.namespaceSelector
        ? selects(peer.namespaceSelector.matchLabels, { "kubernetes.io/metadata.name": end.namespace })
        : end.namespace === policyNamespace;
    return inNamespace && selects(peer.podSelector?.matchLabels, end.labels);
}

function open(policies: readonly PlacedPolicy[], pod: Pod, direction: "Ingress" | "Egress", other: End, { protocol, port }: Port): boolean {
    const selecting = policies.filter(
        ({ namespace, spec }) =>
            namespace === pod.namespace && spec.policyTypes.includes(direction) && selects(spec.podSelector.matchLabels, pod.labels),
    );
    if (selecting.length === 0) return true;
    return selecting.some(({ namespace, spec }) => {
        const rules =
            direction === "Ingress"
                ? (spec.ingress ?? []).map((rule) => ({ ...rule, peers: rule.from }))
                : (spec.egress ?? []).map((rule) => ({ ...rule, peers: rule.to }));
        return rules.some(
            (rule) =>
                (rule.peers === undefined || rule.peers.some((peer) => matches(peer, other, namespace))) &&
                rule.ports.some((range) => range.protocol === protocol && port >= range.port && port <= (range.endPort ?? range.port)),
        );
    });
}

/** Whether a connection gets through: out of where it comes from, and into where it goes. */
export function reaches(policies: readonly PlacedPolicy[], from: End, to: End, port: Port): boolean {
    return (!isPod(from) || open(policies, from, "Egress", to, port)) && (!isPod(to) || open(policies, to, "Ingress", from, port));
}
