import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { NAMESPACES } from "../../components/namespaces/names.ts";
import { flows, WORKLOADS, type Flow, type WorkloadName } from "../../components/network/flows.ts";
import { policiesOf } from "../../components/network/policies.ts";
import { reaches, type End, type PlacedPolicy, type Port } from "./reachability.ts";

const NPM = "https://npm.example.com";

const placed = (table: readonly Flow[]): PlacedPolicy[] =>
    Object.values(NAMESPACES).flatMap((namespace) => policiesOf(namespace, table).map(({ spec }) => ({ namespace, spec })));

const workloads = Object.keys(WORKLOADS) as WorkloadName[];

/** Everybody there is: one pod of each workload, strangers beside them, and what is outside. */
const ends: Readonly<Record<string, End>> = {
    ...Object.fromEntries(workloads.map((name, index) => [name, { ...WORKLOADS[name], ip: `10.244.1.${index + 10}` }])),
    ...Object.fromEntries(
        Object.values(NAMESPACES).map((namespace, index) => [
            `a stranger in ${namespace}`,
            { namespace, labels: { app: "stranger" }, ip: `10.244.2.${index + 10}` },
        ]),
    ),
    "a pod of another namespace": { namespace: "default", labels: { "app.kubernetes.io/name": "mcp-gateway" }, ip: "10.244.3.10" },
    dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" }, ip: "10.244.3.11" },
    "another pod beside dns": { namespace: "kube-system", labels: { "k8s-app": "other" }, ip: "10.244.3.12" },
    "the API server": { ip: "10.200.0.1" },
    "a private address": { ip: "192.168.1.20" },
    "the metadata service": { ip: "169.254.169.254" },
    "the internet": { ip: "93.184.216.34" },
};

const PORTS: readonly Port[] = [
    ...[22, 53, 80, 443, 1023, 1024, 5000, 6443, 8000, 8080, 8081, 8082, 8443, 65535].map((port) => ({ protocol: "TCP" as const, port })),
    ...[53, 8080].map((port) => ({ protocol: "UDP" as const, port })),
];

const isWorkload = (name: string): name is WorkloadName => name in WORKLOADS;
const isOutside = (name: string) => !isWorkload(name) && !name.startsWith("a stranger");

/** What the table says, without any policy: the specification that policies are held against. */
function expected(table: readonly Flow[], from: string, to: string, { protocol, port }: Port): boolean {
    // Whoever is not under our policies may do as it likes, towards others that are not.
    if (isOutside(from) && isOutside(to)) return true;
    const toMatches = (flow: Flow): boolean =>
        flow.to === to ||
        flow.to === "anywhere" ||
        (flow.to === "apiServer" && isOutside(to)) ||
        (flow.to === "internet" && to === "the internet");
    const fromMatches = (flow: Flow): boolean => flow.from === from || flow.from === "anywhere";
    const on = table.filter((flow) =>
        flow.ports.some((range) => range.protocol === protocol && port >= range.port && port <= (range.endPort ?? range.port)),
    );
    const leaves = isOutside(from) || on.some((flow) => flow.from === from && (toMatches(flow) || flow.to === "apiServer"));
    const enters = isOutside(to) || on.some((flow) => flow.to === to && fromMatches(flow));
    return leaves && enters;
}

/** All connections on which policies and table disagree. */
function disagreements(policies: readonly PlacedPolicy[], table: readonly Flow[]): string[] {
    return Object.entries(ends).flatMap(([from, source]) =>
        Object.entries(ends).flatMap(([to, target]) =>
            PORTS.filter((port) => from !== to && reaches(policies, source, target, port) !== expected(table, from, to, port)).map(
                ({ protocol, port }) => `${from} to ${to} on ${protocol} ${port}`,
            ),
        ),
    );
}

describe("policies are the flow table, and nothing else", () => {
    test.each([[undefined], [NPM]])("for every pair and port (npm registry: %s)", (npmRegistry) => {
        const table = flows(npmRegistry);
        expect(disagreements(placed(table), table)).toEqual([]);
    });

    test("for any part of the table", () => {
        fc.assert(
            fc.property(fc.subarray([...flows(NPM)]), (table) => {
                expect(disagreements(placed(table), table)).toEqual([]);
            }),
            { numRuns: 20 },
        );
    });

    test("a missing flow and an extra one are each noticed", () => {
        const table = flows(NPM);
        for (const flow of table) {
            const without = table.filter((other) => other !== flow);
            expect(disagreements(placed(without), table)).not.toEqual([]);
            expect(disagreements(placed(table), without)).not.toEqual([]);
        }
        const extra: Flow = { from: "servers", to: "registry", ports: [{ protocol: "TCP", port: 8080 }], why: "none" };
        expect(disagreements(placed([...table, extra]), table)).not.toEqual([]);
    });

    test("dropping or emptying the selector of any policy is noticed", () => {
        const table = flows(NPM);
        const policies = placed(table);
        for (const [index, { spec, namespace }] of policies.entries()) {
            const rest = policies.filter((_, at) => at !== index);
            expect(disagreements(rest, table)).not.toEqual([]);
            const widened = { namespace, spec: { ...spec, podSelector: {} } };
            const isDefault = Object.keys(spec.podSelector).length === 0;
            expect(disagreements([...rest, widened], table).length > 0).toBe(!isDefault);
        }
    });
});

describe("what must never be possible", () => {
    const policies = placed(flows());
    const can = (from: string, to: string, port: number) =>
        reaches(policies, ends[from] as End, ends[to] as End, { protocol: "TCP", port });

    test("only the gateway reaches MCP servers", () => {
        const callers = Object.keys(ends).filter((from) => from !== "servers" && can(from, "servers", 8080));
        expect(callers).toEqual(["gateway"]);
    });

    test("servers reach DNS and nothing else", () => {
        const reached = Object.keys(ends).filter((to) =>
            PORTS.some((port) => reaches(policies, ends["servers"] as End, ends[to] as End, port)),
        );
        expect(reached).toEqual(["dns"]);
    });

    test("with an npm registry they reach the internet on its port alone, never private or metadata addresses", () => {
        const open = placed(flows("https://npm.example.com:4443"));
        const reached = Object.keys(ends).filter((to) =>
            reaches(open, ends["servers"] as End, ends[to] as End, { protocol: "TCP", port: 4443 }),
        );
        expect(reached).toEqual(["the internet"]);
        expect(reaches(open, ends["servers"] as End, ends["the internet"] as End, { protocol: "TCP", port: 443 })).toBe(false);
    });

    test("strangers in our namespaces neither speak nor are spoken to", () => {
        for (const stranger of Object.keys(ends).filter((name) => name.startsWith("a stranger"))) {
            for (const other of Object.keys(ends).filter((name) => name !== stranger)) {
                for (const port of PORTS) {
                    expect(reaches(policies, ends[stranger] as End, ends[other] as End, port)).toBe(false);
                    expect(reaches(policies, ends[other] as End, ends[stranger] as End, port)).toBe(false);
                }
            }
        }
    });
});
