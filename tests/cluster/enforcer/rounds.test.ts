import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readlinkSync } from "node:fs";
import { enforcer, type Sources } from "../../../embedded/cluster/enforcer/enforcer.ts";
import { transact } from "../../../embedded/cluster/enforcer/apply.ts";
import type { Pod } from "../../../embedded/cluster/enforcer/world.ts";
import { planCluster, type NodePlan } from "../../../embedded/cluster/plan.ts";
import { skipped } from "../support.ts";

const obstacle = process.getuid?.() !== 0 ? "it needs root" : undefined;
if (obstacle) skipped("rounds of the policy enforcer", obstacle);

const plan = planCluster({ stateDir: "/x", nodes: 1, apiPort: 1, publish: [] }, "nodes").nodes[0] as NodePlan;
const announced = { sandbox: "s", uid: "u", address: "10.244.1.7" };
const pod: Pod = { uid: "u", name: "p", namespace: "x", labels: {}, node: plan.name, address: undefined, ports: [] };

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

(obstacle ? describe.skip : describe)("the policy enforcer, round by round", () => {
    /** A network namespace in the place of a node's. */
    let node: ChildProcess;
    let sources: Sources;
    let said: string[];
    let confirmed: string[];
    let inForce: Readonly<Record<string, string>> | undefined;
    let ask: () => void;
    const nft = (...args: string[]): string =>
        execFileSync("nsenter", [`--net=/proc/${node.pid}/ns/net`, "nft", ...args], {
            encoding: "utf8",
            stdio: ["ignore", "pipe", "ignore"],
        });
    const known = (): string => /elements = \{ ([^}]+) \}/.exec(nft("list", "set", "inet", "network_policies", "known"))?.[1] ?? "nobody";
    const round = async (change: Partial<Sources>): Promise<void> => {
        sources = { ...sources, ...change };
        inForce = undefined;
        ask();
        await until(() => inForce !== undefined);
    };

    beforeEach(async () => {
        node = spawn("unshare", ["--net", "sleep", "60"], { stdio: "ignore" });
        const own = readlinkSync("/proc/self/ns/net");
        await until(() => node.pid !== undefined && readlinkSync(`/proc/${node.pid}/ns/net`) !== own);
        [said, confirmed, inForce] = [[], [], undefined];
        const announcements = {
            current: [announced],
            confirm: ({ sandbox }: { sandbox: string }) => void confirmed.push(sandbox),
            close: () => {},
        };
        sources = { synced: false, pods: [], namespaces: [], policies: [], nodes: [{ plan, id: "1", pid: node.pid ?? 0, announcements }] };
        ask = enforcer(
            () => sources,
            (lives) => (inForce = lives),
            (text) => said.push(text),
        );
    });
    afterEach(() => void node.kill("SIGKILL"));

    it("leaves a node as it is until the API was read", async () => {
        await transact(node.pid ?? 0, ["add table inet network_policies", "add set inet network_policies known { type ipv4_addr; }"]);
        ask();
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect([known(), inForce]).toEqual(["nobody", undefined]);
        await round({ synced: true, pods: [pod] });
        expect([known(), inForce]).toEqual([announced.address, { [plan.name]: "1" }]);
    });

    it("confirms an address when its pod is known and the rules are in force", async () => {
        await round({ synced: true });
        expect([known(), confirmed]).toEqual(["nobody", []]);
        await round({ pods: [pod] });
        expect([known(), confirmed]).toEqual([announced.address, ["s"]]);
        expect(said.map((text) => text.replace(/\d+ ms/, "… ms"))).toEqual([
            expect.stringMatching(/^node-1: \d+ changes in … ms, all of its rules$/),
            "node-1: 2 changes in … ms",
        ]);
    });

    it("makes all rules again where what it finds is not what it left", async () => {
        await round({ synced: true });
        nft("delete", "table", "inet", "network_policies");
        sources = { ...sources, pods: [pod] };
        ask();
        await until(() => confirmed.length > 0);
        expect(known()).toBe(announced.address);
        expect(said.some((text) => text.startsWith("node-1: nft refused the rules"))).toBe(true);
    });
});
