import { describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { compile } from "../../../embedded/cluster/enforcer/compile.ts";
import { changes, creation, replacement, type Table } from "../../../embedded/cluster/enforcer/table.ts";
import type { World } from "../../../embedded/cluster/enforcer/world.ts";
import { reaches, type Endpoint, type Port, type Spec } from "../../network/evaluator.ts";
import { skipped } from "../support.ts";
import { passes, transacted, type Packet } from "./simulator.ts";
import { NODES, nodesOf, packets, world } from "./worlds.ts";

const tables = (given: World): Map<string, Table> => new Map(NODES.map((node) => [node.name, compile(node, given)]));
const plain = (table: Table): unknown => ({
    sets: Object.fromEntries([...table.sets].toSorted()),
    chains: Object.fromEntries([...table.chains].toSorted()),
});

/** What the evaluator of NetworkPolicies, which knows nothing of rules, says of packets. */
function documented(given: World): (packet: Packet) => boolean {
    const policies = given.policies.map(({ metadata, spec }) => ({ ...metadata, spec: spec as Spec }));
    const pods = new Map(given.pods.map((pod) => [pod.address, { ...pod, ip: pod.address }]));
    const at = (ip: string): Endpoint => pods.get(ip) ?? { ip };
    const namespaces = Object.fromEntries(given.namespaces);
    return ({ from, to, protocol, port }) => reaches({ policies, namespaces }, at(from), at(to), { protocol, port } as Port);
}

/** One of many equal pods on the first node. */
const pod = (n: number) => ({
    uid: `u${n}`,
    name: `p${n}`,
    namespace: "x",
    labels: { app: "a" },
    node: "node-1",
    address: `10.244.1.${n}`,
    ports: [],
});

describe("the rules of a node", () => {
    it("let exactly those connections come about that the policies allow, whatever the policies", () => {
        fc.assert(
            fc.property(world, (given) => {
                const compiled = tables(given);
                const allowed = documented(given);
                const wrong: object[] = [];
                for (const packet of packets(given)) {
                    const nodes = nodesOf(given, packet);
                    if (!nodes.length) continue;
                    const unknown = [packet.from, packet.to].some(
                        (address) =>
                            NODES.some(({ name, podCidr }) => nodes.includes(name) && address.startsWith(podCidr.replace("0/24", ""))) &&
                            !given.pods.some((pod) => pod.address === address),
                    );
                    const real = nodes.every((name) => passes(compiled.get(name) as Table, packet));
                    if (real !== (!unknown && allowed(packet))) wrong.push({ ...packet, real });
                }
                expect(wrong).toEqual([]);
            }),
            { numRuns: 100 },
        );
    }, 120_000);

    it("become those of any other cluster by one transaction that names nothing twice and takes away nothing in use", () => {
        fc.assert(
            fc.property(world, world, (one, other) => {
                const [before, after] = [one, other].map((each) => compile(NODES[0], each)) as [Table, Table];
                expect(plain(transacted(before, changes(before, after), after.base))).toEqual(plain(after));
                expect(plain(transacted(before, replacement(after), after.base))).toEqual(plain(after));
                expect(changes(after, after)).toEqual([]);
            }),
            { numRuns: 300 },
        );
    });

    it("drop what is sent from or to an address of the node that is nobody's yet", () => {
        const pod = { uid: "u", name: "p", namespace: "x", labels: {}, node: "node-1", address: "10.244.1.2", ports: [] };
        const table = compile(NODES[0], { namespaces: new Map(), policies: [], pods: [pod] });
        const passing = (from: string, to: string): boolean => passes(table, { from, to, protocol: "TCP", port: 80 });
        expect(passing("10.244.1.2", "10.200.0.1")).toBe(true);
        expect(passing("10.244.1.3", "10.200.0.1")).toBe(false);
        expect(passing("10.244.2.3", "10.244.1.3")).toBe(false);
        expect(passing("10.244.1.2", "10.244.1.3")).toBe(false);
    });

    it("change by one address in each place when a pod comes that is like another", () => {
        const policies = [
            { metadata: { name: "p", namespace: "x" }, spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] } },
        ];
        const [one, two] = [[pod(2)], [pod(2), pod(3)]].map((pods) => compile(NODES[0], { namespaces: new Map(), policies, pods })) as [
            Table,
            Table,
        ];
        expect(changes(one, two).map((command) => command.replace(/(pods|ingress)_[0-9a-f]+/g, "$1_…"))).toEqual([
            "add element inet network_policies known { 10.244.1.3 }",
            "add element inet network_policies itself { 10.244.1.3 . 10.244.1.3 }",
            "add element inet network_policies pods_… { 10.244.1.3 }",
            "add element inet network_policies ingress { 10.244.1.3 : goto ingress_… }",
        ]);
    });
});

const obstacle = process.getuid?.() !== 0 ? "it needs root" : undefined;
if (obstacle) skipped("rules in a real kernel", obstacle);

(obstacle ? describe.skip : describe)("the kernel", () => {
    it("takes the rules of any cluster, and what turns them into those of the next", () => {
        const worlds = fc.sample(world, { numRuns: 40, seed: 7 }).map((each) => compile(NODES[0], each));
        const empty = compile(NODES[0], { namespaces: new Map(), policies: [], pods: [] });
        const steps = [
            creation(empty),
            replacement(worlds[0] as Table),
            ...worlds.slice(1).map((table, i) => changes(worlds[i] as Table, table)),
        ];
        const script = steps.map((commands) => `nft -f - <<'END' || exit 1\n${commands.join("\n")}\nEND\n`).join("");
        const listed = execFileSync("unshare", ["--net", "sh", "-c", `${script} nft list table inet network_policies`], {
            encoding: "utf8",
        });
        const last = worlds.at(-1) as Table;
        expect([...listed.matchAll(/^\tchain (\S+) /gm)].map((match) => match[1]).toSorted()).toEqual([...last.chains.keys()].toSorted());
        expect([...listed.matchAll(/^\t(?:set|map) (\S+) /gm)].map((match) => match[1]).toSorted()).toEqual(
            [...last.sets.keys()].toSorted(),
        );
    });
});
