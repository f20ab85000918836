/**
 * From the cluster's policies to the rules of one node: every packet that the node forwards from or to one of its pods
 * is judged by the policies that select the pod, in each direction that one of them isolates. Pure.
 */
import { createHash } from "node:crypto";
import { blockRanges, toAddress, toNumber, union, type Range } from "./ranges.ts";
import type { NamedSet, Table } from "./table.ts";
import { matches, type NetworkPolicy, type PlacedPod, type PolicyPeer, type PolicyPort, type Protocol, type World } from "./world.ts";

type Direction = "ingress" | "egress";
const TYPES = { ingress: "Ingress", egress: "Egress" } as const;
const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

/** Where a packet goes on that its sender's policies let pass: to the policies of the receiver. */
const RECEIVER = "receiver";
const VERDICT = { ingress: "accept", egress: `goto ${RECEIVER}` } as const;
const BASE = "forwarded";

const ADDRESS = "ipv4_addr";

function hash(...parts: readonly unknown[]): string {
    return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** One node's pod network and the world's rules for it. */
export function compile(node: { readonly name: string; readonly podCidr: string }, world: World): Table {
    const local = world.pods.filter((pod) => pod.node === node.name);
    const addresses = [...new Set(local.map((pod) => pod.address))].toSorted();
    const sets = new Map<string, NamedSet>([
        ["known", { kind: "set", type: ADDRESS, elements: addresses }],
        ["itself", { kind: "set", type: `${ADDRESS} . ${ADDRESS}`, elements: addresses.map((address) => `${address} . ${address}`) }],
    ]);
    const chains = new Map<string, readonly string[]>([
        [
            BASE,
            [
                "ct state established,related accept",
                // Pods of one node can reach each other with link-local addresses that nobody gave them.
                "meta nfproto ipv6 drop",
                `ip saddr ${node.podCidr} ip saddr != @known drop`,
                `ip daddr ${node.podCidr} ip daddr != @known drop`,
                "ip saddr . ip daddr @itself accept",
                "ip saddr vmap @egress",
                `goto ${RECEIVER}`,
            ],
        ],
        [RECEIVER, ["ip daddr vmap @ingress", "accept"]],
    ]);
    for (const direction of ["egress", "ingress"] as const) {
        const judged: string[] = [];
        for (const pod of local) {
            const policies = isolating(pod, direction, world.policies);
            if (!policies.length) continue;
            const names = policies.map((policy) => policyChain(policy, direction, world, local, chains, sets));
            const chain = `${direction}_${hash(names)}`;
            chains.set(chain, [...names.map((name) => `jump ${name}`), "drop"]);
            judged.push(`${pod.address} : goto ${chain}`);
        }
        sets.set(direction, { kind: "map", type: `${ADDRESS} : verdict`, elements: [...new Set(judged)].toSorted() });
    }
    return { sets, chains, base: BASE };
}

/** The policies that isolate a pod in a direction. */
function isolating(pod: PlacedPod, direction: Direction, policies: readonly NetworkPolicy[]): NetworkPolicy[] {
    return policies.filter(
        ({ metadata, spec }) =>
            metadata.namespace === pod.namespace &&
            (spec.policyTypes ?? ["Ingress", ...(spec.egress?.length ? ["Egress"] : [])]).includes(TYPES[direction]) &&
            matches(spec.podSelector ?? {}, pod.labels),
    );
}

/** Makes the chain with what a policy allows in a direction, and the sets of its peers; answers its name. */
function policyChain(
    policy: NetworkPolicy,
    direction: Direction,
    world: World,
    local: readonly PlacedPod[],
    chains: Map<string, readonly string[]>,
    sets: Map<string, NamedSet>,
): string {
    const { name, namespace } = policy.metadata;
    const chain = `policy_${hash(direction, namespace, name)}`;
    if (chains.has(chain)) return chain;
    const selected = local.filter((pod) => pod.namespace === namespace && matches(policy.spec.podSelector ?? {}, pod.labels));
    const rules = (direction === "ingress" ? policy.spec.ingress : policy.spec.egress) ?? [];
    chains.set(chain, [
        ...new Set(
            rules.flatMap((rule) => {
                const peers = ("from" in rule ? rule.from : "to" in rule ? rule.to : undefined) ?? [];
                const chosen = choose(peers, namespace, world);
                return ruleLines(direction, chosen, peersMatches(direction, chosen, sets), rule.ports ?? [], selected);
            }),
        ),
    ]);
    return chain;
}

/** Who a rule is about: everybody, or these pods and these addresses. */
interface Chosen {
    readonly everybody: boolean;
    /** What stands for the choice of the pods, whoever they are now. */
    readonly key: string;
    readonly pods: readonly PlacedPod[];
    readonly blocks: readonly Range[];
    /** The pods among them by whatever they were chosen, whose ports' names count. */
    readonly named: readonly PlacedPod[];
}

function choose(peers: readonly PolicyPeer[], namespace: string, world: World): Chosen {
    if (!peers.length) return { everybody: true, key: "", pods: [], blocks: [], named: world.pods };
    const selectors = peers.filter((peer) => !peer.ipBlock);
    const pods = world.pods.filter((pod) => selectors.some((peer) => isPeer(peer, pod, namespace, world)));
    const blocks = union(peers.flatMap((peer) => (peer.ipBlock ? blockRanges(peer.ipBlock) : [])));
    const inBlock = ({ address }: PlacedPod): boolean =>
        blocks.some(([first, last]) => first <= toNumber(address) && toNumber(address) <= last);
    return {
        everybody: false,
        key: hash(selectors.some((peer) => !peer.namespaceSelector) ? namespace : "", selectors),
        pods,
        blocks,
        named: world.pods.filter((pod) => pods.includes(pod) || inBlock(pod)),
    };
}

function isPeer({ namespaceSelector, podSelector }: PolicyPeer, pod: PlacedPod, namespace: string, world: World): boolean {
    const labels = world.namespaces.get(pod.namespace);
    const inNamespace = namespaceSelector ? labels !== undefined && matches(namespaceSelector, labels) : pod.namespace === namespace;
    return inNamespace && (!podSelector || matches(podSelector, pod.labels));
}

/** The beginnings of the rules that let the peers pass; a set for the pods among them, which come and go. */
function peersMatches(direction: Direction, chosen: Chosen, sets: Map<string, NamedSet>): string[] {
    if (chosen.everybody) return [""];
    const side = direction === "ingress" ? "ip saddr" : "ip daddr";
    const lines: string[] = [];
    if (chosen.pods.length) {
        const name = `pods_${chosen.key}`;
        sets.set(name, { kind: "set", type: ADDRESS, elements: [...new Set(chosen.pods.map((pod) => pod.address))].toSorted() });
        lines.push(`${side} @${name} `);
    }
    if (chosen.blocks.length) lines.push(`${side} { ${chosen.blocks.map((range) => written(range, toAddress)).join(", ")} } `);
    return lines;
}

function written([first, last]: Range, write: (value: number) => string): string {
    return first === last ? write(first) : `${write(first)}-${write(last)}`;
}

function ruleLines(
    direction: Direction,
    chosen: Chosen,
    beginnings: readonly string[],
    ports: readonly PolicyPort[],
    selected: readonly PlacedPod[],
): string[] {
    const verdict = VERDICT[direction];
    if (!ports.length) return beginnings.map((begin) => `${begin}${verdict}`);
    return PROTOCOLS.flatMap((protocol) => {
        const name = protocol.toLowerCase();
        const those = ports.filter((port) => (port.protocol ?? "TCP") === protocol);
        if (!those.length) return [];
        if (those.some(({ port }) => port === undefined)) return beginnings.map((begin) => `${begin}meta l4proto ${name} ${verdict}`);
        const numbers = those.flatMap(({ port, endPort }): Range[] => (typeof port === "number" ? [[port, endPort ?? port]] : []));
        const names = those.flatMap(({ port }) => (typeof port === "string" ? [port] : []));
        // A name stands for a port of the pod that is connected to: the selected one, or the peer.
        const ends = named(names, protocol, direction === "ingress" ? selected : chosen.named);
        const byNumber = numbers.length
            ? `${name} dport { ${union(numbers)
                  .map((range) => written(range, String))
                  .join(", ")} } `
            : undefined;
        const byName = ends.length ? `ip daddr . ${name} dport { ${ends.join(", ")} } ` : undefined;
        return [
            ...(byNumber ? beginnings.map((begin) => `${begin}${byNumber}${verdict}`) : []),
            ...(byName ? (direction === "ingress" ? beginnings : [""]).map((begin) => `${begin}${byName}${verdict}`) : []),
        ];
    });
}

/** `address . port` of the pods' ports with one of the names. */
function named(names: readonly string[], protocol: Protocol, pods: readonly PlacedPod[]): string[] {
    const found = pods.flatMap((pod) =>
        pod.ports.filter((port) => port.protocol === protocol && names.includes(port.name)).map((port) => `${pod.address} . ${port.port}`),
    );
    return [...new Set(found)].toSorted();
}
