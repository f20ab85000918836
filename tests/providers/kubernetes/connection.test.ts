/** Requests to API servers on bad days: overloaded, restarting, behind a proxy, no API servers at all, credentials that have expired. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { Client } from "../../../embedded/providers/kubernetes/client.ts";
import { loadKubeConfig } from "../../../embedded/providers/kubernetes/kubeconfig.ts";
import type { JsonObject } from "../../../embedded/providers/kubernetes/manifest.ts";
import { authority } from "../../support/pki.ts";
import { rejection } from "./support.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const listening = async (server: Server): Promise<number> => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return (server.address() as AddressInfo).port;
};
const status = (code: number, rest: JsonObject = {}): string => JSON.stringify({ kind: "Status", code, message: "not now", ...rest });

describe("a request", () => {
    let server: Server;
    let port: number;
    const clients: Client[] = [];
    let answers: ((request: IncomingMessage, response: ServerResponse) => unknown)[] = [];
    const asked: string[] = [];

    beforeAll(async () => {
        server = createServer((request, response) => {
            asked.push(`${request.method} ${request.headers.authorization ?? ""}`.trim());
            const answer = answers.shift();
            if (answer) answer(request, response);
            else response.end("{}");
        });
        port = await listening(server);
    });
    beforeEach(() => {
        answers = [];
        asked.length = 0;
    });
    afterAll(async () => {
        for (const client of clients) await client.close();
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    });

    const clientOf = (user: JsonObject = {}, cluster: JsonObject = {}): Client => {
        const kubeconfig = JSON.stringify({
            "current-context": "lab",
            clusters: [{ name: "k", cluster: { server: `http://127.0.0.1:${port}`, ...cluster } }],
            contexts: [{ name: "lab", context: { cluster: "k", user: "u" } }],
            users: [{ name: "u", user }],
        });
        const client = new Client(loadKubeConfig({ kubeconfig }));
        clients.push(client);
        return client;
    };

    it("is made again when the server is overloaded or going down, and says so", async () => {
        const said: string[] = [];
        answers = [
            (_request, response) => response.writeHead(429, { "retry-after": "0.2" }).end(status(429)),
            (_request, response) => response.writeHead(503).end(status(503)),
            (_request, response) => response.writeHead(200, { "content-length": 100 }).write("{", () => response.destroy()),
            (_request, response) => response.destroy(),
        ];
        await clientOf().request("PATCH", "/x", { body: {}, status: (text) => said.push(text) });
        expect(asked).toHaveLength(5);
        expect(said.slice(0, 2)).toEqual(["trying again: not now", "trying again: not now"]);
        expect(said[2]).toMatch(
            /^trying again: the Kubernetes cluster at http:.* \(context "lab"\) is unreachable: the connection was closed before/,
        );
    });

    it("is made once only when it could make something twice", async () => {
        answers = [(_request, response) => response.writeHead(503).end(status(503))];
        expect((await rejection(clientOf().request("POST", "/x", { body: {} }))).message).toBe("not now");
        const client = clientOf();
        await client.request("POST", "/x", { body: {} });
        answers = [(_request, response) => response.destroy()];
        expect((await rejection(client.request("POST", "/x", { body: {} }))).message).toMatch(/the connection was closed before/);
        expect(asked).toEqual(["POST", "POST", "POST"]);
    });

    it("is not made again when the server asks for more patience than there is", async () => {
        answers = [(_request, response) => response.writeHead(429, { "retry-after": "3600" }).end(status(429))];
        expect((await rejection(clientOf().get("/x"))).message).toBe("not now");
    });

    it("says when something else answers", async () => {
        answers = [(_request, response) => response.end("<html>sign in</html>")];
        expect((await rejection(clientOf().get("/x"))).message).toMatch(
            /does not answer as one: is there something else at that address\?$/,
        );
    });

    it("says since when a client certificate or a token is not good any more", async () => {
        const expired = await (await authority("x")).issue("CN=u", [], new Date("2026-01-02T03:04:00Z"));
        const token = `a.${Buffer.from(JSON.stringify({ exp: Date.parse("2026-02-03T04:05:00Z") / 1000 })).toString("base64url")}.very-secret`;
        const unauthorized = (_request: IncomingMessage, response: ServerResponse): unknown => response.writeHead(401).end(status(401));
        answers = [unauthorized, unauthorized, unauthorized];
        const told = async (user: JsonObject): Promise<string> => (await rejection(clientOf(user).get("/x"))).message;
        expect(await told({ "client-certificate-data": base64(expired.cert), "client-key-data": base64(expired.key) })).toBe(
            `the Kubernetes cluster at http://127.0.0.1:${port} (context "lab") does not accept the credentials in the kubeconfig (of the user "u"): its client certificate expired on 2026-01-02 03:04 UTC. Get a new kubeconfig, or sign in again`,
        );
        expect(await told({ token })).toMatch(/: its token expired on 2026-02-03 04:05 UTC\. Get a new/);
        expect(await told({ token: "opaque" })).toMatch(/: they are wrong, of another cluster, or have expired\. Get a new/);
    });

    it("asks a credential plugin once more when what it gave is refused", async () => {
        const script = `printf '{"kind":"ExecCredential","status":{"token":"%s"}}' $$; test -n "$KUBERNETES_EXEC_INFO"`;
        answers = [
            (_request, response) => response.end("{}"),
            (_request, response) => response.writeHead(401).end(status(401)),
            (_request, response) => response.end("{}"),
        ];
        const client = clientOf({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] } });
        await client.get("/x");
        await client.get("/x");
        expect(asked).toHaveLength(3);
        expect(asked[1]).toBe(asked[0]);
        expect(asked[2]).not.toBe(asked[1]);
    });

    it.each([
        [
            "fails",
            "echo first >&2; echo token aaaaaaaaaa.bbbbbbbbbb.cccccccccc of $PASSWORD >&2; exit 1",
            /failed: first; token \[secret\] of \[secret\]$/,
        ],
        ["prints something else", "echo very-secret-password", /did not print a credential/],
        ["prints a document without status", 'echo \'{"token":"very-secret-password"}\'', /did not print a credential/],
    ])("says what went wrong when a credential plugin %s, and nothing secret", async (_what, script, reason) => {
        const env = [{ name: "PASSWORD", value: "very-secret-password" }];
        const { message } = await rejection(clientOf({ exec: { command: "sh", args: ["-c", script], env } }).get("/x"));
        expect(message).toMatch(/^the credential plugin of user "u" in the kubeconfig /);
        expect(message).toMatch(reason);
        expect(message).not.toContain("very-secret-password");
    });

    it("says which credential plugin is to be installed", async () => {
        const exec = { command: "no-such-plugin", installHint: "Install it with: apt install no-such-plugin" };
        expect((await rejection(clientOf({ exec }).get("/x"))).message).toMatch(
            /is not installed: no-such-plugin was not found\. Install it with: apt install no-such-plugin$/,
        );
    });

    it("goes through the proxy of the kubeconfig, checks the server behind it, and says when the proxy refuses", async () => {
        const ca = await authority("test");
        const { cert, key } = await ca.issue("CN=server", ["api.example.org"]);
        const behind = createTlsServer({ cert, key }, (_request, response) => response.end("{}"));
        const target = await listening(behind as unknown as Server);
        const tunnels: string[] = [];
        let open = true;
        const proxy = createServer().on("connect", (request: IncomingMessage, socket) => {
            tunnels.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
            if (!open) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
            const through = connect(target, "127.0.0.1", () => {
                socket.write("HTTP/1.1 200 OK\r\n\r\n");
                through.pipe(socket).pipe(through);
            });
            for (const side of [through, socket]) side.on("error", () => side.destroy());
        });
        const proxyUrl = `http://user:pass@127.0.0.1:${await listening(proxy)}`;
        const cluster = { server: "https://api.example.org:6443", "proxy-url": proxyUrl, "certificate-authority-data": base64(ca.cert) };
        try {
            expect(await clientOf({}, cluster).get("/x")).toEqual({});
            expect(tunnels).toEqual([`api.example.org:6443 Basic ${base64("user:pass")}`]);
            const named = { ...cluster, server: "https://127.0.0.1:6443" };
            expect((await rejection(clientOf({}, named).get("/x"))).message).toMatch(/certificate is for another host name/);
            expect(await clientOf({}, { ...named, "tls-server-name": "api.example.org" }).get("/x")).toEqual({});
            expect(
                await clientOf({}, { ...named, "certificate-authority-data": undefined, "insecure-skip-tls-verify": true }).get("/x"),
            ).toEqual({});
            open = false;
            const { message } = await rejection(clientOf({}, cluster).get("/x"));
            expect(message).toMatch(/is unreachable: the proxy of proxy-url or HTTPS_PROXY does not let it through/);
            expect(message).not.toContain("pass@");
        } finally {
            for (const client of clients.splice(0)) await client.close();
            for (const each of [behind as unknown as Server, proxy]) {
                each.closeAllConnections();
                await new Promise((done) => each.close(done));
            }
        }
    });
});
