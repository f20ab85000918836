/** One round after the other: what the API and the nodes say now is compiled for every node and put in force there. */
import { messageOf } from "../../common/errors.ts";
import type { NodePlan } from "../plan.ts";
import { place, type Announcement } from "./addresses.ts";
import type { Announcements } from "./announcements.ts";
import { bring } from "./apply.ts";
import { compile } from "./compile.ts";
import type { Table } from "./table.ts";
import type { Namespace, NetworkPolicy, Pod, World } from "./world.ts";

/** A node that runs, from its start to its end. */
export interface NodeLife {
    readonly plan: NodePlan;
    /** Tells one life from the next. */
    readonly id: string;
    /** Its PID 1 on this machine. */
    readonly pid: number;
    readonly announcements: Announcements;
}

/** Where a round gets what it goes by. */
export interface Sources {
    readonly synced: boolean;
    readonly pods: Iterable<Pod>;
    readonly namespaces: Iterable<Namespace>;
    readonly policies: readonly NetworkPolicy[];
    readonly nodes: readonly NodeLife[];
}

const RETRY_MS = 300;

/**
 * @param inForce told after a round which life of each node has its rules
 * @returns a function that asks for another round; rounds never overlap, and one asked for during another follows it
 */
export function enforcer(
    sources: () => Sources,
    inForce: (lives: Readonly<Record<string, string>>) => void,
    say: (text: string) => void,
): () => void {
    const applied = new Map<string, Table>();
    let running = false;
    let again = false;

    const bringNode = async (node: NodeLife, world: World): Promise<void> => {
        const before = applied.get(node.id);
        applied.delete(node.id); // until it is known to be in force: after a failure the whole table is made
        const begun = performance.now();
        const { table, commands } = await bring(node.pid, before, compile(node.plan, world));
        applied.set(node.id, table);
        const spent = Math.round(performance.now() - begun);
        if (commands) say(`${node.plan.name}: ${commands} changes in ${spent} ms${before ? "" : ", all of its rules"}`);
    };
    const round = async (): Promise<void> => {
        const { synced, pods, namespaces, policies, nodes } = sources();
        if (!synced) return; // what an earlier life of this program put in force stays
        const announced = new Map<string, readonly Announcement[]>(nodes.map((node) => [node.plan.name, node.announcements.current]));
        const placed = place(pods, announced);
        const world = { namespaces: new Map([...namespaces].map(({ name, labels }) => [name, labels])), policies, pods: placed };
        for (const id of applied.keys()) if (!nodes.some((node) => node.id === id)) applied.delete(id);
        const results = await Promise.allSettled(nodes.map((node) => bringNode(node, world)));
        inForce(Object.fromEntries(nodes.filter((node) => applied.has(node.id)).map((node) => [node.plan.name, node.id])));
        if (results.every(({ status }) => status === "fulfilled")) {
            // Only now: a pod begins when its own node and those it will talk to know it.
            const known = new Set(placed.map((pod) => `${pod.uid}/${pod.address}`));
            for (const node of nodes)
                for (const each of announced.get(node.plan.name) ?? [])
                    if (known.has(`${each.uid}/${each.address}`)) node.announcements.confirm(each);
        }
        for (const [i, result] of results.entries()) {
            if (result.status === "fulfilled") continue;
            say(`${nodes[i]?.plan.name}: ${messageOf(result.reason)}`);
            setTimeout(ask, RETRY_MS);
        }
    };
    const rounds = async (): Promise<void> => {
        try {
            while (again) {
                again = false;
                await round();
                // Changes come in bursts; what arrives meanwhile is one round.
                await new Promise((resolve) => setImmediate(resolve));
            }
        } catch (error) {
            say(messageOf(error));
            setTimeout(ask, RETRY_MS);
        } finally {
            running = false;
        }
    };
    const ask = (): void => {
        again = true;
        if (running) return;
        running = true;
        void rounds();
    };
    return ask;
}
