/**
 * Prints what bridge and gateway add to a call, as differences and ratios of runs that take turns on the same machine:
 * standard input and output directly, over the bridge, over bridge and gateway.
 *
 *     node tests/bench/bridge.ts [calls per run] [runs]
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { EVERYTHING, root, until } from "../bridge/support.ts";

const [calls = 1000, runs = 5] = process.argv.slice(2).map(Number);
const WARM_UP = 100;

/** Runs a piece of the operator in a process of its own, as in a pod, and waits for the ports it prints. */
async function inProcess(
    code: string,
    args: readonly string[],
    env: Record<string, string>,
): Promise<{ child: ChildProcess; ports: { port: number; healthPort: number } }> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code, "--", ...args], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "ignore"],
    });
    const line = await new Promise<string>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())));
    return { child, ports: JSON.parse(line) as { port: number; healthPort: number } };
}

const file = (path: string): string => JSON.stringify(join(root, path));
const BRIDGE = `import { run } from ${file("operator/bridge/main.ts")};
await run(process.argv.slice(1), process.env, new AbortController().signal, (ports) => console.log(JSON.stringify(ports)));`;
const GATEWAY = `import { FakeCluster, gateway } from ${file("tests/gateway/support.ts")};
const cluster = new FakeCluster();
cluster.server("everything");
cluster.pods("everything", [{ uid: "pod", port: Number(process.argv[1]) }]);
const { port, healthPort } = await gateway(cluster);
console.log(JSON.stringify({ port, healthPort }));`;

async function connect(transport: Transport): Promise<Client> {
    const client = new Client({ name: "bench", version: "1" });
    await client.connect(transport);
    return client;
}

async function measure(client: Client): Promise<number[]> {
    const times: number[] = [];
    for (let n = -WARM_UP; n < calls; n++) {
        const begun = performance.now();
        await client.callTool({ name: "echo", arguments: { message: "hello" } });
        if (n >= 0) times.push(performance.now() - begun);
    }
    return times.toSorted((a, b) => a - b);
}

const at = (times: readonly number[], part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
const median = (values: readonly number[]): number =>
    at(
        values.toSorted((a, b) => a - b),
        0.5,
    );
const residentMiB = (child: ChildProcess): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024;

const bridge = await inProcess(BRIDGE, EVERYTHING, { BRIDGE_PORT: "0", BRIDGE_HEALTH_PORT: "0", BRIDGE_HOST: "127.0.0.1" });
await until(async () => (await fetch(`http://127.0.0.1:${bridge.ports.healthPort}/readyz`)).ok, 15_000);
const front = await inProcess(GATEWAY, [String(bridge.ports.port)], {});
const [command = "", ...args] = EVERYTHING;
const ways: Record<string, () => Transport> = {
    stdio: () => new StdioClientTransport({ command, args, stderr: "ignore" }),
    bridge: () => new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${bridge.ports.port}/mcp`)) as Transport,
    gateway: () => new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${front.ports.port}/everything/mcp`)) as Transport,
};
const found: Record<string, { connect: number[]; p50: number[]; p99: number[] }> = {};
for (let run = 0; run < runs; run++) {
    for (const [name, open] of Object.entries(ways)) {
        const results = (found[name] ??= { connect: [], p50: [], p99: [] });
        const begun = performance.now();
        const client = await connect(open());
        results.connect.push(performance.now() - begun);
        const times = await measure(client);
        results.p50.push(at(times, 0.5));
        results.p99.push(at(times, 0.99));
        await client.close();
        await new Promise((resolve) => setTimeout(resolve, 300));
    }
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;
console.log(`echo, ${calls} calls in turn, median of ${runs} runs`);
for (const [name, { connect, p50, p99 }] of Object.entries(found)) {
    console.log(`  ${name.padEnd(8)} connect ${ms(median(connect))}   p50 ${ms(median(p50))}   p99 ${ms(median(p99))}`);
}
for (const [name, base] of [
    ["bridge", "stdio"],
    ["gateway", "bridge"],
] as const) {
    const [one, other] = [found[name], found[base]];
    if (!one || !other) continue;
    const pairs = one.p50.map((value, run) => [value, other.p50[run] ?? NaN] as const);
    const late = one.p99.map((value, run) => value - (other.p99[run] ?? NaN));
    console.log(
        `  ${name} over ${base}: ratio ${median(pairs.map(([a, b]) => a / b)).toFixed(2)}, p50 +${ms(median(pairs.map(([a, b]) => a - b)))}, p99 +${ms(median(late))}`,
    );
}
console.log(`  resident: bridge ${residentMiB(bridge.child).toFixed(0)} MiB, gateway ${residentMiB(front.child).toFixed(0)} MiB`);
front.child.kill("SIGTERM");
bridge.child.kill("SIGTERM");
