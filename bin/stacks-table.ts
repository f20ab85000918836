import type { Settings } from "../infra/settings.ts";
import type { Topology } from "../stacks/topology.ts";

/** A stack: its name, what its file says, and what that comes to. */
export interface Stack {
    readonly name: string;
    readonly settings: Settings;
    readonly topology: Topology;
}

const code = (text: string) => `\`${text}\``;

const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;

function cluster({ settings: { topology } }: Stack): string {
    switch (topology.kind) {
        case "embedded":
            return "this machine's own, made by `npm start`";
        case "kind":
            return `kind ${code(topology.name)} in ${topology.provider === "docker" ? "Docker" : "podman"}, made by \`npm run up\``;
        case "minikube":
            return `minikube profile ${code(topology.profile)}`;
        case "k3s":
            return `k3s ${topology.version}`;
        case "existing":
            return `${topology.distribution === "generic" ? "any" : topology.distribution}, by its kubeconfig`;
    }
}

function nodes({ settings: { topology } }: Stack): string {
    switch (topology.kind) {
        case "embedded":
            return "1 (`--nodes N` for more)";
        case "kind":
            return topology.workers === 0 ? "1" : `1 and ${counted(topology.workers, "worker")}`;
        case "minikube":
            return "1";
        case "k3s": {
            const of = (role: string) => topology.nodes.filter((node) => node.role === role).length;
            return [counted(of("server"), "server"), `${of("ingress")} ingress`, counted(of("worker"), "worker")].join(", ");
        }
        case "existing":
            return "those it has";
    }
}

function edge({ settings: { ingress }, topology: { edge, ingressNodes } }: Stack): string {
    if (ingress.owner === "existing") return `IngressClass ${code(ingress.class)} that is there`;
    if (ingress.owner === "packaged") return "k3s's own Traefik";
    if (edge.kind === "nodePort") return `NodePorts ${edge.http}, ${edge.https}`;
    return ingressNodes.length ? `ServiceLB on ${ingressNodes.join(", ")}` : "load balancer";
}

function certificates({ settings: { tls } }: Stack): string {
    switch (tls.mode) {
        case "internal":
            return "an authority of the stack's own";
        case "acme":
            return tls.directory === "production" ? "Let's Encrypt" : `ACME, ${tls.directory}`;
        case "issuer":
            return `ClusterIssuer ${code(tls.clusterIssuer)}`;
        case "secrets":
            return "Secrets that are there";
    }
}

function images({ settings: { registry }, topology }: Stack): string {
    const host = code(topology.registry.host);
    switch (registry.mode) {
        case "bundled-https":
            return `${host}, over TLS`;
        case "bundled-http":
            return `${host}, over HTTP`;
        case "external":
            return `${host}, run by others`;
        case "kind-container":
            return `${host}, a container beside the nodes`;
    }
}

function volumes({ settings: { storage }, topology }: Stack): string {
    if (storage.mode === "hostPath") return `${code(storage.path)} of ${storage.node}`;
    const storageClass = storage.class ?? topology.storageClass;
    return storageClass === undefined ? "the cluster's default class" : code(storageClass);
}

const COLUMNS: readonly (readonly [title: string, cell: (stack: Stack) => string])[] = [
    ["stack", ({ name }) => `[${code(name)}](Pulumi.${name}.yaml)`],
    ["cluster", cluster],
    ["nodes", nodes],
    ["edge", edge],
    ["servers are at", ({ topology }) => code(`${topology.gateway.publicUrl}/<name>/mcp`)],
    ["certificates", certificates],
    ["images of servers", images],
    ["volumes", volumes],
    ["mode", ({ settings }) => `${settings.platformMode}${settings.strictProd ? ", strict" : ""}, ${settings.resourceProfile}`],
];

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;

/** What differs between stacks, as a table of Markdown. */
export function stacksTable(stacks: readonly Stack[]): string {
    const titles = COLUMNS.map(([title]) => title);
    return [row(titles), `|${"---|".repeat(titles.length)}\n`, ...stacks.map((stack) => row(COLUMNS.map(([, cell]) => cell(stack))))].join(
        "",
    );
}

const BEGIN = "<!-- stacks: made from the settings files by `npm run stacks-docs` -->";
const END = "<!-- end of stacks -->";

/** A page with another table between its markers. */
export function withTable(page: string, table: string): string {
    const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
    if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} and ${END} in this order`);
    return `${page.slice(0, begin)}${BEGIN}\n${table}${page.slice(end)}`;
}
