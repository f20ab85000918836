/** The modern era: a server made with the published SDK behind the bridge, published clients before it. */
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { FakeCluster, gateway } from "../gateway/support.ts";
import { connect, descendants, HEADERS, INITIALIZE, post, startBridge, until, untilReady, type RunningBridge } from "./support.ts";

const SERVER = [process.execPath, join(import.meta.dirname, "modern-server.mjs")];
const META = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };

async function modern(url: URL): Promise<Client> {
    const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    await client.connect(new StreamableHTTPClientTransport(url));
    return client;
}

async function call(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as { text: string }[])[0]?.text ?? "";
}

function raw(
    url: URL,
    id: unknown,
    name: string,
    args: object,
    more: { headers?: Record<string, string>; meta?: object; signal?: AbortSignal } = {},
): Promise<Response> {
    const headers = { ...HEADERS, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name, ...more.headers };
    const body = { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args, _meta: { ...META, ...more.meta } } };
    return fetch(url, { method: "POST", headers, body: JSON.stringify(body), ...(more.signal && { signal: more.signal }) });
}

describe("a server of both eras", () => {
    let bridge: RunningBridge;
    beforeAll(async () => {
        bridge = await startBridge(SERVER);
        await untilReady(bridge);
    });
    afterAll(() => bridge.stop());

    it("answers all modern clients from one process", async () => {
        const clients = await Promise.all(Array.from({ length: 5 }, () => modern(bridge.url)));
        const before = await bridge.metric("mcp_bridge_processes_started_total");
        const pids = await Promise.all(clients.flatMap((client) => Array.from({ length: 40 }, () => call(client, "pid"))));
        expect(new Set(pids).size).toBe(1);
        expect(await bridge.metric("mcp_bridge_processes_started_total")).toBe(before);
        await Promise.all(clients.map((client) => client.close()));
    });

    it("keeps apart requests with equal ids and equal progress tokens", async () => {
        const answers = await Promise.all(
            Array.from({ length: 8 }, async (_, n) => {
                const response = await raw(bridge.url, 1, "steps", { count: 1 + n, ms: 15 }, { meta: { progressToken: "same" } });
                const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
                return lines.map(
                    (line) => JSON.parse(line.slice(6)) as { id?: unknown; params?: { progressToken: string; total: number } },
                );
            }),
        );
        for (const [n, messages] of answers.entries()) {
            expect(messages.filter((message) => message.params).map((message) => message.params)).toEqual(
                Array.from({ length: 1 + n }, (_, i) => expect.objectContaining({ progressToken: "same", progress: i + 1, total: 1 + n })),
            );
            expect(messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: `${n + 1} steps` }] } });
        }
    });

    it("serves legacy clients beside the modern ones", async () => {
        const { client, transport } = await connect(bridge.url);
        expect((await client.listTools()).tools.map((tool) => tool.name)).toContain("echo");
        await transport.terminateSession();
        await client.close();
    });

    it("never gives out a session, and ignores one that is sent", async () => {
        const response = await raw(bridge.url, "x", "echo", { message: "hi" }, { headers: { "mcp-session-id": "made-up" } });
        expect(response.status).toBe(200);
        expect(response.headers.get("mcp-session-id")).toBeNull();
        expect(await response.json()).toMatchObject({ id: "x", result: { content: [{ text: "Echo: hi" }] } });
    });

    it("delivers changes to those who listen for them, under their own id", async () => {
        const client = await modern(bridge.url);
        let changes = 0;
        client.setNotificationHandler("notifications/tools/list_changed", () => void changes++);
        const subscription = await client.listen({ toolsListChanged: true });
        await call(client, "change");
        await until(() => changes > 0);
        expect(changes).toBe(1);
        await subscription.close();
        await client.close();
    });

    it.each([
        ["a method header that disagrees", { "mcp-method": "tools/list" }, 400, -32020],
        ["a name header that disagrees", { "mcp-name": "pid" }, 400, -32020],
        ["a version header that disagrees", { "mcp-protocol-version": "2025-11-25" }, 400, -32020],
    ])("refuses %s", async (_, headers, status, code) => {
        const response = await raw(bridge.url, 1, "echo", { message: "hi" }, { headers });
        expect([response.status, ((await response.json()) as { error: { code: number } }).error.code]).toEqual([status, code]);
    });

    it("names the versions it speaks to a client of another one", async () => {
        const response = await raw(
            bridge.url,
            1,
            "echo",
            {},
            { headers: { "mcp-protocol-version": "2099-01-01" }, meta: { "io.modelcontextprotocol/protocolVersion": "2099-01-01" } },
        );
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({
            id: 1,
            error: { code: -32022, data: { supported: ["2026-07-28"], requested: "2099-01-01" } },
        });
    });

    it("answers an unknown method with 404 and GET with 405", async () => {
        const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "no/such" };
        expect((await post(bridge.url, { jsonrpc: "2.0", id: 1, method: "no/such", params: { _meta: META } }, headers)).status).toBe(404);
        expect((await fetch(bridge.url, { headers: { ...HEADERS, "mcp-protocol-version": "2026-07-28" } })).status).toBe(405);
    });

    it("tells the server when a client closes the stream, and forgets the request", async () => {
        const abort = new AbortController();
        const response = await raw(bridge.url, 1, "steps", { count: 100, ms: 100 }, { meta: { progressToken: 1 }, signal: abort.signal });
        expect(await bridge.metric("mcp_bridge_requests_in_progress")).toBe(1);
        await response.body?.getReader().read();
        abort.abort();
        await until(async () => (await bridge.metric("mcp_bridge_requests_in_progress")) === 0);
    });

    it("answers what was in progress with an error when the process ends, and goes on with a new one", async () => {
        const client = await modern(bridge.url);
        const waiting = raw(bridge.url, 9, "steps", { count: 100, ms: 100 });
        const pid = await call(client, "pid");
        await expect(call(client, "crash")).rejects.toThrow("the server ended (exit status 7)");
        expect(await (await waiting).text()).toContain('"id":9');
        expect(await call(client, "pid")).not.toBe(pid);
        await client.close();
    });

    it("is reached through the gateway, which spreads the requests over all pods", async () => {
        const second = await startBridge(SERVER);
        await untilReady(second);
        const cluster = new FakeCluster();
        cluster.server("dual");
        cluster.pods("dual", [
            { uid: "pod-1", port: Number(bridge.url.port) },
            { uid: "pod-2", port: Number(second.url.port) },
        ]);
        const running = await gateway(cluster);
        const client = await modern(new URL(`http://127.0.0.1:${running.port}/dual/mcp`));
        const pids: string[] = [];
        for (let n = 0; n < 20; n++) pids.push(await call(client, "pid"));
        await client.close();
        await running.close();
        await second.stop();
        expect(new Set(pids).size).toBe(2);
    });
});

describe("a server of the modern era only", () => {
    it("is ready, serves modern clients and refuses initialize with the versions it speaks", async () => {
        const bridge = await startBridge(SERVER, { MODERN_ONLY: "1" });
        await untilReady(bridge);
        const client = await modern(bridge.url);
        expect(await call(client, "echo", { message: "hi" })).toBe("Echo: hi");
        await client.close();
        const response = await post(bridge.url, INITIALIZE);
        expect(response.status).toBe(400);
        expect(response.headers.get("mcp-session-id")).toBeNull();
        expect(await response.json()).toMatchObject({ id: 1, error: { code: -32022, data: { supported: ["2026-07-28"] } } });
        await bridge.stop();
        await until(() => descendants("modern-server.mjs").length === 0);
    });
});
