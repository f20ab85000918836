/** Who reaches whom on which port: as rows written by hand, and as what policies say of everybody. */
import { EVERYBODY, outsideOf } from "./census.ts";
import { reaches, type Endpoint, type PlacedPolicy, type Port, type Protocol } from "./evaluator.ts";

/**
 * Names on both sides are divided by ` | `; `outside` is everybody outside of the platform's namespaces, `outside pods` the
 * pods among them. Ports are numbers
 * and ranges of TCP, those of another protocol with its name before them: `53 UDP/53`.
 */
export type Row = readonly [from: string, to: string, ports: string];

const tcp = [
    ...[1, 22, 53, 80, 443, 444, 1023, 1024, 1025, 4443, 5000, 5001, 5432, 5433, 6443, 8000, 8001, 8080, 8081, 8082, 8089, 8090, 8443],
    ...[9402, 10250, 10251, 14000, 30080, 65535],
];
const on = (protocol: Protocol, ports: readonly number[]): Port[] => ports.map((port) => ({ protocol, port }));

/** Every port that is tried. */
export const PORTS: readonly Port[] = [...on("TCP", tcp), ...on("UDP", [53, 443, 5432, 8080, 10250]), ...on("SCTP", [53, 8080])];

function includes(ports: string, { protocol, port }: Port): boolean {
    return ports.split(" ").some((word) => {
        const [, name = "TCP", first, end = first] = /^(?:(UDP|SCTP)\/)?(\d+)(?:-(\d+))?$/.exec(word) ?? [];
        return name === protocol && port >= Number(first) && port <= Number(end);
    });
}

/** A connection, as one line. */
export type Line = string;
const lineOf = (from: string, to: string, { protocol, port }: Port): Line => `${from} > ${to} ${protocol}/${port}`;

/** Every connection that rows allow, with an end in the platform's namespaces: no policy is about others. */
export function allowedBy(rows: readonly Row[], namespaces: readonly string[], groups: Readonly<Record<string, string>> = {}): Set<Line> {
    const outside = outsideOf(namespaces);
    const names = (side: string): string[] =>
        side.split(" | ").flatMap((name) => {
            if (name === "outside") return outside;
            if (name === "outside pods") return outside.filter((one) => "namespace" in (EVERYBODY.get(one) ?? {}));
            const group = groups[name];
            if (group !== undefined) return names(group);
            if (!EVERYBODY.has(name)) throw new Error(`${name} is nobody`);
            return [name];
        });
    const lines = new Set<Line>();
    for (const [from, to, ports] of rows)
        for (const one of names(from))
            for (const other of names(to))
                for (const port of PORTS)
                    if (one !== other && includes(ports, port) && !(outside.includes(one) && outside.includes(other)))
                        lines.add(lineOf(one, other, port));
    return lines;
}

/** Every connection that policies allow, with an end that is a pod in some namespaces. */
export function allowedIn(
    policies: readonly PlacedPolicy[],
    namespaces: readonly string[],
    everybody: ReadonlyMap<string, Endpoint> = EVERYBODY,
): Set<Line> {
    const inside = (end: Endpoint) => "namespace" in end && namespaces.includes(end.namespace);
    const lines = new Set<Line>();
    for (const [from, sender] of everybody)
        for (const [to, receiver] of everybody) {
            if (from === to || !(inside(sender) || inside(receiver))) continue;
            for (const port of PORTS) if (reaches({ policies }, sender, receiver, port)) lines.add(lineOf(from, to, port));
        }
    return lines;
}

/** What one set has and another has not, both ways. */
export function differences(expected: ReadonlySet<Line>, found: ReadonlySet<Line>): { missing: Line[]; extra: Line[] } {
    return { missing: [...expected].filter((line) => !found.has(line)), extra: [...found].filter((line) => !expected.has(line)) };
}
