/** Random clusters: few names, so that selectors meet labels often. */
import * as fc from "fast-check";
import type {
    LabelSelector,
    Labels,
    NetworkPolicy,
    PlacedPod,
    PolicyPeer,
    PolicyPort,
    World,
} from "../../../embedded/cluster/enforcer/world.ts";
import type { Packet } from "./simulator.ts";

export const NODES = [
    { name: "node-1", podCidr: "10.244.1.0/24" },
    { name: "node-2", podCidr: "10.244.2.0/24" },
] as const;
const OUTSIDE = ["10.200.0.1", "203.0.113.9", "169.254.169.254", "192.168.7.7", "10.244.200.7"];

const namespace = fc.constantFrom("x", "y", "z");
const labels: fc.Arbitrary<Labels> = fc.dictionary(fc.constantFrom("app", "role"), fc.constantFrom("a", "b"), { maxKeys: 2 });
const protocol = fc.constantFrom("TCP", "UDP", "SCTP" as const);
const port = fc.constantFrom(53, 80, 81, 8080, 65535);
const portName = fc.constantFrom("http", "dns");

const selector: fc.Arbitrary<LabelSelector> = fc.oneof(
    fc.constant({}),
    fc.record({ matchLabels: labels }),
    fc.record({
        matchExpressions: fc.array(
            fc.record({
                key: fc.constantFrom("app", "role"),
                operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
                values: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
            }),
            { minLength: 1, maxLength: 2 },
        ),
    }),
);

const cidr = fc.constantFrom(
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.244.0.0/16",
    "10.244.1.0/30",
    "10.200.0.1/32",
    "169.254.0.0/16",
    "203.0.113.0/24",
    "fd00::/8",
);
const peer: fc.Arbitrary<PolicyPeer> = fc.oneof(
    fc.record({ podSelector: selector }),
    fc.record({ namespaceSelector: selector }),
    fc.record({ podSelector: selector, namespaceSelector: selector }),
    fc.record({ ipBlock: fc.record({ cidr, except: fc.array(cidr, { maxLength: 2 }) }, { requiredKeys: ["cidr"] }) }),
);
const policyPort: fc.Arbitrary<PolicyPort> = fc.oneof(
    fc.record({ protocol, port: fc.oneof(port, portName) }, { requiredKeys: [] }),
    fc.record({ protocol, port: fc.constantFrom(53, 80), endPort: fc.constantFrom(81, 8080) }),
);
const ports = fc.array(policyPort, { maxLength: 3 });
const peers = fc.array(peer, { maxLength: 2 });

const policy = (name: string): fc.Arbitrary<NetworkPolicy> =>
    fc.record({
        metadata: fc.record({ name: fc.constant(name), namespace }),
        spec: fc.record(
            {
                podSelector: selector,
                policyTypes: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]) as fc.Arbitrary<("Ingress" | "Egress")[]>,
                ingress: fc.array(fc.record({ from: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
                egress: fc.array(fc.record({ to: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
            },
            { requiredKeys: ["podSelector"] },
        ),
    });

const pod = (index: number): fc.Arbitrary<PlacedPod> => {
    const node = NODES[index % NODES.length] ?? NODES[0];
    return fc.record({
        uid: fc.constant(`u${index}`),
        name: fc.constant(`p${index}`),
        namespace,
        labels,
        node: fc.constant(node.name),
        address: fc.constant(node.podCidr.replace("0/24", String(index + 2))),
        ports: fc.array(fc.record({ name: portName, protocol, port }), { maxLength: 2 }),
    });
};

/** Up to seven pods on two nodes. */
export const world: fc.Arbitrary<World> = fc.record({
    namespaces: fc.record({ x: labels, y: labels, z: labels }).map((all) => new Map(Object.entries(all))),
    policies: fc.integer({ min: 0, max: 5 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => policy(`p${i}`)))),
    pods: fc.integer({ min: 1, max: 7 }).chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => pod(i)))),
});

/** Every pair of pods and outside addresses, with every protocol and some ports. */
export function packets(world: World): Packet[] {
    const ends = [...world.pods.map((each) => each.address), ...OUTSIDE];
    const kinds = (["TCP", "UDP", "SCTP"] as const).flatMap((each) =>
        [53, 79, 80, 81, 82, 8080, 65535].map((number) => ({ protocol: each, port: number })),
    );
    return ends.flatMap((from) => ends.flatMap((to) => kinds.map((kind) => ({ from, to, ...kind }))));
}

/** The nodes that forward a packet: those of its pods. */
export function nodesOf(world: World, packet: Packet): string[] {
    return [...new Set(world.pods.filter(({ address }) => address === packet.from || address === packet.to).map((each) => each.node))];
}
