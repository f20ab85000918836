/** Published clients against a published server: over the bridge alone, over bridge and gateway, and over the gateway to the server's own HTTP. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { Client as DualClient, StreamableHTTPClientTransport as DualTransport } from "@modelcontextprotocol/client";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
    CreateMessageRequestSchema,
    ElicitRequestSchema,
    ListRootsRequestSchema,
    LoggingMessageNotificationSchema,
    ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { Gateway } from "../../operator/gateway/server.ts";
import { FakeCluster, gateway } from "../gateway/support.ts";
import { connect, EVERYTHING, startBridge, until, untilReady, type RunningBridge } from "./support.ts";

const CAPABILITIES = { sampling: {}, elicitation: {}, roots: {} };

interface Way {
    readonly url: URL;
    close(): Promise<void>;
}

async function overBridge(): Promise<Way & { bridge: RunningBridge }> {
    const bridge = await startBridge(EVERYTHING);
    await untilReady(bridge);
    return { url: bridge.url, bridge, close: async () => void (await bridge.stop()) };
}

async function behind(port: number): Promise<Way & { gateway: Gateway }> {
    const cluster = new FakeCluster();
    cluster.server("everything");
    cluster.pods("everything", [{ uid: "pod-1", port }]);
    const running = await gateway(cluster);
    return { url: new URL(`http://127.0.0.1:${running.port}/everything/mcp`), gateway: running, close: () => running.close() };
}

async function overBoth(): Promise<Way> {
    const bridge = await overBridge();
    const way = await behind(Number(bridge.url.port));
    return { url: way.url, close: async () => void (await Promise.all([way.close(), bridge.close()])) };
}

async function overGateway(): Promise<Way> {
    const port = await new Promise<number>((resolve) => {
        const probe = createServer().listen(0, "127.0.0.1", () => {
            const { port } = probe.address() as AddressInfo;
            probe.close(() => resolve(port));
        });
    });
    const [command = "", script = ""] = EVERYTHING;
    const server: ChildProcess = spawn(command, [script, "streamableHttp"], {
        env: { ...process.env, PORT: String(port) },
        stdio: "ignore",
    });
    await until(
        async () =>
            fetch(`http://127.0.0.1:${port}/mcp`).then(
                () => true,
                () => false,
            ),
        15_000,
    );
    const way = await behind(port);
    return {
        url: way.url,
        async close() {
            await way.close();
            server.kill("SIGKILL");
        },
    };
}

function text(result: Awaited<ReturnType<Client["callTool"]>>): string {
    return (result.content as { text?: string }[]).map((part) => part.text ?? "").join("");
}

describe.each([
    ["the bridge", overBridge],
    ["bridge and gateway", overBoth],
    ["the gateway to a server's own HTTP", overGateway],
] as const)("over %s", (_, open) => {
    let way: Way;
    beforeAll(async () => {
        way = await open();
    });
    afterAll(() => way.close());

    it("a legacy client lists and calls tools", async () => {
        const { client, transport } = await connect(way.url);
        expect(client.getServerVersion()?.name).toBe("mcp-servers/everything");
        expect((await client.listTools()).tools.map((tool) => tool.name)).toContain("echo");
        expect(text(await client.callTool({ name: "echo", arguments: { message: "grüße \u2028 \n" } }))).toBe("Echo: grüße \u2028 \n");
        await transport.terminateSession();
        await client.close();
    });

    it("concurrent calls with the same ids in different sessions do not meet", async () => {
        const many = await Promise.all(Array.from({ length: 6 }, () => connect(way.url)));
        await Promise.all(
            many.flatMap(({ client }, session) =>
                Array.from({ length: 20 }, async (_, n) => {
                    expect(text(await client.callTool({ name: "echo", arguments: { message: `${session}/${n}` } }))).toBe(
                        `Echo: ${session}/${n}`,
                    );
                }),
            ),
        );
        await Promise.all(many.map(({ transport }) => transport.terminateSession()));
        await Promise.all(many.map(({ client }) => client.close()));
    });

    it("progress arrives while the operation runs", async () => {
        const { client, transport } = await connect(way.url);
        const seen: [number, number][] = [];
        const begun = performance.now();
        await client.callTool({ name: "trigger-long-running-operation", arguments: { duration: 1.2, steps: 4 } }, undefined, {
            onprogress: ({ progress }) => seen.push([progress, performance.now() - begun]),
        });
        expect(seen.map(([progress]) => progress)).toEqual([1, 2, 3, 4]);
        expect(seen[0]?.[1]).toBeLessThan(800);
        await transport.terminateSession();
        await client.close();
    });

    it("the server asks the client: sampling, elicitation and roots", async () => {
        const { client, transport } = await connect(way.url, CAPABILITIES, (fresh) => {
            fresh.setRequestHandler(CreateMessageRequestSchema, () => ({
                model: "m",
                role: "assistant" as const,
                content: { type: "text" as const, text: "sampled!" },
            }));
            fresh.setRequestHandler(ElicitRequestSchema, () => ({ action: "decline" as const }));
            fresh.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///tmp/here", name: "here" }] }));
        });
        await until(async () => (await client.listTools()).tools.some((tool) => tool.name === "trigger-elicitation-request"));
        expect(text(await client.callTool({ name: "trigger-sampling-request", arguments: { prompt: "say", maxTokens: 5 } }))).toContain(
            "sampled!",
        );
        expect(text(await client.callTool({ name: "trigger-elicitation-request", arguments: {} }))).toContain("declined");
        expect(text(await client.callTool({ name: "get-roots-list", arguments: {} }))).toContain("file:///tmp/here");
        await transport.terminateSession();
        await client.close();
    });

    it("the server speaks on its own: log messages and resource updates", async () => {
        const logs: unknown[] = [];
        const updates: unknown[] = [];
        const { client, transport } = await connect(way.url, {}, (fresh) => {
            fresh.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logs.push(params.data));
            fresh.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updates.push(params.uri));
        });
        await client.setLoggingLevel("debug");
        await client.subscribeResource({ uri: "demo://resource/static/document/architecture.md" });
        await client.callTool({ name: "toggle-subscriber-updates", arguments: {} });
        await client.callTool({ name: "toggle-simulated-logging", arguments: {} });
        await until(() => logs.length > 0 && updates.length > 0, 15_000);
        expect(updates).toContain("demo://resource/static/document/architecture.md");
        await transport.terminateSession();
        await client.close();
    });

    it("a session that was ended is not found any more", async () => {
        const { client, transport } = await connect(way.url);
        const id = transport.sessionId as string;
        await transport.terminateSession();
        const response = await fetch(way.url, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json, text/event-stream", "mcp-session-id": id },
            body: JSON.stringify({ jsonrpc: "2.0", id: 5, method: "tools/list" }),
        });
        // the server's own HTTP answers 400; that is its business
        expect([404, 400]).toContain(response.status);
        await client.close();
    });

    it("a client that speaks both eras falls back to the legacy one", async () => {
        const client = new DualClient({ name: "test", version: "1" }, { versionNegotiation: { mode: "auto" } });
        const transport = new DualTransport(way.url);
        await client.connect(transport);
        expect((await client.listTools()).tools.length).toBeGreaterThan(5);
        const result = await client.callTool({ name: "echo", arguments: { message: "both" } });
        expect(JSON.stringify(result)).toContain("Echo: both");
        await transport.terminateSession();
        await client.close();
    });
});
