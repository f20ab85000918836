import { isIP } from "node:net";
import type { Settings } from "../schema/settings.ts";
import { overlaps, parseRange } from "./addresses.ts";
import { repeated, when, type Problem, type Rule } from "./rule.ts";
import { isFound } from "../sentences.ts";

type K3s = Extract<Settings["topology"], { kind: "k3s" }>;

/** A check of the hosts of a k3s topology; of other topologies there is nothing to say. */
const ofK3s =
    (check: (topology: K3s, settings: Settings) => readonly Problem[]): Rule["check"] =>
    (settings) =>
        settings.topology.kind === "k3s" ? check(settings.topology, settings) : [];

const list = (names: readonly string[]) => (names.length === 0 ? "" : ` (${names.join(", ")})`);

function serverCount({ nodes }: K3s): readonly Problem[] {
    const servers = nodes.filter(({ role }) => role === "server").map(({ name }) => name);
    const count = servers.length;
    if (count % 2 === 1) return [];
    const words = count === 0 ? "no node with the role server" : `${count} servers${list(servers)}`;
    const why =
        count === 0
            ? "give one node that role, or three"
            : count === 2
              ? "with two, the loss of either one stops the cluster: give 1, or 3 for a control plane that survives the loss of one"
              : `an even number survives no more than ${count - 1} do: give ${count - 1} or ${count + 1}`;
    return [{ path: ["topology", "nodes"], found: `has ${words}`, fix: why }];
}

function repeatedNames({ topology }: Settings): readonly Problem[] {
    const inside = ["topology", "nodes"];
    if (topology.kind === "existing")
        return repeated((topology.nodes ?? []).map((name, index) => [name, index] as const)).map(([, before, at]) => ({
            path: [...inside, at],
            fix: `nodes[${before}] is the same: remove one`,
        }));
    if (topology.kind !== "k3s") return [];
    return repeated(topology.nodes.map(({ name }, index) => [name, index] as const)).map(([, before, at]) => ({
        path: [...inside, at, "name"],
        fix: `nodes[${before}] has that name already: a node that joins under it would take the other's place; give another`,
    }));
}

/** Ranges that no other machine reaches a node at. */
const UNUSABLE = [
    ["0.0.0.0/8", "no address of a host"],
    ["127.0.0.0/8", "a loopback address"],
    ["169.254.0.0/16", "a link-local address"],
    ["224.0.0.0/3", "a multicast or reserved address"],
    ["::/127", "no address that others reach"],
    ["fe80::/10", "a link-local address"],
    ["ff00::/8", "a multicast address"],
] as const;

function unusableAddresses({ nodes }: K3s): readonly Problem[] {
    return nodes.flatMap((node, index) =>
        (["address", "publicAddress"] as const).flatMap((field) => {
            const range = parseRange(node[field] ?? "");
            const bad = range && UNUSABLE.find(([text]) => overlaps(range, parseRange(text) ?? range));
            return bad
                ? [
                      {
                          path: ["topology", "nodes", index, field],
                          fix: `it is ${bad[1]}: give one that other machines reach ${node.name} at`,
                      },
                  ]
                : [];
        }),
    );
}

function repeatedAddresses({ nodes }: K3s): readonly Problem[] {
    const addresses = nodes.flatMap(({ address, publicAddress }, index) =>
        [address, publicAddress].flatMap((text) => {
            const range = text === undefined ? undefined : parseRange(text);
            return range ? [[`${range.family}/${range.first}`, index] as const] : [];
        }),
    );
    return repeated(addresses).map(([key, before, at]) => {
        const same = (text?: string) => {
            const range = text === undefined ? undefined : parseRange(text);
            return range !== undefined && `${range.family}/${range.first}` === key;
        };
        const field = same(nodes[at]?.address) ? "address" : "publicAddress";
        return { path: ["topology", "nodes", at, field], fix: `${nodes[before]?.name} has it already: give ${nodes[at]?.name} its own` };
    });
}

function architectures({ nodes }: K3s): readonly Problem[] {
    const kinds = [...new Set(nodes.map(({ architecture }) => architecture))];
    const words = kinds.map((kind) => `${kind}${list(nodes.filter(({ architecture }) => architecture === kind).map(({ name }) => name))}`);
    return when(kinds.length > 1, {
        path: ["topology", "nodes"],
        found: `has the architectures ${words.join(" and ")}`,
        fix: "images are made for one: give all nodes the same architecture, and the others a cluster of their own",
    });
}

const HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const nodeRules: readonly Rule[] = [
    {
        id: "server-count",
        keys: ["topology"],
        says: "A k3s cluster has 1 server, or 3 or more of an odd number; two are refused, for each of them would be one too many to lose",
        check: ofK3s(serverCount),
    },
    {
        id: "ingress-node",
        keys: ["topology", "ingress"],
        says: "A k3s cluster needs a node with the role `ingress`, unless an existing controller takes the traffic",
        check: ofK3s(({ nodes }, { ingress }) =>
            when(ingress.owner !== "existing" && !nodes.some(({ role }) => role === "ingress"), {
                path: ["topology", "nodes"],
                found: "has no node with the role ingress",
                fix: "ServiceLB is pinned to such nodes, so that nothing would answer on ports 80 and 443: give one node that role",
            }),
        ),
    },
    {
        id: "node-names",
        keys: ["topology"],
        says: "Every node has a name of its own",
        check: repeatedNames,
    },
    {
        id: "node-addresses",
        keys: ["topology"],
        says: "Every node has addresses of its own, `address` and `publicAddress` alike",
        check: ofK3s(repeatedAddresses),
    },
    {
        id: "usable-addresses",
        keys: ["topology"],
        says: "No address of a node is a loopback, link-local or multicast one",
        check: ofK3s(unusableAddresses),
    },
    {
        id: "one-family",
        keys: ["topology"],
        says: "All nodes reach each other at addresses of one family, IPv4 or IPv6",
        check: ofK3s(({ nodes }) => {
            const [first, ...others] = nodes;
            const other = others.find(({ address }) => isIP(address) !== isIP(first?.address ?? ""));
            return when(other !== undefined, {
                path: ["topology", "nodes", nodes.findIndex((node) => node === other), "address"],
                fix: `${first?.name} has ${first?.address}: pods would not reach each other across families; give all nodes addresses of one`,
            });
        }),
    },
    {
        id: "one-architecture",
        keys: ["topology"],
        says: "All nodes have the same CPU architecture",
        check: ofK3s(architectures),
    },
    {
        id: "api-endpoint",
        keys: ["topology"],
        says: "`apiEndpoint` is a host name or an address, without scheme and port",
        check: ofK3s(({ apiEndpoint }) =>
            when(apiEndpoint !== undefined && isIP(apiEndpoint) === 0 && !HOST.test(apiEndpoint), {
                path: ["topology", "apiEndpoint"],
                fix: "give a host name or an address without scheme and port, such as api.example.com: the port is 6443",
            }),
        ),
    },
];

export const nodeCautions: readonly Rule[] = [
    {
        id: "one-api-endpoint",
        keys: ["topology"],
        says: "Three servers without `apiEndpoint` are reached through the first one, and are not while it is away",
        check: ofK3s(({ nodes, apiEndpoint }) =>
            when(apiEndpoint === undefined && nodes.filter(({ role }) => role === "server").length > 2, {
                path: ["topology", "apiEndpoint"],
                found: isFound(apiEndpoint),
                fix: "the API server is reached through the first server alone: give a name or an address that leads to all of them",
            }),
        ),
    },
];
