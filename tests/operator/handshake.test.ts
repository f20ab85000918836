import http from "node:http";
import type { AddressInfo } from "node:net";
import { HandshakeError, shakeHands } from "../../operator/controller/handshake.ts";
import { freePort, startEverything, startGatewayDouble, type GatewayDouble, type RealServer } from "./support.ts";

const never = new AbortController().signal;

describe("a handshake with a real server", () => {
    let gateway: GatewayDouble;
    let everything: RealServer;
    beforeAll(async () => {
        [gateway, everything] = await Promise.all([startGatewayDouble(), startEverything()]);
        gateway.routes.set("everything", everything.port);
    });
    afterAll(() => Promise.all([gateway.stop(), everything.stop()]));

    const target = (name: string) => ({ url: new URL(`${gateway.url}/${name}/mcp`), host: "mcp.localhost" });

    test("learns its name, its revision and its tools, with the public host name, and ends the session", async () => {
        const found = await shakeHands(target("everything"), 5000, never);
        expect(found.serverInfo?.name).toContain("everything");
        expect(found.protocolVersion).toMatch(/^20[0-9]{2}-[0-9]{2}-[0-9]{2}$/);
        expect(found.tools).toBeGreaterThan(5);
        expect(new Set(gateway.requests.map((line) => line.split(" ")[2]))).toEqual(new Set(["mcp.localhost"]));
        expect(gateway.requests.at(-1)).toBe("DELETE /everything/mcp mcp.localhost");
        expect(gateway.requests.filter((line) => line.startsWith("GET"))).toEqual([]);
    });

    test("ends in time when the server hangs", async () => {
        everything.process.kill("SIGSTOP");
        const begun = Date.now();
        await expect(shakeHands(target("everything"), 300, never)).rejects.toMatchObject({
            reason: "HandshakeTimeout",
            message: "the server did not complete an MCP handshake within 0.3 s",
        });
        expect(Date.now() - begun).toBeLessThan(800);
        everything.process.kill("SIGCONT");
    });
});

const answer = async (respond: http.RequestListener): Promise<HandshakeError> => {
    const server = http.createServer(respond).listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x/mcp`);
    try {
        await shakeHands({ url, host: "mcp.localhost" }, 2000, never);
    } catch (error) {
        return error as HandshakeError;
    } finally {
        server.closeAllConnections();
        server.close();
    }
    throw new Error("it succeeded");
};

describe("a handshake that cannot succeed says why", () => {
    test("no gateway", async () => {
        const url = new URL(`http://127.0.0.1:${await freePort()}/x/mcp`);
        await expect(shakeHands({ url, host: "h" }, 2000, never)).rejects.toMatchObject({
            reason: "GatewayUnreachable",
            message: expect.stringContaining("ECONNREFUSED"),
        });
    });

    test.each<readonly [number, string, string, RegExp]>([
        [500, '{"error":{"message":"no disk"}}', "ServerUnreachable", /^the route answers 500: no disk$/],
        [
            503,
            '{"error":{"message":"what the status says"}}',
            "ServerUnreachable",
            /^the gateway has no ready pod of the server to lead to \(503\)$/,
        ],
        [404, "not found", "RouteNotFound", /^the gateway has no route \/x\/mcp for mcp.localhost \(404\): not found$/],
        [401, "", "AuthorizationRequired", /^the route answers 401/],
        [403, "", "AuthorizationRequired", /^the route answers 403/],
        [200, "<html>hello</html>", "HandshakeFailed", /^the MCP handshake failed: /],
    ])("status %d", async (status, body, reason, message) => {
        const error = await answer((_, response) => response.writeHead(status, { "content-type": "text/html" }).end(body));
        expect(error).toBeInstanceOf(HandshakeError);
        expect([error.reason, error.message]).toEqual([reason, expect.stringMatching(message)]);
    });

    test("a connection that breaks", async () => {
        const error = await answer((request) => request.socket.destroy());
        expect(error.reason).toBe("GatewayUnreachable");
    });
});
