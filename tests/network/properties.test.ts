import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { namespacesOf } from "../../components/namespaces/namespaces.ts";
import type { EndName } from "../../components/network/ends.ts";
import type { Feature, NetworkFacts } from "../../components/network/facts.ts";
import { flows, networkOf, type Flow, type Network } from "../../components/network/flows.ts";
import { EVERYBODY } from "./census.ts";
import type { Port } from "./evaluator.ts";
import { GROUPS, SCENARIOS } from "./expectation.ts";
import { disagreements, expected, found, PORTS, verdictsOf } from "./matrix.ts";
import { isOne, meaningOf } from "./meaning.ts";
import { placed } from "./policies.ts";

const FEATURES: readonly Feature[] = ["registry", "registryRoute", "edge", "certManager", "challenges", "mesh"];
const RANGES = ["198.51.100.0/24", "2001:db8:2::/48", "192.0.2.200", "192.168.5.11/32", "93.184.216.0/24"];
const PUBLIC = ["192.0.2.128/25", "2001:db8:a::/48", "93.184.216.34"];

const ranges = fc.option(fc.subarray(RANGES, { minLength: 1 }), { nil: undefined });
const egress = fc.array(fc.record({ cidr: fc.constantFrom(...PUBLIC), ports: fc.subarray([53, 443, 5432, 8080], { minLength: 1 }) }), {
    maxLength: 3,
});
const url = (...urls: string[]) => fc.option(fc.constantFrom(...urls), { nil: undefined });

const facts: fc.Arbitrary<NetworkFacts> = fc.record({
    // A registry that is routed to is there.
    features: fc.subarray([...FEATURES]).map((all) => all.filter((one) => one !== "registryRoute" || all.includes("registry"))),
    ingress: fc.constantFrom(SCENARIOS.FULL.facts.ingress, SCENARIOS.GUEST.facts.ingress),
    trustedRanges: ranges,
    balancer: fc.option(fc.constant(SCENARIOS.FULL.facts.balancer), { nil: undefined }),
    nodes: ranges,
    acmeDirectory: url("https://ca.corp.example:14000/dir", "https://ca.example.com/dir"),
    npmRegistry: url("https://npm.example.com", "http://npm.example.com", "https://npm.example.com:4443"),
    servers: fc.record({ files: fc.record({ egress }), other: fc.record({ egress }) }, { requiredKeys: [] }),
});

describe("policies", () => {
    test("are what their table says, at both ends of every connection, whatever the platform", () => {
        fc.assert(
            fc.property(facts, fc.subarray(RANGES), ranges, (platform, cidrs, callsFrom) => {
                const apiServer = { cidrs, port: 6443, callsFrom };
                const namespaces = Object.values(namespacesOf(platform.features));
                const meant = verdictsOf(meaningOf(networkOf(platform), apiServer, namespaces), namespaces);
                expect(disagreements(meant, found(placed(platform, apiServer), namespaces))).toEqual([]);
            }),
            { numRuns: 12 },
        );
    });
});

describe("what is written down by hand", () => {
    const { facts: platform, apiServer, ...expectation } = SCENARIOS.FULL;
    const network = networkOf(platform);
    const written = expected({ ...expectation, groups: GROUPS });
    const against = (changed: Network) => disagreements(written, found(placed(platform, apiServer, changed), expectation.namespaces));

    test("misses every flow that is not there", () => {
        for (const flow of network.flows) {
            const problems = against({ ...network, flows: network.flows.filter((other) => other !== flow) });
            expect(problems.filter((line) => line.startsWith("missing through"))).not.toEqual([]);
            expect(problems.filter((line) => line.startsWith("extra"))).toEqual([]);
        }
    });

    test("misses every port of every flow", () => {
        for (const flow of network.flows.filter(({ ports = [] }) => ports.length > 1))
            for (const port of flow.ports ?? []) {
                const less: Flow = { ...flow, ports: (flow.ports ?? []).filter((other) => other !== port) };
                expect(against({ ...network, flows: network.flows.map((other) => (other === flow ? less : other)) })).not.toEqual([]);
            }
    });

    test("has no room for any flow more", () => {
        const names = [...network.ends.keys()];
        const senders = [...new Set(network.flows.map(({ from }) => from))];
        const members = (name: EndName, side: "from" | "to") =>
            [...EVERYBODY].filter(([, who]) => isOne(network.ends.get(name), who, apiServer, side));
        const isOurs = (name: EndName) => {
            const end = network.ends.get(name);
            return end?.kind === "pods" && end.ours;
        };
        /** Whether the table allows as much already. */
        const isThere = (from: EndName, to: EndName, { protocol, port }: Port) => {
            const lines = members(from, "from").flatMap(([one]) =>
                members(to, "to").flatMap(([other]) => (one === other ? [] : [`${one} > ${other} ${protocol}/${port}`])),
            );
            return lines.every((line) => (!isOurs(from) || written.out.has(line)) && (!isOurs(to) || written.in.has(line)));
        };
        fc.assert(
            fc.property(fc.constantFrom(...senders), fc.constantFrom(...names), fc.constantFrom(...PORTS), (from, to, port) => {
                fc.pre(port.protocol !== "SCTP" && (isOurs(from) || isOurs(to)) && !isThere(from, to, port));
                const extra = { from, to, ports: [{ ...port, protocol: port.protocol as "TCP" | "UDP" }], why: "none" } as const;
                expect(against({ ...network, flows: [...network.flows, extra] })).not.toEqual([]);
            }),
            { numRuns: 30 },
        );
    });
});

const withRange = (cidr: string) => flows({ ...SCENARIOS.SMALL.facts, servers: { files: { egress: [{ cidr, ports: [443] }] } } });

describe("allowlists of servers", () => {
    test.each([
        "10.1.2.3",
        "192.168.0.0/24",
        "172.16.0.0/12",
        "169.254.169.254/32",
        "100.64.0.0/10",
        "127.0.0.1",
        "224.0.0.0/8",
        "0.0.0.0/0",
        "160.0.0.0/3",
        "::1",
        "fd00:ec2::254",
        "fe80::/64",
        "::/0",
        "64:ff9b::a9fe:a9fe/128",
        "::ffff:10.0.0.1",
    ])("never hold %s", (cidr) => {
        expect(() => withRange(cidr)).toThrow(`The MCP server files is to be let out to ${cidr}, which has private`);
    });

    test.each(["203.0.113.0/24", "11.0.0.0/8", "2001:db8::/32", "2600::/12"])("may hold %s", (cidr) => {
        expect(withRange(cidr).at(-1)).toMatchObject({ from: "server:files", to: "allowlist:files:0" });
    });
});
