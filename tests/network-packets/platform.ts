/** A platform with everything it can have, as the packet tests place it: flows, policies, a pod for each role, and strangers. */
import { ADDRESSES, HUB_API_PORT } from "../../embedded/cluster/plan.ts";
import type { Pods, RoleName } from "../../components/network/ends.ts";
import type { NetworkFacts } from "../../components/network/facts.ts";
import { networkOf, type Network } from "../../components/network/flows.ts";
import { policiesOf } from "../../components/network/policies.ts";
import { NAMESPACES, type NamespaceName } from "../../components/namespaces/names.ts";
import { selectorOf } from "../../components/workloads/labels.ts";
import type { End, Lab } from "./lab.ts";
import { OUTSIDE } from "../support/outside.ts";
import { addressOf, type Party } from "./table.ts";

/** Everything a platform can have. */
const ALL: NetworkFacts = {
    features: ["registry", "registryRoute", "edge", "certManager", "challenges", "mesh"],
    ingress: { namespace: NAMESPACES.edge, labels: selectorOf("traefik") },
    npmRegistry: "https://npm.example.com",
    servers: { plain: {}, weather: { egress: [{ cidr: `${OUTSIDE.otherInternet}/32`, ports: [8443] }] } },
};

/** The platforms whose flows are tried; the first has every end that any of them has. */
export const PLATFORMS: readonly (readonly [what: string, network: Network])[] = [
    ["a platform with everything, open to everybody", networkOf(ALL)],
    [
        "one with a front door, an ACME directory of its own and servers that install nothing",
        networkOf({
            ...ALL,
            trustedRanges: [`${OUTSIDE.otherInternet}/32`],
            nodes: ["10.200.0.0/24"],
            acmeDirectory: `https://${OUTSIDE.private}:14000/dir`,
            npmRegistry: undefined,
        }),
    ],
    [
        "one whose ingress controller and cert-manager are somebody else's",
        networkOf({
            features: ["registry", "challenges"],
            ingress: { namespace: "elsewhere", labels: { app: "controller" } },
            servers: {},
        }),
    ],
];
const network = (PLATFORMS[0] as (typeof PLATFORMS)[number])[1];

/** Namespaces that are the platform's. */
export const governed: ReadonlySet<string> = new Set<string>(Object.values(NAMESPACES));

export const policies = (namespace: NamespaceName, of: Network = network): ReturnType<typeof policiesOf> =>
    policiesOf(namespace, of, { cidrs: [`${ADDRESSES.hub}/32`], port: HUB_API_PORT });

/** Every port that a flow names, the two beside a range of them, and some that none names. */
const TCP = [
    ...new Set(
        PLATFORMS.flatMap(([, { flows }]) => flows).flatMap(({ ports = [] }) =>
            ports.flatMap(({ protocol, port, endPort }) => (protocol === "TCP" ? [port, endPort ?? port] : [])),
        ),
    ),
];
export const PORTS = { tcp: [...new Set([...TCP, 22, 1023, 1025, 9999])].toSorted((a, b) => a - b), udp: [53, 5353] };

export type Role = Extract<Party, { kind: "pod" }>;
/** A pod for each role in each of its namespaces, on either node in turn. */
export const roles: Role[] = [...network.ends].flatMap(([name, end]) =>
    end.kind === "pods"
        ? end.namespaces.map((namespace): Role => ({
              kind: "pod",
              name: `${name.replace(":", "-")}-${namespace}`,
              namespace,
              labels: end.labels,
          }))
        : [],
);
export const labelsOf = (role: RoleName): Readonly<Record<string, string>> => (network.ends.get(role) as Pods).labels;
/** Pods that look like a role and are none: with its labels in another namespace, or in its namespace without them. */
export const strangers: Role[] = [
    { kind: "pod", name: "plain", namespace: "default", labels: {} },
    { kind: "pod", name: "false-gateway", namespace: "default", labels: labelsOf("gateway") },
    { kind: "pod", name: "false-edge", namespace: "elsewhere", labels: labelsOf("edge") },
    { kind: "pod", name: "false-operator", namespace: NAMESPACES.servers, labels: labelsOf("operator") },
    { kind: "pod", name: "controller", namespace: "elsewhere", labels: { app: "controller" } },
    { kind: "pod", name: "nobody", namespace: NAMESPACES.runtime, labels: {} },
];
export const outside = (Object.keys(OUTSIDE) as (keyof typeof OUTSIDE)[]).map((name) => ({ kind: "outside", name }) as const);
export const apiServer = { kind: "apiServer" } as const;
export const nodes = ["node-1", "node-2"].map((name) => ({ kind: "node", name }) as const);
export const roleOf = (name: string): Role => [...roles, ...strangers].find((role) => role.name === name) as Role;

/** Puts the policies of a platform in the place of those that are there. */
export async function placePolicies(lab: Lab, of: Network): Promise<void> {
    const placed = Object.values(NAMESPACES).flatMap((namespace) => policies(namespace, of).map((policy) => ({ ...policy, namespace })));
    for (const namespace of governed) {
        const names = placed.filter((policy) => policy.namespace === namespace).map(({ name }) => name);
        for (const old of await lab.policyNames(namespace)) if (!names.includes(old)) await lab.dropPolicy(namespace, old);
    }
    await Promise.all(placed.map(({ namespace, name, spec }) => lab.policy(namespace, name, spec)));
}

/** Begins the pods; answers where each party is. */
export async function placePods(lab: Lab): Promise<Map<Party, End>> {
    const pods = [...roles, ...strangers];
    const running = await lab.probes(
        pods.map(({ name, namespace, labels }, i) => ({ name, namespace, labels, node: `node-${1 + (i % 2)}` })),
    );
    const ends = new Map<Party, End>(pods.map((party, i) => [party, running[i] as End]));
    for (const party of outside) ends.set(party, { name: party.name, address: addressOf(party) });
    ends.set(apiServer, { name: "API server", address: addressOf(apiServer), tree: "hub" });
    for (const party of nodes) ends.set(party, { name: party.name, address: addressOf(party), tree: party.name });
    return ends;
}
