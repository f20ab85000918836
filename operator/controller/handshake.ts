/** One MCP handshake with a server, through the gateway, as a client makes it: connect, list the tools, end the session. */
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { errorText } from "../common/log.ts";

export interface HandshakeTarget {
    /** The server's endpoint at the gateway. */
    readonly url: URL;
    /** Host header to send: the name clients use, while the connection goes to the gateway's Service. */
    readonly host: string;
}

export interface Handshake {
    readonly serverInfo: { readonly name: string; readonly version: string } | undefined;
    readonly protocolVersion: string;
    readonly tools: number;
}

/** Why a handshake did not succeed; `reason` is one word in CamelCase, the message a sentence. */
export class HandshakeError extends Error {
    override readonly name = "HandshakeError";
    readonly reason: string;
    constructor(reason: string, message: string) {
        super(message);
        this.reason = reason;
    }
}

const CLIENT = { name: "mcp-operator", version: "0.1.0" };
/** Pages of tools that are counted; a list that never ends must not hold the probe. */
const PAGES = 50;
const END_SESSION_MS = 2000;
const BODY_LIMIT = 4096;

/** What went wrong on the wire last: the client's own errors do not always say. */
interface Trouble {
    connection?: string;
    status?: number;
    body?: string;
}

/** What the exchange that is under way is bound to. */
interface Route {
    signal: AbortSignal;
    trouble: Trouble;
}

/** A connection that a handshake opened. */
export interface Session {
    readonly handshake: Handshake;
    /**
     * Lists the tools again, as a client in the middle of its work.
     * @throws HandshakeError
     */
    check(timeoutMs: number, signal: AbortSignal): Promise<Handshake>;
    end(): Promise<void>;
}

/**
 * Shakes hands in whichever era the server speaks, lists its tools and ends the session.
 * @param timeoutMs for all of it together; whole milliseconds
 * @throws HandshakeError
 */
export async function shakeHands(target: HandshakeTarget, timeoutMs: number, signal: AbortSignal): Promise<Handshake> {
    const session = await openSession(target, timeoutMs, signal);
    await session.end();
    return session.handshake;
}

/**
 * Shakes hands in whichever era the server speaks and lists its tools.
 * @param timeoutMs for all of it together; whole milliseconds
 * @throws HandshakeError
 */
export async function openSession(target: HandshakeTarget, timeoutMs: number, signal: AbortSignal): Promise<Session> {
    const route: Route = { signal, trouble: {} };
    const transport = new StreamableHTTPClientTransport(target.url, {
        fetch: routedFetch(target, route),
        reconnectionOptions: { maxRetries: 0, initialReconnectionDelay: 1000, maxReconnectionDelay: 1000, reconnectionDelayGrowFactor: 1 },
    });
    const client = new Client(CLIENT, { versionNegotiation: { mode: "auto", probe: { timeoutMs } } });

    /** One exchange within its time, with what went wrong on the wire in its error. */
    const within = async <T>(ms: number, abort: AbortSignal, work: (options: RequestLimits) => Promise<T>): Promise<T> => {
        const timeout = AbortSignal.timeout(ms);
        route.signal = AbortSignal.any([abort, timeout]);
        route.trouble = {};
        try {
            return await work({ timeout: ms, signal: route.signal });
        } catch (error) {
            throw explain(error, target, route.trouble, timeout.aborted ? ms : undefined);
        }
    };
    const described = async (options: RequestLimits): Promise<Handshake> => {
        const tools = client.getServerCapabilities()?.tools ? await countTools(client, options) : 0;
        const version = client.getServerVersion();
        return {
            serverInfo: version && { name: version.name.slice(0, 1024), version: version.version.slice(0, 1024) },
            protocolVersion: client.getNegotiatedProtocolVersion() ?? transport.protocolVersion ?? "unknown",
            tools,
        };
    };
    const end = async (): Promise<void> => {
        await endSession(target, transport);
        await client.close().catch(() => {});
    };
    try {
        const handshake = await within(timeoutMs, signal, async (options) => {
            await untilAborted(client.connect(transport, options), options.signal);
            return described(options);
        });
        return { handshake, end, check: (ms, abort) => within(ms, abort, described) };
    } catch (error) {
        await end();
        throw error;
    }
}

interface RequestLimits {
    readonly timeout: number;
    readonly signal: AbortSignal;
}

async function countTools(client: Client, options: RequestLimits): Promise<number> {
    let count = 0;
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page++) {
        const answer = await untilAborted(client.listTools(cursor ? { cursor } : undefined, options), options.signal);
        count += answer.tools.length;
        cursor = answer.nextCursor;
        if (!cursor) break;
    }
    return count;
}

/** The client heeds a signal between its steps only; a probe's end is exact. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
        const abort = (): void => reject(signal.reason as Error);
        if (signal.aborted) abort();
        signal.addEventListener("abort", abort, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
}

/** Ends a session of the legacy era, so that probes leave nothing behind in the server. Its failure is not the probe's. */
async function endSession(target: HandshakeTarget, transport: StreamableHTTPClientTransport): Promise<void> {
    if (!transport.sessionId) return;
    const headers = {
        "mcp-session-id": transport.sessionId,
        ...(transport.protocolVersion && { "mcp-protocol-version": transport.protocolVersion }),
    };
    await send(target, { method: "DELETE", headers: new Headers(headers), signal: AbortSignal.timeout(END_SESSION_MS) })
        .then((response) => response.body?.cancel())
        .catch(() => {});
}

/** A fetch that sends our Host header, which the built-in one does not allow, and remembers what went wrong. */
function routedFetch(target: HandshakeTarget, route: Route): typeof fetch {
    return async (_input, init = {}) => {
        const { signal, trouble } = route;
        // The stream for messages from the server is of no use to a probe.
        if (init.method === "GET") return new Response(null, { status: 405 });
        const headers = new Headers(init.headers);
        let response: Response;
        try {
            response = await send(target, {
                method: init.method ?? "GET",
                headers,
                signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
                body: init.body as string,
            });
        } catch (error) {
            if (!signal.aborted) trouble.connection = errorText(error);
            throw error;
        }
        if (response.ok) return response;
        const body = (await response.text()).slice(0, BODY_LIMIT);
        Object.assign(trouble, { status: response.status, body });
        return new Response(body || null, { status: response.status, headers: response.headers });
    };
}

interface Sent {
    readonly method: string;
    readonly headers: Headers;
    readonly signal: AbortSignal;
    readonly body?: string;
}

function send(target: HandshakeTarget, { method, headers, signal, body }: Sent): Promise<Response> {
    const transport = target.url.protocol === "https:" ? https : http;
    return new Promise((resolve, reject) => {
        const request = transport.request(
            target.url,
            { method, signal, agent: false, headers: { ...Object.fromEntries(headers), host: target.host } },
            (answer) => {
                const status = answer.statusCode ?? 0;
                const empty = status === 204 || status === 205 || status === 304;
                if (empty) answer.resume();
                const all = Object.entries(answer.headers).flatMap(([key, value]) =>
                    value === undefined ? [] : [[key, [value].flat().join(", ")] as [string, string]],
                );
                resolve(new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), { status, headers: all }));
            },
        );
        request.on("error", reject);
        request.end(body);
    });
}

/** Finds the words: the connection first, then the gateway's answer, then the protocol. */
function explain(error: unknown, { url, host }: HandshakeTarget, trouble: Trouble, timedOutAfterMs: number | undefined): HandshakeError {
    const seconds = timedOutAfterMs === undefined ? "" : `${Number((timedOutAfterMs / 1000).toFixed(1))} s`;
    if (timedOutAfterMs !== undefined)
        return new HandshakeError("HandshakeTimeout", `the server did not complete an MCP handshake within ${seconds}`);
    if (trouble.connection)
        return new HandshakeError("GatewayUnreachable", `the gateway at ${url.origin} cannot be reached: ${trouble.connection}`);
    const said = bodyMessage(trouble.body);
    const { status } = trouble;
    if (status === 401 || status === 403) {
        return new HandshakeError(
            "AuthorizationRequired",
            `the route answers ${status}: the server asks for credentials the operator does not have${said}`,
        );
    }
    if (status === 404) return new HandshakeError("RouteNotFound", `the gateway has no route ${url.pathname} for ${host} (404)${said}`);
    // The gateway explains a 503 with this very status; quoting it here would make the text quote itself.
    if (status === 503) return new HandshakeError("ServerUnreachable", "the gateway has no ready pod of the server to lead to (503)");
    if (status !== undefined && status >= 500) return new HandshakeError("ServerUnreachable", `the route answers ${status}${said}`);
    return new HandshakeError(
        "HandshakeFailed",
        `the MCP handshake failed: ${errorText(error).slice(0, 300)}${status === undefined ? "" : ` (status ${status}${said})`}`,
    );
}

function bodyMessage(body: string | undefined): string {
    if (!body) return "";
    try {
        const parsed = JSON.parse(body) as { error?: { message?: string } | string; message?: string };
        const text = typeof parsed.error === "string" ? parsed.error : (parsed.error?.message ?? parsed.message);
        if (text) return `: ${text.slice(0, 300)}`;
    } catch {
        // Plain text will do.
    }
    return `: ${body.slice(0, 200).replaceAll(/\s+/g, " ").trim()}`;
}
