/** The cables and routes between the hub and the nodes, made with `ip` inside the trees' network namespaces. */
import { messageOf } from "../common/errors.ts";
import { run } from "../common/process.ts";
import { transact } from "./enforcer/apply.ts";
import { compile } from "./enforcer/compile.ts";
import { creation } from "./enforcer/table.ts";
import { ADDRESSES, BRIDGE, type ClusterPlan, type NodePlan } from "./plan.ts";
import { interfacesOf, routesOf } from "./processes.ts";

/** Commands for one `ip -batch` in the hub, when it has just begun. */
export function hubCommands(): string[] {
    return [`link add ${BRIDGE} type bridge`, `address add ${ADDRESSES.hub}/${ADDRESSES.hubPrefix} dev ${BRIDGE}`, `link set ${BRIDGE} up`];
}

/** In the hub: the cable to a node whose PID 1 is `pid`. A cable that is left from the node's earlier life is gone with that life. */
export function cableCommands(node: NodePlan, pid: number): string[] {
    return [
        `link add ${node.hubInterface} type veth peer name eth0 netns ${pid}`,
        `link set ${node.hubInterface} master ${BRIDGE} up`,
        `route replace ${node.podCidr} via ${node.address}`,
    ];
}

/** In the node, once it has its end of the cable. */
export function nodeCommands(node: NodePlan): string[] {
    return [
        `address add ${node.address}/${ADDRESSES.hubPrefix} dev eth0`,
        "link set eth0 up",
        `route replace default via ${ADDRESSES.hub}`,
        ...node.routes.map((route) => `route replace ${route.to} via ${route.via}`),
    ];
}

function hex(bytes: readonly number[]): string {
    return bytes
        .toReversed()
        .map((byte) => byte.toString(16).padStart(2, "0").toUpperCase())
        .join("");
}

/** A CIDR as the kernel's routing table in /proc has it: destination and mask in hexadecimal, least significant byte first. */
export function routeKey(cidr: string): string {
    const [address = "", bits = "32"] = cidr.split("/");
    const mask = [0, 1, 2, 3].map((i) => 256 - 2 ** (8 - Math.min(8, Math.max(0, Number(bits) - 8 * i))));
    return `${hex(address.split(".").map(Number))}/${hex(mask)}`;
}

async function batch(pid: number, commands: readonly string[]): Promise<void> {
    const args = [`--net=/proc/${pid}/ns/net`, "ip", "-batch", "-"];
    const result = await run("nsenter", args, { stdin: commands.join("\n") + "\n" });
    if (result.code !== 0) throw new Error(`the cluster's network cannot be set up: ${result.stderr.trim() || `status ${result.code}`}`);
}

/** Gives the hub its bridge, if it has none. */
export async function ensureBridge(hubPid: number): Promise<void> {
    if (!interfacesOf(hubPid).includes(BRIDGE)) await batch(hubPid, hubCommands());
}

/**
 * A node begins closed: without it a pod could talk before the rules of the cluster's policies are there. The cable comes
 * after it, so that a node with a cable has it.
 */
async function closeForwarding(node: NodePlan, nodePid: number): Promise<void> {
    const nothing = compile(node, { namespaces: new Map(), policies: [], pods: [] });
    await transact(nodePid, creation(nothing)).catch((error: unknown) => {
        if (!messageOf(error).includes("File exists")) throw error; // the enforcer was quicker
    });
}

/** Connects a node with the hub, if it is not, and gives both their routes. */
export async function ensureLink(plan: ClusterPlan, node: NodePlan, hubPid: number, nodePid: number): Promise<void> {
    const hubHas = interfacesOf(hubPid).includes(node.hubInterface);
    const nodeHas = interfacesOf(nodePid).includes("eth0");
    if (!hubHas || !nodeHas) {
        if (hubHas) await batch(hubPid, [`link delete ${node.hubInterface}`]);
        if (nodeHas) await batch(nodePid, ["link delete eth0"]);
        else await closeForwarding(node, nodePid);
        await batch(hubPid, cableCommands(node, nodePid));
        await batch(nodePid, nodeCommands(node));
        return;
    }
    if (!routesOf(hubPid).has(routeKey(node.podCidr))) await batch(hubPid, [`route replace ${node.podCidr} via ${node.address}`]);
    const have = routesOf(nodePid);
    const missing = node.routes.filter((route) => !have.has(routeKey(route.to)));
    if (missing.length)
        await batch(
            nodePid,
            missing.map((route) => `route replace ${route.to} via ${route.via}`),
        );
}

/** Takes the route to a removed node's pods back; the cable went with the node. */
export async function dropNodeRoutes(hubPid: number, nodePids: readonly number[], node: NodePlan): Promise<void> {
    for (const pid of [hubPid, ...nodePids]) {
        if (routesOf(pid).has(routeKey(node.podCidr))) await batch(pid, [`route delete ${node.podCidr}`]);
    }
}
