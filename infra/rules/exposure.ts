import { NAMESPACES } from "../../components/namespaces/names.ts";
import { NODE_PORTS } from "../../stacks/primitives.ts";
import type { Settings } from "../schema/settings.ts";
import { parseRange, textOf } from "./addresses.ts";
import { beside, repeated, when, type Problem, type Rule } from "./rule.ts";
import { isFound } from "../sentences.ts";

/** The widest range that belongs to one operator of proxies, by address family. */
const WIDEST = { 4: 8, 6: 16 } as const;

/** What is wrong with a list of ranges that are trusted with something, each of them at its place. */
function wideRanges(ranges: readonly string[], path: readonly string[], whose: string): readonly Problem[] {
    return ranges.flatMap((text, index): readonly Problem[] => {
        const at = [...path, index];
        const range = parseRange(text);
        if (!range) return [{ path: at, fix: "give an address range such as 203.0.113.0/24" }];
        const widest = WIDEST[range.family];
        if (range.prefix < widest)
            return [{ path: at, fix: `it is wider than any ${whose}: give each range of theirs, /${widest} or narrower` }];
        return when(!range.exact, { path: at, fix: `begin the range with its first address: ${textOf(range)}` });
    });
}

function trustedRanges({ frontDoor }: Settings): readonly Problem[] {
    if (frontDoor.mode === "direct") return [];
    const path = ["frontDoor", "trustedRanges"];
    return [
        ...wideRanges(frontDoor.trustedRanges, path, "proxy's, and whoever is in it could say where a request comes from"),
        ...when(frontDoor.mode === "proxy" && frontDoor.trustedRanges.length === 0, {
            path,
            fix: "give the ranges the proxy connects from: from them alone X-Forwarded-For and X-Forwarded-Proto are believed",
        }),
    ];
}

/** Whether the cluster comes with an ingress controller of k3s's own. */
const hasPackaged = ({ topology }: Settings) =>
    topology.kind === "k3s" || (topology.kind === "existing" && topology.distribution === "k3s");

type PlacedPort = readonly [port: number, path: readonly string[]];

/** Ports that the settings claim of one machine: this one's, or each node's. */
function claimedPorts({ topology, registry }: Settings): readonly PlacedPort[] {
    if (topology.kind === "existing") {
        const { edge } = topology;
        return edge.kind === "nodePort" ? (["http", "https"] as const).map((key) => [edge[key], ["topology", "edge", key]]) : [];
    }
    const published = Object.entries(topology).flatMap(([key, value]): PlacedPort[] =>
        key.endsWith("Port") && typeof value === "number" ? [[value, ["topology", key]]] : [],
    );
    return registry.mode === "kind-container" ? [...published, [registry.port, ["registry", "port"]]] : published;
}

const bundled = ({ registry }: Settings) => registry.mode === "bundled-http" || registry.mode === "bundled-https";

function nodePorts(settings: Settings): readonly Problem[] {
    const { topology } = settings;
    if (topology.kind !== "existing" || topology.edge.kind !== "nodePort") return [];
    const { edge } = topology;
    return (["http", "https"] as const).flatMap((key) => {
        const path = ["topology", "edge", key];
        if (edge[key] < 30000 || edge[key] > 32767) return [{ path, fix: "a NodePort is 30000 to 32767" }];
        return when(bundled(settings) && edge[key] === NODE_PORTS.registry, {
            path,
            fix: "it is the registry's NodePort: give another from 30000 to 32767",
        });
    });
}

/** Namespaces that are made whoever owns the ingress; the edge's is not. */
const OWN_NAMESPACES: readonly string[] = Object.values(NAMESPACES).filter((name) => name !== NAMESPACES.edge);

export const exposureRules: readonly Rule[] = [
    {
        id: "trusted-ranges",
        keys: ["frontDoor"],
        says: "`proxy` needs `trustedRanges`: ranges of the proxy, never the whole internet (at most a /8, or a /16 of IPv6), each beginning with its first address",
        check: trustedRanges,
    },
    {
        id: "api-server-ranges",
        keys: ["topology"],
        says: "An existing cluster's `apiServer.addresses` are ranges of the API server: at most a /8, or a /16 of IPv6, each beginning with its first address",
        check: ({ topology }) =>
            topology.kind === "existing"
                ? wideRanges(
                      topology.apiServer.addresses,
                      ["topology", "apiServer", "addresses"],
                      "API server's, and the operator would be let out to all of it",
                  )
                : [],
    },
    {
        id: "packaged-ingress",
        keys: ["ingress", "topology"],
        says: "`packaged` needs k3s, whose own Traefik it is",
        check: (settings) =>
            when(settings.ingress.owner === "packaged" && !hasPackaged(settings), {
                path: ["ingress", "owner"],
                found: beside("packaged", "topology.kind", settings.topology.kind),
                fix: "only k3s packages an ingress controller: use platform, or existing for one that is there already",
            }),
    },
    {
        id: "packaged-exposure",
        keys: ["ingress", "topology"],
        says: "`packaged` is reached through a load balancer, as k3s makes it: not through NodePorts of the edge",
        check: ({ ingress, topology }) =>
            when(ingress.owner === "packaged" && topology.kind === "existing" && topology.edge.kind === "nodePort", {
                path: ["topology", "edge", "kind"],
                found: beside("nodePort", "ingress.owner", ingress.owner),
                fix: "k3s puts its own controller behind ServiceLB: use loadBalancer, or ingress.owner platform",
            }),
    },
    {
        id: "existing-ingress",
        keys: ["ingress", "topology"],
        says: "`existing` needs a cluster that others made: in `embedded` and `kind` no controller can be there before",
        check: ({ ingress, topology }) =>
            when(ingress.owner === "existing" && (topology.kind === "embedded" || topology.kind === "kind"), {
                path: ["ingress", "owner"],
                found: beside("existing", "topology.kind", topology.kind),
                fix: "the cluster is made with the platform, so that no controller is there before: use platform",
            }),
    },
    {
        id: "ingress-labels",
        keys: ["ingress"],
        says: "An existing controller's pods are selected by one label at least",
        check: ({ ingress }) =>
            when(ingress.owner === "existing" && Object.keys(ingress.podLabels).length === 0, {
                path: ["ingress", "podLabels"],
                found: isFound({}),
                fix: 'every pod of the namespace would be let in: give the labels of the controller\'s pods, such as { "app.kubernetes.io/name": "ingress-nginx" }',
            }),
    },
    {
        id: "ingress-namespace",
        keys: ["ingress"],
        says: "An existing controller is in none of the namespaces that the platform makes for itself",
        check: ({ ingress }) =>
            when(ingress.owner === "existing" && OWN_NAMESPACES.includes(ingress.namespace), {
                path: ["ingress", "namespace"],
                fix: "the platform makes that namespace and denies all traffic in it but its own: give the controller's namespace",
            }),
    },
    {
        id: "distinct-ports",
        keys: ["topology", "registry"],
        says: "No two ports on the same machine are the same",
        check: (settings) => {
            const ports = claimedPorts(settings);
            return repeated(ports.map(([port], index) => [port, index] as const)).map(([, before, at]) => ({
                path: ports[at]?.[1] ?? [],
                fix: `${ports[before]?.[1].join(".")} is the same: give each a port of its own`,
            }));
        },
    },
    {
        id: "node-ports",
        keys: ["topology", "registry"],
        says: "NodePorts of the edge are 30000 to 32767, and not the registry's 32000",
        check: nodePorts,
    },
];
