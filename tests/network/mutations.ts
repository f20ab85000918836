/** Every way to drop a policy or a part of it, to widen it, or to mistake its grammar: one small change at a time. */
import { beside } from "./ranges.ts";
import type { LabelSelector, Peer, PlacedPolicy, PolicyPort, Spec } from "./evaluator.ts";

export interface Mutation {
    /** What was changed, readable. */
    readonly what: string;
    readonly policies: PlacedPolicy[];
    /** The namespace of the policy, where all changes show. */
    readonly namespace: string;
}

type Changed<Value> = readonly [what: string, value: Value];

const without = <Item>(list: readonly Item[], index: number): Item[] => list.filter((_, at) => at !== index);
const replaced = <Item>(list: readonly Item[], index: number, ...items: Item[]): Item[] => list.toSpliced(index, 1, ...items);

function ofSelector(selector: LabelSelector): Changed<LabelSelector>[] {
    const labels = Object.entries(selector.matchLabels ?? {});
    return labels.map(([key]) => [
        `loses the label ${key}`,
        { ...selector, matchLabels: Object.fromEntries(labels.filter(([other]) => other !== key)) },
    ]);
}

/** A range only grows where the other half is nobody's yet. */
function ofBlock({ cidr, except = [] }: NonNullable<Peer["ipBlock"]>, peers: readonly Peer[]): Changed<Peer>[] {
    const [network = "", prefix = "0"] = cidr.split("/");
    const excepts = except.map((range, index): Changed<Peer> => [
        `no longer excepts ${range}`,
        { ipBlock: { cidr, except: without(except, index) } },
    ]);
    const wider: Changed<Peer>[] =
        prefix === "0" || peers.some(({ ipBlock }) => ipBlock?.cidr === beside(cidr))
            ? []
            : [[`${cidr} grows to twice its size`, { ipBlock: { cidr: `${network}/${Number(prefix) - 1}`, except } }]];
    return [...excepts, ...wider];
}

/** One peer with a change; several where one becomes two. Without its namespace it is the policy's own, which may be the same. */
function ofPeer(peer: Peer, peers: readonly Peer[], own: string): Changed<Peer[]>[] {
    const { ipBlock, namespaceSelector, podSelector } = peer;
    if (ipBlock) return ofBlock(ipBlock, peers).map(([what, changed]) => [what, [changed]]);
    if (!namespaceSelector || !podSelector) throw new Error("a peer of pods names their namespace and their labels");
    const isOwn = namespaceSelector.matchLabels?.["kubernetes.io/metadata.name"] === own;
    return [
        ["pods of every namespace", [{ namespaceSelector: {}, podSelector }]],
        ...(isOwn ? [] : [["pods of the policy's own namespace", [{ podSelector }]] as Changed<Peer[]>]),
        ["every pod of the namespace", [{ namespaceSelector }]],
        ["the namespace or the pods, not both", [{ namespaceSelector }, { podSelector }]],
        ...ofSelector(podSelector).map(([what, changed]): Changed<Peer[]> => [what, [{ namespaceSelector, podSelector: changed }]]),
    ];
}

function ofPort(port: PolicyPort): Changed<PolicyPort>[] {
    const { protocol, port: first, endPort } = port;
    if (typeof first !== "number") throw new Error("ports are numbers here");
    return [
        ["another protocol", { ...port, protocol: protocol === "UDP" ? "TCP" : "UDP" }],
        ...(first === 1 && endPort === 65535 ? [] : [["every port", { ...(protocol && { protocol }) }] as const]),
        ...(first > 1 ? [["one port more before", { ...port, port: first - 1, endPort: endPort ?? first }] as const] : []),
        ...(first < 65535 && endPort === undefined ? [["one port more after", { ...port, endPort: first + 1 }] as const] : []),
        ...(endPort === undefined ? [] : [["the first port alone", { ...(protocol && { protocol }), port: first }] as const]),
    ];
}

interface Rule {
    readonly peers: readonly Peer[] | undefined;
    readonly ports: readonly PolicyPort[];
}

function ofRule({ peers, ports }: Rule, own: string): Changed<Rule>[] {
    const ofPeers = (peers ?? []).flatMap((peer, index): Changed<Rule>[] => [
        [`peer ${index} is gone`, { peers: without(peers ?? [], index), ports }],
        ...ofPeer(peer, peers ?? [], own).map(([what, changed]): Changed<Rule> => [
            `peer ${index}: ${what}`,
            { peers: replaced(peers ?? [], index, ...changed), ports },
        ]),
    ]);
    const ofPorts = ports.flatMap((port, index): Changed<Rule>[] => [
        [`port ${port.port} ${port.protocol} is gone`, { peers, ports: without(ports, index) }],
        ...ofPort(port).map(([what, changed]): Changed<Rule> => [
            `port ${port.port} ${port.protocol}: ${what}`,
            { peers, ports: replaced(ports, index, changed) },
        ]),
    ]);
    return [
        ...(peers ? [["from and to anybody", { peers: undefined, ports }] as const] : []),
        ...ofPeers,
        ["on any port", { peers, ports: [] }],
        ...ofPorts,
    ];
}

const DIRECTIONS = [
    ["Ingress", "ingress", "from"],
    ["Egress", "egress", "to"],
] as const;

function ofSpec(spec: Spec, own: string): Changed<Spec>[] {
    const { podSelector = {}, policyTypes = [] } = spec;
    const changes: Changed<Spec>[] = [
        ...(podSelector.matchLabels ? [["selects every pod", { ...spec, podSelector: {} }] as const] : []),
        ...ofSelector(podSelector).map(([what, changed]): Changed<Spec> => [what, { ...spec, podSelector: changed }]),
    ];
    for (const [type, direction, side] of DIRECTIONS) {
        if (!policyTypes.includes(type)) continue;
        const rules: readonly Rule[] = (spec[direction] ?? []).map((rule) => ({
            peers: (rule as Record<string, readonly Peer[] | undefined>)[side],
            ports: rule.ports ?? [],
        }));
        const written = (changed: readonly Rule[]): Spec => ({
            ...spec,
            [direction]: changed.map(({ peers, ports }) => ({ ...(peers && { [side]: peers }), ...(ports.length ? { ports } : {}) })),
        });
        // The namespace's default denies a direction in which a policy allows nothing, with the policy or without it.
        if (rules.length)
            changes.push([`${direction} is no longer its business`, { ...spec, policyTypes: [type === "Ingress" ? "Egress" : "Ingress"] }]);
        changes.push([`${direction} is open`, { ...spec, [direction]: [{}] }]);
        for (const [index, rule] of rules.entries()) {
            const name = `${direction} ${index}`;
            changes.push([`${name} is gone`, written(without(rules, index))]);
            for (const [what, changed] of ofRule(rule, own)) changes.push([`${name}: ${what}`, written(replaced(rules, index, changed))]);
        }
    }
    return changes;
}

/** Every single change of every policy. */
export function mutationsOf(policies: readonly PlacedPolicy[]): Mutation[] {
    return policies.flatMap((policy, index) => {
        const { namespace, name, spec } = policy;
        const label = `${namespace}/${name}`;
        return [
            { what: `${label} is gone`, namespace, policies: without(policies, index) },
            ...ofSpec(spec, namespace).map(([what, changed]) => ({
                what: `${label}: ${what}`,
                namespace,
                policies: replaced(policies, index, { ...policy, spec: changed }),
            })),
        ];
    });
}
