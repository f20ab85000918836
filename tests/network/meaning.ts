/** What a flow table says, read without any policy. */
import type { End } from "../../components/network/ends.ts";
import type { ApiServer } from "../../components/network/facts.ts";
import type { Flow, Network } from "../../components/network/flows.ts";
import { cidrOf, internet, networks, type IpBlock } from "../../components/network/ranges.ts";
import { within, type Endpoint, type Port } from "./evaluator.ts";
import type { Gate } from "./matrix.ts";

const inBlocks = ({ ip }: Endpoint, blocks: readonly IpBlock[]): boolean =>
    blocks.some(({ cidr, except = [] }) => within(ip, cidr) && !except.some((range) => within(ip, range)));

const blocksOf = (list: readonly string[]): IpBlock[] => list.map((range) => ({ cidr: cidrOf(range) }));

/** Whether somebody is one of those whom a flow calls by a name. */
export function isOne(end: End | undefined, who: Endpoint, apiServer: ApiServer, side: "from" | "to"): boolean {
    switch (end?.kind) {
        case undefined:
            return false;
        case "pods":
            return (
                "namespace" in who &&
                end.namespaces.includes(who.namespace) &&
                Object.entries(end.labels).every(([key, value]) => who.labels[key] === value)
            );
        case "anywhere":
            return true;
        case "ranges":
            return inBlocks(who, blocksOf(end.ranges));
        case "apiServer":
            return inBlocks(who, blocksOf([...apiServer.cidrs, ...((side === "from" && apiServer.callsFrom) || [])]));
        case "internet":
            return inBlocks(who, internet(apiServer.cidrs));
        case "networks":
            return inBlocks(who, networks());
    }
}

/** Whether a flow is about a port. */
export function isAbout({ ports = [] }: Flow, { protocol, port }: Port, apiServer: ApiServer): boolean {
    const list = ports.length ? ports : [{ protocol: "TCP", port: apiServer.port, endPort: apiServer.port }];
    return list.some((one) => one.protocol === protocol && port >= one.port && port <= (one.endPort ?? one.port));
}

/** What the two ends of connections say: whoever is the platform's talks about what the table has and nothing else. */
export function meaningOf({ ends, flows }: Network, apiServer: ApiServer, namespaces: readonly string[]): Gate {
    const is = (side: "from" | "to", flow: Flow, who: Endpoint) => isOne(ends.get(flow[side]), who, apiServer, side);
    return (direction, own, other) => {
        if (!("namespace" in own && namespaces.includes(own.namespace))) return () => true;
        const [from, to] = direction === "Egress" ? [own, other] : [other, own];
        const about = flows.filter((flow) => {
            const mine = ends.get(direction === "Egress" ? flow.from : flow.to);
            return mine?.kind === "pods" && mine.ours && is("from", flow, from) && is("to", flow, to);
        });
        return (port) => about.some((flow) => isAbout(flow, port, apiServer));
    };
}
