/** What the table of flows says of a connection between two ends of a lab: the expectation that packets are held to. */
import { BlockList } from "node:net";
import type { End as TableEnd } from "../../components/network/ends.ts";
import type { Network, PortRange } from "../../components/network/flows.ts";
import { ADDRESSES, HUB_API_PORT, planCluster } from "../../embedded/cluster/plan.ts";
import { OUTSIDE } from "../support/outside.ts";

/** An end as the table knows it. */
export type Party =
    | { readonly kind: "pod"; readonly name: string; readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
    | { readonly kind: "outside"; readonly name: keyof typeof OUTSIDE }
    | { readonly kind: "apiServer" }
    | { readonly kind: "node"; readonly name: string };

export interface Connection {
    readonly from: Party;
    readonly to: Party;
    readonly protocol: "TCP" | "UDP";
    readonly port: number;
}

const { nodes } = planCluster({ stateDir: "/", nodes: 2, apiPort: 0, publish: [] }, "nodes");

/** Which kinds of addresses the outside ends have: written down here, not computed as the policies are. */
const INTERNET: ReadonlySet<string> = new Set<keyof typeof OUTSIDE>(["internet", "otherInternet"]);
const NETWORKS: ReadonlySet<string> = new Set<keyof typeof OUTSIDE>(["internet", "otherInternet", "private", "carrier"]);

/** Namespaces of which the platform's policies deny everything that they do not allow. */
export type Governed = ReadonlySet<string>;

/** The address of what is no pod. */
export function addressOf(party: Exclude<Party, { kind: "pod" }>): string {
    if (party.kind === "outside") return OUTSIDE[party.name];
    if (party.kind === "apiServer") return ADDRESSES.hub;
    return nodes.find(({ name }) => name === party.name)?.address ?? "";
}

function isIn(range: string, address: string): boolean {
    const [network = "", prefix = "32"] = range.split("/");
    const list = new BlockList();
    list.addSubnet(network, Number(prefix));
    return list.check(address);
}

function isAt(party: Party, end: TableEnd | undefined): boolean {
    if (!end) return false;
    switch (end.kind) {
        case "pods":
            return (
                party.kind === "pod" &&
                end.namespaces.includes(party.namespace) &&
                Object.entries(end.labels).every(([key, value]) => party.labels[key] === value)
            );
        case "ranges":
            return party.kind !== "pod" && end.ranges.some((range) => isIn(range, addressOf(party)));
        case "anywhere":
            return true;
        case "apiServer":
            return party.kind === "apiServer";
        case "internet":
            return party.kind === "outside" && INTERNET.has(party.name);
        case "networks":
            return party.kind !== "outside" || NETWORKS.has(party.name);
    }
}

const isPort = (ports: readonly PortRange[], { protocol, port }: Connection): boolean =>
    ports.some((range) => range.protocol === protocol && port >= range.port && port <= (range.endPort ?? range.port));

/** Whether the table lets a connection come about: out of its sender and into its receiver, where either is the platform's. */
export function expected(connection: Connection, { ends, flows }: Network, governed: Governed): boolean {
    const { from, to } = connection;
    if (from === to) return true;
    const isOurs = (party: Party): boolean => party.kind === "pod" && governed.has(party.namespace);
    const named = flows.filter((flow) => {
        const ports = flow.ports ?? [{ protocol: "TCP" as const, port: HUB_API_PORT }];
        return isAt(from, ends.get(flow.from)) && isAt(to, ends.get(flow.to)) && isPort(ports, connection);
    });
    const isRole = (name: Parameters<typeof ends.get>[0]): boolean => ends.get(name)?.kind === "pods";
    return (!isOurs(from) || named.some((flow) => isRole(flow.from))) && (!isOurs(to) || named.some((flow) => isRole(flow.to)));
}
