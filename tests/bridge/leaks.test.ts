/** No process is left over, however sessions and the bridge end. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
    commandOf,
    connect,
    descendants,
    INITIALIZE,
    EVERYTHING,
    ODD,
    post,
    root,
    startBridge,
    stopBridges,
    until,
    untilReady,
    type RunningBridge,
} from "./support.ts";

const ODD_RUN = randomUUID();
afterEach(stopBridges);

async function open(bridge: RunningBridge): Promise<Record<string, string>> {
    const response = await post(bridge.url, INITIALIZE);
    await response.json();
    return { "mcp-session-id": response.headers.get("mcp-session-id") as string };
}

const OPEN_AND_HOLD = `
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
for (let n = 0; n < Number(process.argv[2]); n++) {
    const client = new Client({ name: "victim", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[1])));
    await client.listTools();
}
console.log("open");
setInterval(() => {}, 1000);
`;

/** A process that holds sessions open with a published client, until it is killed. */
async function victim(url: URL, sessions: number): Promise<ChildProcess> {
    const child = spawn(process.execPath, ["--input-type=module", "-e", OPEN_AND_HOLD, url.href, String(sessions)], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    return child;
}

describe("processes of the server", () => {
    it("are gone seconds after 50 clients were killed, but for the spare one", async () => {
        const bridge = await startBridge(EVERYTHING);
        await untilReady(bridge);
        const victims = await Promise.all([victim(bridge.url, 25), victim(bridge.url, 25)]);
        expect(await bridge.metric("mcp_bridge_sessions")).toBe(50);
        for (const each of victims) each.kill("SIGKILL");
        await until(() => descendants("server-everything").length <= 1, 15_000); // 5 s, and more where other tests run
        expect(await bridge.metric("mcp_bridge_sessions")).toBe(0);
        expect(await bridge.metric('mcp_bridge_sessions_ended_total{reason="orphaned"}')).toBe(50);
        await bridge.stop();
        expect(descendants("server-everything")).toEqual([]);
    });

    it("end with sessions nobody uses, and stay with those that are used", async () => {
        const bridge = await startBridge(ODD, { BRIDGE_IDLE_SECONDS: "0.5", BRIDGE_SPARE: "0" });
        await untilReady(bridge);
        await open(bridge);
        const used = await open(bridge);
        const { client } = await connect(bridge.url); // listens
        for (let n = 0; n < 6; n++) {
            await new Promise((resolve) => setTimeout(resolve, 200));
            expect((await post(bridge.url, { jsonrpc: "2.0", id: n, method: "tools/list" }, used)).status).toBe(200);
        }
        expect(await bridge.metric("mcp_bridge_sessions")).toBe(2);
        await client.listTools();
        await client.close();
        await bridge.stop();
        expect(descendants("odd-server")).toEqual([]);
    });

    it.each(["deaf", "grandchild", "daemon"])("end with all they started: %s", async (mode) => {
        const bridge = await startBridge(ODD, { ODD_MODE: mode, ODD_RUN, BRIDGE_GRACE_SECONDS: "0.3" });
        await untilReady(bridge);
        const session = await open(bridge);
        expect(everywhere("odd-")).toBeGreaterThan(0);
        await fetch(bridge.url, { method: "DELETE", headers: session });
        await bridge.stop();
        await until(() => everywhere("odd-") === 0);
    });

    it("are one spare and no more after 150 sessions, crashes among them", async () => {
        const bridge = await startBridge(ODD);
        await untilReady(bridge);
        for (let round = 0; round < 15; round++) {
            await Promise.all(
                Array.from({ length: 10 }, async (_, n) => {
                    const session = await open(bridge);
                    if (n % 3 === 0)
                        await post(bridge.url, { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "crash" } }, session);
                    else await fetch(bridge.url, { method: "DELETE", headers: session });
                }),
            );
        }
        await until(() => descendants("odd-server").length === 1, 3000);
        await bridge.stop();
        expect(descendants("odd-server")).toEqual([]);
    }, 120_000);
});

/** Processes of this machine whose command line has a text and whose environment says that they are of this run: daemons are nobody's descendants. */
function everywhere(text: string): number {
    return readdirSync("/proc").filter((name) => {
        if (!/^\d+$/.test(name) || !commandOf(Number(name)).includes(text)) return false;
        try {
            return readFileSync(`/proc/${name}/environ`, "latin1").includes(`ODD_RUN=${ODD_RUN}\0`);
        } catch {
            return false;
        }
    }).length;
}

describe("SIGTERM to the bridge", () => {
    it("lets requests in progress end, refuses new sessions, ends quiet ones, and leaves nothing", async () => {
        const env = { ...process.env, BRIDGE_PORT: "0", BRIDGE_HEALTH_PORT: "0", BRIDGE_HOST: "127.0.0.1", BRIDGE_LINGER_SECONDS: "0.2" };
        const main = `import { run } from ${JSON.stringify(join(root, "operator/bridge/main.ts"))};
            const stop = new AbortController();
            process.once("SIGTERM", () => stop.abort());
            process.exit(await run(process.argv.slice(1), process.env, stop.signal, (ports) => console.log(JSON.stringify(ports))));`;
        const child = spawn(process.execPath, ["--input-type=module", "-e", main, "--", ...ODD], {
            env,
            stdio: ["ignore", "pipe", "ignore"],
        });
        const line = await new Promise<string>((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString())));
        const { port, healthPort } = JSON.parse(line) as { port: number; healthPort: number };
        const url = new URL(`http://127.0.0.1:${port}/mcp`);
        await until(async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok);
        const bridge = { url } as RunningBridge;
        const [busy, quiet] = [await open(bridge), await open(bridge)];
        const answer = post(url, { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "wait", arguments: { ms: 1500 } } }, busy);
        const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
        await new Promise((resolve) => setTimeout(resolve, 100));
        child.kill("SIGTERM");
        await until(async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).status === 503);
        await new Promise((resolve) => setTimeout(resolve, 400));
        expect((await post(url, INITIALIZE)).status).toBe(503);
        expect((await post(url, { jsonrpc: "2.0", id: 1, method: "tools/list" }, quiet)).status).toBe(404);
        expect(await (await answer).text()).toContain("waited");
        expect(await exited).toBe(0);
        expect(descendants("odd-server")).toEqual([]);
    });
});
