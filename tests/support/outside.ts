/**
 * What is outside of a cluster: a network namespace of the test's own that is plugged into the cluster's bridge and has
 * addresses of every kind a policy may be about. Packets leave the cluster's namespaces nowhere else.
 */
import { spawn } from "node:child_process";
import { run } from "../../embedded/common/process.ts";
import { BRIDGE, type NodePlan } from "../../embedded/cluster/plan.ts";

export const OUTSIDE = {
    internet: "45.33.32.156",
    otherInternet: "198.41.0.4",
    private: "192.168.77.10",
    metadata: "169.254.169.254",
    carrier: "100.64.9.9",
} as const;

export interface Outside {
    /** A process in the namespace. */
    readonly pid: number;
    remove(): void;
}

/** Where it is plugged in. */
const ON_BRIDGE = "10.200.0.250";

async function ip(pid: number, commands: readonly string[]): Promise<void> {
    const result = await run("nsenter", [`--net=/proc/${pid}/ns/net`, "ip", "-batch", "-"], { stdin: commands.join("\n") + "\n" });
    if (result.code !== 0) throw new Error(`ip: ${result.stderr}`);
}

/**
 * @param argv what runs in the namespace, for as long as the namespace is wanted
 * @param env added to its environment
 */
export async function makeOutside(
    hubPid: number,
    nodes: readonly NodePlan[],
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
): Promise<Outside> {
    // Its program answers from the address it was asked at: the addresses come first, the interface is up last.
    const script = 'ip link set lo up; until ip link show up 2>/dev/null | grep -q eth0; do sleep 0.02; done; exec "$@"';
    const child = spawn("unshare", ["--net", "sh", "-c", script, "sh", ...argv], { stdio: "ignore", env: { ...process.env, ...env } });
    const pid = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("spawn", () => resolve(child.pid ?? 0));
    });
    const own = await run("readlink", ["/proc/self/ns/net"]);
    for (;;) {
        const its = await run("readlink", [`/proc/${pid}/ns/net`]);
        if (its.stdout !== own.stdout) break;
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await ip(hubPid, [
        `link add outside type veth peer name eth0 netns ${pid}`,
        `link set outside master ${BRIDGE} up`,
        ...Object.values(OUTSIDE).map((address) => `route replace ${address}/32 via ${ON_BRIDGE}`),
    ]);
    await ip(pid, [
        `address add ${ON_BRIDGE}/24 dev eth0`,
        ...Object.values(OUTSIDE).map((address) => `address add ${address}/32 dev eth0`),
        "link set eth0 up",
    ]);
    await ip(
        pid,
        nodes.map((node) => `route add ${node.podCidr} via ${node.address}`),
    );
    return { pid, remove: () => void child.kill("SIGKILL") };
}
