/** The rules of Streamable HTTP up to 2025-11-25, asked without any client library. */
import { request } from "node:http";
import { HEADERS, INITIALIZE, ODD, post, startBridge, until, untilReady, type RunningBridge } from "./support.ts";

let bridge: RunningBridge;
beforeAll(async () => {
    bridge = await startBridge(ODD, {
        BRIDGE_MAX_BODY_BYTES: "65536",
        BRIDGE_STREAM_AFTER_SECONDS: "0.3",
        BRIDGE_KEEPALIVE_SECONDS: "0.1",
    });
    await untilReady(bridge);
});
afterAll(() => bridge.stop());

async function open(url = bridge.url): Promise<Record<string, string>> {
    const response = await post(url, INITIALIZE);
    expect(response.status).toBe(200);
    await response.json();
    return { "mcp-session-id": response.headers.get("mcp-session-id") as string, "mcp-protocol-version": "2025-11-25" };
}

function call(id: unknown, name: string, args: object = {}, meta?: object): object {
    return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args, ...(meta && { _meta: meta }) } };
}

async function errorOf(response: Response): Promise<[number, number]> {
    const { error } = (await response.json()) as { error: { code: number } };
    return [response.status, error.code];
}

interface Event {
    readonly id?: string;
    readonly data: string;
}

/** Reads events until there are enough, or the stream ends; then leaves. */
async function events(response: Response, enough = Infinity): Promise<Event[]> {
    const found: Event[] = [];
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
            const lines = block.split("\n");
            const value = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
            const [id, data] = [value("id"), value("data")];
            if (data !== undefined) found.push({ data, ...(id !== undefined && { id }) });
        }
        if (found.length >= enough) break;
    }
    return found;
}

function get(headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
    return fetch(bridge.url, { headers: { accept: "text/event-stream", ...headers }, ...(signal && { signal }) });
}

describe("what is refused", () => {
    it.each([
        ["no session", {}, 400, -32000],
        ["an unknown session", { "mcp-session-id": "00000000-0000-0000-0000-000000000000" }, 404, -32001],
        ["a wrong Origin", { origin: "http://evil.example.com" }, 403, -32000],
        ["an opaque Origin", { origin: "null" }, 403, -32000],
        ["another content type", { "content-type": "text/plain" }, 415, -32000],
        ["a client that does not accept event streams", { accept: "application/json" }, 406, -32000],
    ])("%s", async (_, headers, status, code) => {
        expect(await errorOf(await post(bridge.url, { jsonrpc: "2.0", id: 1, method: "tools/list" }, headers))).toEqual([status, code]);
    });

    it.each([
        ["no JSON", "{", 400, -32700],
        ["no JSON-RPC", '{"id":1}', 400, -32600],
        ["an id that is none", '{"jsonrpc":"2.0","id":{},"method":"x"}', 400, -32600],
        ["an empty batch", "[]", 400, -32600],
        ["a body over the limit", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "x", params: { x: "x".repeat(70_000) } }), 413, -32000],
    ])("%s", async (_, body, status, code) => expect(await errorOf(await post(bridge.url, body))).toEqual([status, code]));

    it("a body over the limit that does not say its length", async () => {
        const status = await new Promise<number | undefined>((resolve, reject) => {
            const sent = request(bridge.url, { method: "POST", headers: HEADERS }, (response) => resolve(response.statusCode));
            sent.on("error", reject);
            for (let n = 0; n < 20; n++) sent.write("x".repeat(10_000));
            sent.end();
        });
        expect(status).toBe(413);
    });

    it("a protocol version nobody speaks, but not an older one", async () => {
        const session = await open();
        const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
        expect((await post(bridge.url, list, { ...session, "mcp-protocol-version": "1999-01-01" })).status).toBe(400);
        expect((await post(bridge.url, list, { ...session, "mcp-protocol-version": "2025-06-18" })).status).toBe(200);
        expect((await post(bridge.url, list, { "mcp-session-id": session["mcp-session-id"] as string })).status).toBe(200);
    });

    it("a second initialize in a session, and one in a batch", async () => {
        const session = await open();
        expect((await post(bridge.url, INITIALIZE, session)).status).toBe(400);
        expect((await post(bridge.url, [INITIALIZE, { jsonrpc: "2.0", method: "notifications/initialized" }])).status).toBe(400);
    });

    it("an id that is in use", async () => {
        const session = await open();
        const first = post(bridge.url, call(5, "wait", { ms: 200 }), session);
        await until(async () => (await bridge.metric("mcp_bridge_requests_in_progress")) === 1);
        expect((await post(bridge.url, call(5, "x"), session)).status).toBe(400);
        expect((await post(bridge.url, call("5", "x"), session)).status).toBe(200); // another id
        expect((await first).status).toBe(200);
    });

    it("other paths and methods", async () => {
        expect((await post(new URL("/other", bridge.url), INITIALIZE)).status).toBe(404);
        const put = await fetch(bridge.url, { method: "PUT", headers: HEADERS, body: "{}" });
        expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, POST, DELETE"]);
    });
});

describe("a session", () => {
    it("answers at once with JSON, unchanged by the bridge", async () => {
        const session = await open();
        const response = await post(
            bridge.url,
            '{\n "jsonrpc": "2.0",\r\n "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"n": 1.50}}}',
            session,
        );
        expect(response.headers.get("content-type")).toBe("application/json");
        expect(await response.text()).toBe('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\\"n\\":1.5}"}]}}');
    });

    it("takes notifications and answers of the client with 202", async () => {
        const session = await open();
        expect((await post(bridge.url, { jsonrpc: "2.0", method: "notifications/initialized" }, session)).status).toBe(202);
        expect((await post(bridge.url, { jsonrpc: "2.0", id: 3, result: {} }, session)).status).toBe(202);
    });

    it("answers a batch on one stream", async () => {
        const session = await open();
        const response = await post(bridge.url, [call(1, "a"), { jsonrpc: "2.0", method: "notifications/x" }, call(2, "b")], session);
        const ids = (await events(response)).filter((event) => event.data).map((event) => (JSON.parse(event.data) as { id: number }).id);
        expect(ids.toSorted()).toEqual([1, 2]);
    });

    it("becomes a stream when the answer takes long, which is kept alive", async () => {
        const session = await open();
        const response = await post(bridge.url, call(1, "wait", { ms: 800 }), session);
        expect(response.headers.get("content-type")).toBe("text/event-stream");
        expect(response.headers.get("x-accel-buffering")).toBe("no");
        const text = await response.text();
        expect(text).toMatch(/^id: \d+-\d+\ndata: \n\n/);
        expect(text.match(/^:$/gm)?.length).toBeGreaterThan(1);
        expect(text).toContain('"waited"');
    });

    it("gives a client that lost the stream of a request its answer on another", async () => {
        const session = await open();
        const abort = new AbortController();
        const response = await fetch(bridge.url, {
            method: "POST",
            headers: { ...HEADERS, ...session },
            body: JSON.stringify(call(1, "wait", { ms: 900 })),
            signal: abort.signal,
        });
        const [priming] = await events(response, 1);
        abort.abort();
        const resumed = await get({ ...session, "last-event-id": priming?.id as string });
        const [answer, ...rest] = await events(resumed);
        expect(JSON.parse(answer?.data ?? "")).toMatchObject({ id: 1, result: { content: [{ text: "waited" }] } });
        expect(rest).toEqual([]);
        const again = await get({ ...session, "last-event-id": priming?.id as string });
        expect((await events(again)).length).toBe(1);
        const nothingMore = await get({ ...session, "last-event-id": answer?.id as string });
        expect(nothingMore.status).toBe(204);
        expect((await get({ ...session, "last-event-id": "nonsense" })).status).toBe(400);
    });

    it("keeps what the server says while nobody listens, and repeats what a listener missed", async () => {
        const session = await open();
        await (await post(bridge.url, call(1, "later", { count: 6 }), session)).json();
        const abort = new AbortController();
        const first = await events(await get(session, abort.signal), 2);
        abort.abort();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const second = await events(await get({ ...session, "last-event-id": first[1]?.id as string }), 4);
        const data = [...first.slice(0, 2), ...second].map((event) => (JSON.parse(event.data) as { params: { data: number } }).params.data);
        expect(data).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("ends the stream of a cancelled request", async () => {
        const session = await open();
        const response = post(bridge.url, call(1, "hang"), session);
        await until(async () => (await bridge.metric("mcp_bridge_requests_in_progress")) === 1);
        await post(bridge.url, { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }, session);
        expect((await events(await response)).filter((event) => event.data)).toEqual([]);
        expect(await bridge.metric("mcp_bridge_requests_in_progress")).toBe(0);
    });

    it("does not forward what is no message, and forwards messages with carriage returns as one line", async () => {
        const session = await open();
        const before = await bridge.metric("mcp_bridge_stray_lines_total");
        expect(await (await post(bridge.url, call(1, "noise"), session)).json()).toEqual({
            jsonrpc: "2.0",
            id: 1,
            result: { content: [] },
        });
        expect(await bridge.metric("mcp_bridge_stray_lines_total")).toBe(before + 2);
    });

    it("passes large answers whole to a slow reader", async () => {
        const session = await open();
        const response = await post(bridge.url, call(1, "big", { size: 8_000_000 }), session);
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect((await response.text()).length).toBeGreaterThan(8_000_000);
    });

    it("answers with an error when its process ends, is gone then, and another one can be opened", async () => {
        const session = await open();
        const waiting = post(bridge.url, call("w", "hang"), session);
        await until(async () => (await bridge.metric("mcp_bridge_requests_in_progress")) === 1);
        const crashed = await post(bridge.url, call(1, "crash"), session);
        expect(await crashed.json()).toMatchObject({
            id: 1,
            error: { code: -32603, message: "Not answered: the server ended (exit status 7)" },
        });
        expect(await (await waiting).text()).toContain('"id":"w"');
        expect((await post(bridge.url, call(2, "x"), session)).status).toBe(404);
        await open();
    });

    it("gives the server its environment without the bridge's settings", async () => {
        const session = await open();
        const result = (await (await post(bridge.url, call(1, "environment"), session)).json()) as {
            result: { content: { text: string }[] };
        };
        const environment = JSON.parse(result.result.content[0]?.text ?? "") as Record<string, string>;
        expect(environment["PATH"]).toBe(process.env["PATH"]);
        expect(Object.keys(environment).filter((name) => name.startsWith("BRIDGE_"))).toEqual([]);
    });
});

describe("bounds", () => {
    it("refuses more sessions than allowed until one ends", async () => {
        const small = await startBridge(ODD, { BRIDGE_MAX_SESSIONS: "2" });
        await untilReady(small);
        const [first] = [await open(small.url), await open(small.url)];
        const refused = await post(small.url, INITIALIZE);
        expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
        expect((await fetch(small.url, { method: "DELETE", headers: first as Record<string, string> })).status).toBe(200);
        await open(small.url);
        await small.stop();
    });

    it("ends the process of a server that writes a message over the limit", async () => {
        const small = await startBridge(ODD, { BRIDGE_MAX_MESSAGE_BYTES: "10000" });
        await untilReady(small);
        const session = await open(small.url);
        const response = await post(small.url, call(1, "big", { size: 20_000 }), session);
        expect(await response.text()).toContain("it wrote a message of more than 10000 bytes");
        await small.stop();
    });

    it("serves only the hosts it is told to", async () => {
        const named = await startBridge(ODD, { BRIDGE_ALLOWED_HOSTS: "everything" });
        expect(await errorOf(await post(named.url, INITIALIZE))).toEqual([421, -32000]);
        await named.stop();
    });
});

describe("readiness", () => {
    it("is a handshake, not an open port: a server that ends before it answers is not ready, is tried again, and then given up", async () => {
        const broken = await startBridge(ODD, { ODD_MODE: "refuse" });
        await until(async () => (await broken.metric("mcp_bridge_processes_started_total")) >= 2);
        const ready = await fetch(`${broken.health}/readyz`);
        expect([ready.status, await ready.text()]).toEqual([
            503,
            "the server's process was started, but it ended before it answered (exit status 3)\n",
        ]);
        expect((await fetch(`${broken.health}/healthz`)).status).toBe(200);
        expect(await errorOf(await post(broken.url, INITIALIZE))).toEqual([503, -32000]);
        expect(await broken.done).toBe(1); // after the third: the pod is then seen to crash, with the reason
    });

    it("a command that cannot be started ends the bridge with a shell's exit code for that", async () => {
        const none = await startBridge(["/no/such/program"]);
        expect(await none.done).toBe(127);
    });
});
