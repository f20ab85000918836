/** Who reaches whom on which port: as rows written by hand, and as policies say it of everybody. */
import { EVERYBODY, outsideOf } from "./census.ts";
import { gate, type Endpoint, type PlacedPolicy, type Port, type Protocol } from "./evaluator.ts";

/**
 * Names on both sides are divided by ` | `; `outside` is everybody outside of the platform's namespaces, `pods` are all. Ports are numbers
 * and ranges of TCP, those of another protocol with its name before them: `53 UDP/53`.
 */
export type Row = readonly [from: string, to: string, ports: string];

// Ports of flows with those beside them, and ports of none.
const tcp =
    "1 22 52 53 54 79 80 81 442 443 444 1023 1024 1025 4442 4443 4444 4999 5000 5001 5431 5432 5433 6442 6443 6444 7999 8000 8001 8079 8080 " +
    "8081 8082 8088 8089 8090 8442 8443 8444 9402 10249 10250 10251 13999 14000 14001 30080 65534 65535";
const udp = "52 53 54 443 4443 5000 5432 6443 8000 8080 8089 8443 10250";
const sctp = "53 8080";
const on = (protocol: Protocol, ports: string): Port[] => ports.split(" ").map((port) => ({ protocol, port: Number(port) }));

/** Every port that is tried. */
export const PORTS: readonly Port[] = [...on("TCP", tcp), ...on("UDP", udp), ...on("SCTP", sctp)];

function includes(ports: string, { protocol, port }: Port): boolean {
    return ports.split(" ").some((word) => {
        const [, name = "TCP", first, end = first] = /^(?:(UDP|SCTP)\/)?(\d+)(?:-(\d+))?$/.exec(word) ?? [];
        return name === protocol && port >= Number(first) && port <= Number(end);
    });
}

/** A connection, as one line. */
export type Line = string;
const lineOf = (from: string, to: string, { protocol, port }: Port): Line => `${from} > ${to} ${protocol}/${port}`;

/** What policies say and what they are to say: of connections that get through, and of each end by itself. */
export interface Verdicts {
    readonly through: Set<Line>;
    /** What the policies of the sender let out, whether or not the receiver takes it. */
    readonly out: Set<Line>;
    /** What the policies of the receiver let in, whether or not the sender may send it. */
    readonly in: Set<Line>;
}

export interface Expectation {
    /** The platform's namespaces. */
    readonly namespaces: readonly string[];
    /** Connections that get through. Both ends allow each of them. */
    readonly rows: readonly Row[];
    /** What else senders let out, and receivers let in, although the other end does not. */
    readonly out?: readonly Row[];
    readonly in?: readonly Row[];
    /** Names for several. */
    readonly groups: Readonly<Record<string, string>>;
}

const isIn = (namespaces: readonly string[]) => (end: Endpoint | undefined) =>
    end !== undefined && "namespace" in end && namespaces.includes(end.namespace);

const pods = [...EVERYBODY].filter(([, end]) => "namespace" in end).map(([name]) => name);

/** What rows say. No policy is about connections between two that are outside of the platform's namespaces. */
export function expected({ namespaces, rows, groups, ...more }: Expectation): Verdicts {
    const inside = isIn(namespaces);
    const outside = outsideOf(namespaces);
    const names = (side: string): readonly string[] =>
        side.split(" | ").flatMap((name) => {
            if (name === "everybody") return [...EVERYBODY.keys()];
            if (name === "outside") return outside;
            if (name === "pods") return pods;
            if (name === "outside pods") return outside.filter((one) => pods.includes(one));
            const group = groups[name];
            if (group !== undefined) return names(group);
            if (!EVERYBODY.has(name)) throw new Error(`${name} is nobody`);
            return [name];
        });
    const written = (list: readonly Row[], relevant: (from: Endpoint | undefined, to: Endpoint | undefined) => boolean): Set<Line> => {
        const lines = new Set<Line>();
        for (const [senders, receivers, ports] of list) {
            const open = PORTS.filter((port) => includes(ports, port));
            for (const from of names(senders))
                for (const to of names(receivers))
                    if (from !== to && relevant(EVERYBODY.get(from), EVERYBODY.get(to)))
                        for (const port of open) lines.add(lineOf(from, to, port));
        }
        return lines;
    };
    return {
        through: written(rows, (from, to) => inside(from) || inside(to)),
        out: written([...rows, ...(more.out ?? [])], (from) => inside(from)),
        in: written([...rows, ...(more.in ?? [])], (_, to) => inside(to)),
    };
}

/** What one end says about connections with another: which ports are open. */
export type Gate = (direction: "Ingress" | "Egress", own: Endpoint, other: Endpoint) => (port: Port) => boolean;

/** What policies say. */
export function found(
    policies: readonly PlacedPolicy[],
    namespaces: readonly string[],
    everybody: ReadonlyMap<string, Endpoint> = EVERYBODY,
): Verdicts {
    return verdictsOf((direction, own, other) => gate(direction, own, other, { policies }), namespaces, everybody);
}

/** What everybody in some namespaces says, of everybody. */
export function verdictsOf(open: Gate, namespaces: readonly string[], everybody: ReadonlyMap<string, Endpoint> = EVERYBODY): Verdicts {
    const inside = isIn(namespaces);
    const verdicts: Verdicts = { through: new Set(), out: new Set(), in: new Set() };
    for (const [from, sender] of everybody)
        for (const [to, receiver] of everybody) {
            if (from === to || !(inside(sender) || inside(receiver))) continue;
            const leaves = open("Egress", sender, receiver);
            const enters = open("Ingress", receiver, sender);
            for (const port of PORTS) {
                const line = lineOf(from, to, port);
                if (inside(sender) && leaves(port)) verdicts.out.add(line);
                if (inside(receiver) && enters(port)) verdicts.in.add(line);
                if (leaves(port) && enters(port)) verdicts.through.add(line);
            }
        }
    return verdicts;
}

/** Connections on which two disagree, each with what is wrong. */
export function disagreements(wanted: Verdicts, seen: Verdicts): string[] {
    return (["through", "out", "in"] as const).flatMap((kind) => [
        ...[...wanted[kind]].filter((line) => !seen[kind].has(line)).map((line) => `missing ${kind}: ${line}`),
        ...[...seen[kind]].filter((line) => !wanted[kind].has(line)).map((line) => `extra ${kind}: ${line}`),
    ]);
}
