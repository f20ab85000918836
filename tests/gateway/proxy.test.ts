/** The gateway before pods that do as the test says. */
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTcp, type AddressInfo, type Socket } from "node:net";
import type { Gateway } from "../../operator/gateway/server.ts";
import { until } from "../bridge/support.ts";
import { ask, FakeCluster, gateway, HOST } from "./support.ts";

const servers: { close(): unknown; closeAllConnections?(): void }[] = [];
let cluster: FakeCluster;
let running: Gateway;

async function pod(listener: RequestListener): Promise<number> {
    const server: Server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}

async function start(listener: RequestListener, env: Record<string, string> = {}, path = "/mcp"): Promise<void> {
    cluster = new FakeCluster();
    cluster.server("a", { spec: { path } });
    cluster.pods("a", [{ uid: "1", port: await pod(listener) }]);
    running = await gateway(cluster, env);
}

afterEach(async () => {
    await running.close();
    for (const server of servers.splice(0)) {
        server.close();
        server.closeAllConnections?.();
    }
});

/** Answers with what it was asked. */
const mirror: RequestListener = (asked, response) => {
    let body = "";
    asked.setEncoding("utf8");
    asked.on("data", (chunk: string) => (body += chunk));
    asked.on("end", () => response.end(JSON.stringify({ method: asked.method, url: asked.url, headers: asked.headers, body })));
};

interface Mirrored {
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly body: string;
}

async function mirrored(headers: Record<string, string> = {}, path = "/a/mcp"): Promise<Mirrored> {
    const { body, status } = await ask(running.port, path, headers, "POST", "{}");
    expect(status).toBe(200);
    return JSON.parse(body) as Mirrored;
}

describe("whom it serves", () => {
    it.each([
        ["/", {}, 200, "addresses have the form /<server>/mcp"],
        ["/healthz", { host: "10.0.0.1" }, 200, "ok"],
        ["/a/mcp", {}, 200, '"url":"/mcp"'],
        ["/a/mcp", { host: `${HOST.toUpperCase()}:8080` }, 200, '"url":"/mcp"'],
        ["/a/mcp", { host: "evil.example.com" }, 421, "this host is not served here"],
        ["/", { host: "evil.example.com" }, 421, "this host is not served here"],
        ["/a/mcp", { origin: `https://${HOST}` }, 200, '"url":"/mcp"'],
        ["/a/mcp", { origin: "https://evil.example.com" }, 403, "origin"],
        ["/a/mcp", { origin: "null" }, 403, "origin"],
        ["/b/mcp", {}, 404, 'no MCP server is served at \\"/b/mcp\\"; addresses have the form /<server>/mcp'],
        ["/a", {}, 404, "addresses have the form /<server>/mcp"],
        ["/a/mcp/../../b", {}, 404, "addresses have the form"],
        ["/a%2fmcp", {}, 404, "addresses have the form"],
        ["/A/mcp", {}, 404, "addresses have the form"],
    ])("%s with %p: %i", async (path, headers, status, text) => {
        await start(mirror);
        const answer = await ask(running.port, path, headers as Record<string, string>);
        expect(answer.status).toBe(status);
        expect(answer.body).toContain(text);
        expect(
            answer.headers["content-type"] === "application/json" && answer.body.startsWith('{"jsonrpc":"2.0","error":{"code":-32'),
        ).toBe(status >= 400);
    });

    it("nobody before it knows the servers", async () => {
        await start(mirror);
        cluster.synced = false;
        const answer = await ask(running.port, "/a/mcp");
        expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "2"]);
        expect((await fetch(`http://127.0.0.1:${running.healthPort}/readyz`)).status).toBe(503);
        cluster.synced = true;
        expect((await fetch(`http://127.0.0.1:${running.healthPort}/readyz`)).status).toBe(200);
    });

    it("a server without a ready pod, with the reason and when to come back", async () => {
        await start(mirror);
        cluster.server("a", { status: { conditions: [{ type: "Available", status: "False", message: "the image x cannot be pulled" }] } });
        cluster.pods("a", [{ uid: "1", port: 1, ready: false }]);
        const answer = await ask(running.port, "/a/mcp");
        expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "2"]);
        expect(answer.body).toContain("has no ready pod: the image x cannot be pulled");
    });
});

describe("what the server gets", () => {
    it("its own path and the query, its name as Host, no Origin, no headers of the connection", async () => {
        await start(mirror, {}, "/deep/path");
        const { url, headers, body } = await mirrored(
            {
                origin: `http://${HOST}`,
                te: "trailers",
                connection: "close, x-mine",
                "x-mine": "1",
                "x-other": "2",
                "proxy-authorization": "secret",
            },
            "/a/mcp?x=1?2",
        );
        expect([url, body]).toEqual(["/deep/path?x=1?2", "{}"]);
        expect(headers).toMatchObject({ host: "a", "x-other": "2" });
        for (const name of ["origin", "te", "x-mine", "proxy-authorization"]) expect(headers).not.toHaveProperty(name);
    });

    it("the client's address from the connection, whatever the client says", async () => {
        await start(mirror);
        const { headers } = await mirrored({
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
            forwarded: "for=1.2.3.4",
            "x-real-ip": "1.2.3.4",
        });
        expect(headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-host": HOST });
        for (const name of ["forwarded", "x-real-ip"]) expect(headers).not.toHaveProperty(name);
    });

    it("the client's address from a trusted proxy", async () => {
        await start(mirror, { TRUSTED_PROXIES: "127.0.0.0/8" });
        const { headers } = await mirrored({
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "public.example.com",
        });
        expect(headers).toMatchObject({
            "x-forwarded-for": "1.2.3.4, 127.0.0.1",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "public.example.com",
        });
    });
});

describe("streams", () => {
    it("pass piece by piece in both directions, and end at the server when the client leaves", async () => {
        let left = false;
        await start((asked, response) => {
            response.writeHead(200, { "content-type": "text/event-stream" });
            response.flushHeaders();
            asked.on("data", (chunk: Buffer) => response.write(`data: ${chunk.toString()}\n\n`));
            response.on("close", () => (left = true));
        });
        const got: string[] = [];
        const sent = request({
            host: "127.0.0.1",
            port: running.port,
            path: "/a/mcp",
            method: "POST",
            headers: { host: HOST },
            agent: false,
        });
        sent.on("error", () => {});
        const answered = new Promise<IncomingMessage>((resolve) => sent.on("response", resolve));
        sent.write("one");
        const response = await answered;
        response.on("error", () => {});
        response.on("data", (chunk: Buffer) => got.push(chunk.toString()));
        await until(() => got.join("") === "data: one\n\n");
        sent.write("two");
        await until(() => got.join("") === "data: one\n\ndata: two\n\n");
        expect(await (await fetch(`http://127.0.0.1:${running.healthPort}/metrics`)).text()).toContain(
            "mcp_gateway_requests_in_progress 1",
        );
        sent.destroy();
        await until(() => left);
        await until(async () =>
            (await (await fetch(`http://127.0.0.1:${running.healthPort}/metrics`)).text()).includes("mcp_gateway_requests_in_progress 0"),
        );
    });

    it("reuse connections to the pod", async () => {
        const sockets = new Set<Socket>();
        await start((asked, response) => {
            sockets.add(asked.socket);
            asked.resume();
            response.end("{}");
        });
        for (let n = 0; n < 10; n++) expect((await ask(running.port, "/a/mcp", {}, "POST", "{}")).status).toBe(200);
        expect(sockets.size).toBe(1);
    });
});

describe("a pod that fails", () => {
    it("before it answered: 502", async () => {
        await start((asked) => asked.socket.destroy());
        const answer = await ask(running.port, "/a/mcp", {}, "POST", "{}");
        expect(answer.status).toBe(502);
        expect(JSON.parse(answer.body)).toMatchObject({
            jsonrpc: "2.0",
            error: { message: 'Bad Gateway: the server "a" broke off before it answered' },
        });
    });

    it("in the middle of an answer: the client sees that it is not whole", async () => {
        await start((asked, response) => {
            response.writeHead(200, { "content-length": "100" });
            response.write("half");
            setTimeout(() => asked.socket.destroy(), 50);
        });
        await expect(ask(running.port, "/a/mcp", {}, "POST", "{}")).rejects.toThrow("aborted");
    });

    it("to be reached: another ready one answers, and nothing was sent twice", async () => {
        let asked = 0;
        await start((_, response) => {
            asked++;
            response.end("{}");
        });
        const [endpoint] = cluster.routes.find("a")?.endpoints ?? [];
        cluster.pods("a", [
            { uid: "gone", port: await closedPort() },
            { uid: "here", port: endpoint?.port ?? 0 },
        ]);
        for (let n = 0; n < 6; n++) expect((await ask(running.port, "/a/mcp", {}, "POST", "{}")).status).toBe(200);
        expect(asked).toBe(6);
    });

    it("to be reached, and there is no other: 502 soon, even when it says nothing", async () => {
        await start(mirror, { GATEWAY_CONNECT_SECONDS: "0.3" });
        cluster.pods("a", [{ uid: "gone", port: await closedPort() }]);
        expect((await ask(running.port, "/a/mcp", {}, "POST", "{}")).status).toBe(502);
    });
});

async function closedPort(): Promise<number> {
    const probe = createTcp();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    return port;
}

/** Opens a session on itself for whoever has none, and says who it is. */
const session: RequestListener = (asked, response) => {
    asked.resume();
    const known = asked.headers["mcp-session-id"];
    if (known === undefined) response.setHeader("Mcp-Session-Id", `of-${(asked.socket.address() as AddressInfo).port}`);
    response.end(JSON.stringify({ port: (asked.socket.address() as AddressInfo).port, known }));
};

/** Two pods of server a, and one of them as server b too. */
async function two(): Promise<readonly [number, number]> {
    await start(session);
    const ports = [cluster.routes.find("a")?.endpoints[0]?.port ?? 0, await pod(session)] as const;
    cluster.pods(
        "a",
        ports.map((port, index) => ({ uid: `pod-${index}`, port })),
    );
    cluster.server("b");
    cluster.pods("b", [{ uid: "pod-0", port: ports[0] }]);
    return ports;
}

async function statusOf(path: string, id: string): Promise<number> {
    return (await ask(running.port, path, { "mcp-session-id": id }, "POST", "{}")).status;
}

describe("sessions", () => {
    it("stay on the pod that opened them, over any number of gateways", async () => {
        await two();
        const other = await gateway(cluster);
        for (let n = 0; n < 6; n++) {
            const opened = await ask(running.port, "/a/mcp", {}, "POST", "{}");
            const id = opened.headers["mcp-session-id"] as string;
            const { port } = JSON.parse(opened.body) as { port: number };
            for (const at of [running.port, other.port]) {
                const used = await ask(at, "/a/mcp", { "mcp-session-id": id }, "POST", "{}");
                expect(JSON.parse(used.body)).toEqual({ port, known: `of-${port}` });
            }
        }
        await other.close();
    });

    it("are not found on another server, made up, or after their pod went: 404, so that clients begin again", async () => {
        const ports = await two();
        const ids = new Map<number, string>();
        while (ids.size < 2) {
            const opened = await ask(running.port, "/a/mcp", {}, "POST", "{}");
            ids.set((JSON.parse(opened.body) as { port: number }).port, opened.headers["mcp-session-id"] as string);
        }
        for (const id of ids.values()) expect(await statusOf("/b/mcp", id)).toBe(404);
        expect(await statusOf("/a/mcp", `of-${ports[0]}`)).toBe(404);
        cluster.pods("a", [{ uid: "pod-0", port: ports[0], ready: false }]);
        expect(await statusOf("/a/mcp", ids.get(ports[0]) ?? "")).toBe(200); // not ready, but there
        expect(await statusOf("/a/mcp", ids.get(ports[1]) ?? "")).toBe(404);
        cluster.pods("a", [{ uid: "pod-0", port: await closedPort() }]);
        expect(await statusOf("/a/mcp", ids.get(ports[0]) ?? "")).toBe(404);
    });

    it("do not bind requests of the modern era", async () => {
        await two();
        const headers = { "mcp-session-id": "made-up", "mcp-protocol-version": "2026-07-28" };
        const ports = new Set<number>();
        for (let n = 0; n < 8; n++) {
            const answer = JSON.parse((await ask(running.port, "/a/mcp", headers, "POST", "{}")).body) as { port: number; known?: string };
            expect(answer.known).toBeUndefined();
            ports.add(answer.port);
        }
        expect(ports.size).toBe(2);
    });
});

describe("the end", () => {
    it("waits for requests in progress and takes no new ones", async () => {
        await start((asked, response) => {
            asked.resume();
            setTimeout(() => response.end("done"), 400);
        });
        const answer = ask(running.port, "/a/mcp", {}, "POST", "{}");
        await new Promise((resolve) => setTimeout(resolve, 100));
        const drained = running.drain();
        await new Promise((resolve) => setTimeout(resolve, 50));
        await expect(ask(running.port, "/")).rejects.toThrow("ECONNREFUSED");
        expect((await answer).body).toBe("done");
        await drained;
    });
});
