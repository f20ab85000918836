/** The flows of every platform as tables and pictures. Pure. */
import { NAMESPACES } from "../components/namespaces/names.ts";
import type { EndName } from "../components/network/ends.ts";
import type { Feature, NetworkFacts } from "../components/network/facts.ts";
import { flows, networkOf, type Flow } from "../components/network/flows.ts";
import { GUARDED_RANGES } from "../components/network/ranges.ts";

/** Everything that a platform can have, with names that stand for what settings choose. */
const EVERYTHING: NetworkFacts = {
    features: ["registry", "registryRoute", "edge", "certManager", "challenges", "mesh"],
    ingress: { namespace: NAMESPACES.edge, labels: {} },
    trustedRanges: ["192.0.2.0/24"],
    balancer: { namespace: "kube-system", labels: {} },
    acmeDirectory: "https://example.com/directory",
    npmRegistry: "https://example.com",
    servers: { one: { egress: [{ cidr: "192.0.2.0/24", ports: [443] }] } },
};

const LABELS: Readonly<Record<string, string>> = {
    edge: "edge",
    solvers: "challenge solvers",
    servers: "MCP servers",
    "server:one": "one MCP server",
    "allowlist:one:0": "its allowlist",
    clients: "clients",
    balancer: "ServiceLB",
    dns: "cluster DNS",
    apiServer: "API server",
    networks: "any network",
    "mesh-registry": "mesh registry",
    postgres: "Postgres",
};

const labelOf = (end: EndName): string => LABELS[end] ?? end;

/** Flows whose ports settings decide. */
function portsOf({ from, to, ports, feature }: Flow): string {
    if (ports === undefined) return "its own";
    if (from.startsWith("server:")) return "as allowed";
    if (to === "networks" || (feature === undefined && to === "internet")) return "of its URL";
    const byProtocol = Map.groupBy(ports, ({ port, endPort }) => (endPort === undefined ? `${port}` : `${port}–${endPort}`));
    const words = [...byProtocol].map(([numbers, list]) => `${list.map(({ protocol }) => protocol).join(" and ")} ${numbers}`);
    return words.every((word) => word.startsWith("TCP ")) ? `TCP ${words.map((word) => word.slice(4)).join(", ")}` : words.join(", ");
}

/** What the settings must be for a flow to be there. */
const CONDITIONS: Readonly<Record<Feature, string>> = {
    edge: "`ingress.owner: platform`",
    registry: "`registry.mode: bundled-…`",
    registryRoute: "`registry.mode: bundled-https`",
    certManager: "`tls.mode: acme`, `tls.certManager: install`",
    challenges: "`tls.mode: acme` or `issuer`",
    mesh: "`mesh.mode: bundled`",
};

function conditionOf({ from, to, feature }: Flow): string {
    if (from.startsWith("server:")) return "`servers.<name>.egress`";
    if (from === "balancer") return "`frontDoor.trustedRanges`, on k3s";
    if (to === "networks") return "`tls.directory` is a URL";
    if (feature) return CONDITIONS[feature];
    return to === "internet" ? "`npmRegistry`" : "always";
}

/** The flows of one chapter, in the table's order. */
const CHAPTERS: readonly { readonly title: string; readonly features: readonly (Feature | undefined)[] }[] = [
    { title: "Servers, gateway, edge and registry", features: [undefined, "edge", "registry", "registryRoute"] },
    { title: "Certificates", features: ["certManager", "challenges"] },
    { title: "Mesh", features: ["mesh"] },
];

function table(list: readonly Flow[]): string[] {
    const rows = list.map((flow) => [labelOf(flow.from), labelOf(flow.to), portsOf(flow), flow.why, conditionOf(flow)]);
    return [["from", "to", "ports", "why", "when"], ["---", "---", "---", "---", "---"], ...rows].map((row) => `| ${row.join(" | ")} |`);
}

const idOf = (end: EndName): string => end.replaceAll(/[^A-Za-z0-9]/g, "_");

/** A flow chart in Mermaid's language: https://mermaid.js.org/syntax/flowchart.html */
function picture(list: readonly Flow[]): string[] {
    const { ends } = networkOf(EVERYTHING);
    const names = [...new Set(list.flatMap(({ from, to }) => [from, to]))];
    const placeOf = (name: EndName): string => {
        const end = ends.get(name);
        return end?.kind === "pods" ? end.namespaces.join(", ") : "";
    };
    const places = Map.groupBy(names, placeOf);
    const nodes = [...places].flatMap(([place, inside], index) => {
        const shapes = inside.map((name) => `${idOf(name)}["${labelOf(name)}"]`);
        return place === ""
            ? shapes.map((shape) => `    ${shape}`)
            : [`    subgraph place${index}["${place}"]`, ...shapes.map((shape) => `        ${shape}`), "    end"];
    });
    const arrows = [...Map.groupBy(list, ({ from, to }) => `${idOf(from)} -->|"PORTS"| ${idOf(to)}`)].map(
        ([arrow, parallel]) => `    ${arrow.replace("PORTS", [...new Set(parallel.map(portsOf))].join(", "))}`,
    );
    return ["```mermaid", "flowchart LR", ...nodes, ...arrows, "```"];
}

/** Tables and pictures of all flows, and the ranges that nobody is let out to. Markdown. */
export function flowChapters(): string {
    const all = flows(EVERYTHING);
    const chapters = CHAPTERS.flatMap(({ title, features }) => {
        const list = all.filter(({ feature }) => features.includes(feature));
        return [`### ${title}`, "", ...table(list), "", ...picture(list), ""];
    });
    const ranges = ([4, 6] as const).map((family) => `- IPv${family}: ${GUARDED_RANGES[family].map((range) => `\`${range}\``).join(", ")}`);
    return [...chapters, "### Ranges that are never the internet", "", ...ranges, ""].join("\n");
}

const BEGIN = "<!-- flows: made from components/network by `npm run network-docs` -->";
const END = "<!-- /flows -->";

/**
 * A page with other chapters between its marks.
 * @throws Error when the page has no such marks
 */
export function withFlows(page: string, chapters: string): string {
    const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
    if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} and ${END} in this order`);
    return `${page.slice(0, begin)}${BEGIN}\n\n${chapters}\n${page.slice(end)}`;
}
