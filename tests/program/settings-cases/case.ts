/** What the tables of settings that break a rule are made of. */
import type { GivenSettings } from "../../support/settings-arbitrary.ts";

/** Settings that break one rule, with settings beside them that differ in what the rule is about and are accepted. */
export interface RuleCase {
    readonly rule: string;
    readonly accepted: GivenSettings;
    readonly refused: GivenSettings;
    /** Every sentence that the refused settings are answered with. */
    readonly says: readonly string[];
    /** Keys with an encrypted value: of the accepted, and of the refused settings. */
    readonly secretKeys?: readonly [accepted: readonly string[], refused: readonly string[]];
}

export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

type Nodes = Extract<NonNullable<GivenSettings["topology"]>, { kind: "k3s" }>["nodes"];
export type Node = Nodes[number];

/** The four nodes of the reference topology. */
export const NODES: readonly [Node, Node, Node, Node] = [
    { name: "mcp-cp-1", role: "server", address: "192.0.2.10" },
    { name: "mcp-ingress-1", role: "ingress", address: "192.0.2.20", publicAddress: "203.0.113.20" },
    { name: "mcp-worker-1", role: "worker", address: "192.0.2.31" },
    { name: "mcp-worker-2", role: "worker", address: "192.0.2.32" },
];

export const k3s = (nodes: readonly Node[] = NODES, fields: object = {}): GivenSettings => ({
    topology: { kind: "k3s", nodes: [...nodes], ...fields },
});

export const existing = (fields: object = {}): GivenSettings => ({
    topology: {
        kind: "existing",
        context: "it",
        server: "https://192.0.2.10:6443",
        apiServer: { addresses: ["192.0.2.10/32"] },
        ...fields,
    },
});

export const servers = (count: number): Node[] =>
    Array.from({ length: count }, (_, index) => ({ name: `mcp-cp-${index + 1}`, role: "server", address: `192.0.2.${index + 10}` }));

/** One HTTP server with these fields. */
export const server = (fields: object): GivenSettings => ({
    servers: { one: { image: `example.com/one:1@${DIGEST}`, transport: "streamable-http", ...fields } },
});
