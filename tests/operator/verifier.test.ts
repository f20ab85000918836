import { HandshakeError } from "../../operator/controller/handshake.ts";
import { Verifier } from "../../operator/controller/verifier.ts";
import { startEverything, startGatewayDouble, type GatewayDouble, type RealServer } from "./support.ts";

const never = new AbortController().signal;

describe("verification with a real server", () => {
    let gateway: GatewayDouble;
    let everything: RealServer;
    let verifier: Verifier;

    beforeEach(async () => {
        [gateway, everything] = await Promise.all([startGatewayDouble(), startEverything()]);
        gateway.routes.set("everything", everything.port);
        verifier = make();
    });
    afterEach(async () => {
        await verifier.close();
        await Promise.all([gateway.stop(), everything.stop()]);
    });

    const make = (sessionMs?: number): Verifier =>
        new Verifier((name) => ({ url: new URL(`${gateway.url}/${name}/mcp`), host: "mcp.localhost" }), sessionMs);
    const ended = (): number => gateway.requests.filter((line) => line.startsWith("DELETE")).length;

    test("shakes hands once and asks within that session afterwards", async () => {
        const first = await verifier.verify("everything", 5000, never);
        const requests = gateway.requests.length;
        expect(await verifier.verify("everything", 5000, never)).toEqual(first);
        expect(gateway.requests.slice(requests)).toEqual(["POST /everything/mcp mcp.localhost"]);
        expect(ended()).toBe(0);
    });

    test("shakes hands again when the session is as old as it may get, and ends the old one", async () => {
        verifier = make(1);
        await verifier.verify("everything", 5000, never);
        await new Promise((done) => setTimeout(done, 5));
        const requests = gateway.requests.length;
        await verifier.verify("everything", 5000, never);
        expect(gateway.requests.slice(requests).filter((line) => line.startsWith("POST")).length).toBeGreaterThan(1);
        expect(ended()).toBe(1);
    });

    test("shakes hands at once when the session was lost with its server", async () => {
        await verifier.verify("everything", 5000, never);
        await everything.stop();
        everything = await startEverything();
        gateway.routes.set("everything", everything.port);
        expect((await verifier.verify("everything", 5000, never)).tools).toBeGreaterThan(5);
    });

    test("says that a server with an open session hangs, within the time for one question", async () => {
        await verifier.verify("everything", 5000, never);
        everything.process.kill("SIGSTOP");
        const begun = Date.now();
        const error = await verifier.verify("everything", 300, never).catch((e: unknown) => e);
        everything.process.kill("SIGCONT");
        expect(error).toBeInstanceOf(HandshakeError);
        expect(error).toMatchObject({ reason: "HandshakeTimeout" });
        expect(Date.now() - begun).toBeLessThan(1500);
    });

    test("leaves no session in a server that it is told to forget", async () => {
        await verifier.verify("everything", 5000, never);
        verifier.forget("everything");
        await verifier.close();
        for (let i = 0; i < 100 && ended() === 0; i++) await new Promise((done) => setTimeout(done, 20));
        expect(ended()).toBe(1);
    });
});
