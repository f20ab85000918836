/**
 * What NetworkPolicies mean, written down a second time and in another way: one question about one connection, answered
 * after https://kubernetes.io/docs/concepts/services-networking/network-policies/.
 */
import type { LabelSelector, NetworkPolicy, PlacedPod, PolicyPeer, PolicyPort, World } from "../../../embedded/cluster/enforcer/world.ts";
import type { Packet } from "./simulator.ts";

function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
    const wanted = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In", values: [value] }));
    for (const { key, operator, values } of [...wanted, ...(selector?.matchExpressions ?? [])]) {
        const has = key in labels;
        const listed = has && (values ?? []).includes(labels[key] ?? "");
        if ({ In: !listed, NotIn: listed, Exists: !has, DoesNotExist: has }[operator] ?? true) return false;
    }
    return true;
}

const bits = (address: string): string =>
    address
        .split(".")
        .map((part) => Number(part).toString(2).padStart(8, "0"))
        .join("");

const inside = (address: string, cidr: string): boolean => {
    const [network = "", length = "32"] = cidr.split("/");
    return !cidr.includes(":") && bits(address).slice(0, Number(length)) === bits(network).slice(0, Number(length));
};

function isPeer(peer: PolicyPeer, address: string, world: World, home: string): boolean {
    if (peer.ipBlock) return inside(address, peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some((cidr) => inside(address, cidr));
    return world.pods.some((pod) => {
        if (pod.address !== address || (peer.podSelector && !selects(peer.podSelector, pod.labels))) return false;
        if (!peer.namespaceSelector) return pod.namespace === home;
        const labels = world.namespaces.get(pod.namespace);
        return labels !== undefined && selects(peer.namespaceSelector, labels);
    });
}

function isPort({ protocol = "TCP", port, endPort }: PolicyPort, packet: Packet, world: World): boolean {
    if (protocol !== packet.protocol) return false;
    if (port === undefined) return true;
    if (typeof port === "number") return packet.port >= port && packet.port <= (endPort ?? port);
    const target = world.pods.filter((pod) => pod.address === packet.to).flatMap((pod) => pod.ports);
    return target.some((each) => each.name === port && each.protocol === protocol && each.port === packet.port);
}

function typesOf({ spec }: NetworkPolicy): readonly string[] {
    return spec.policyTypes ?? (spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"]);
}

function allows(type: "Ingress" | "Egress", pod: PlacedPod, packet: Packet, world: World): boolean {
    const mine = world.policies.filter(
        (policy) =>
            policy.metadata.namespace === pod.namespace && selects(policy.spec.podSelector, pod.labels) && typesOf(policy).includes(type),
    );
    if (mine.length === 0) return true;
    const other = type === "Ingress" ? packet.from : packet.to;
    return mine.some(({ spec }) => {
        const rules =
            type === "Ingress"
                ? spec.ingress?.map((rule) => [rule.from, rule.ports] as const)
                : spec.egress?.map((rule) => [rule.to, rule.ports] as const);
        return (rules ?? []).some(
            ([peers, ports]) =>
                (!peers?.length || peers.some((peer) => isPeer(peer, other, world, pod.namespace))) &&
                (!ports?.length || ports.some((port) => isPort(port, packet, world))),
        );
    });
}

/** Whether the policies of the world let a connection come about. */
export function allowed(packet: Packet, world: World): boolean {
    if (packet.from === packet.to) return true;
    const sender = world.pods.find((pod) => pod.address === packet.from);
    const receiver = world.pods.find((pod) => pod.address === packet.to);
    return (!sender || allows("Egress", sender, packet, world)) && (!receiver || allows("Ingress", receiver, packet, world));
}
