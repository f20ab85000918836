/** The MCP endpoint: which request is what, and the answers to those that are none of it. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "./body.ts";
import { isModern, type Era } from "./era.ts";
import { oneLine } from "./framing.ts";
import { refusal } from "./guard.ts";
import { LEGACY_VERSIONS } from "./handshake.ts";
import { asMessage, CODES, errorText, paramsOf, type Id, type Message } from "./message.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { BridgeSettings } from "./settings.ts";

export interface Endpoint {
    readonly settings: BridgeSettings;
    readonly sessions: Sessions;
    readonly modern: Era;
    /** True once the bridge is about to stop and takes no new sessions. */
    readonly draining: () => boolean;
    /** Why the server cannot be used now, if it cannot. */
    readonly notReady: () => string | undefined;
}

const MOST_IN_BATCH = 100;

/** Sends a JSON-RPC error as a whole answer. */
export function refuse(
    response: ServerResponse,
    status: number,
    code: number,
    text: string,
    id: Id | null = null,
    headers: Record<string, string> = {},
): void {
    if (response.headersSent || response.destroyed) return;
    const body = errorText(id, code, text);
    response.writeHead(status, { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
}

export async function handle(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { settings, sessions } = endpoint;
    const { headers, method } = request;
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== settings.path) return refuse(response, 404, CODES.refused, `Not Found: the MCP endpoint is ${settings.path}`);
    const refused = refusal(headers.host, headers.origin, settings.allowedHosts, settings.allowedOrigins);
    if (refused) return refuse(response, refused.status, CODES.refused, refused.text);
    if (method === "POST") return post(endpoint, request, response);
    if ((method !== "GET" && method !== "DELETE") || isModern(header(request, "mcp-protocol-version"))) {
        return refuse(response, 405, CODES.refused, "Method Not Allowed", null, {
            allow: isModern(header(request, "mcp-protocol-version")) ? "POST" : "GET, POST, DELETE",
        });
    }
    if (method === "GET" && !accepts(request, "text/event-stream"))
        return refuse(response, 406, CODES.refused, "Not Acceptable: the client must accept text/event-stream");
    const session = sessionOf(endpoint, request, response, null);
    if (!session) return;
    if (method === "GET") {
        const problem = session.listen(header(request, "last-event-id"), response);
        if (problem) refuse(response, problem.status, problem.code, problem.text);
        return;
    }
    void sessions.end(session, "deleted");
    response.writeHead(200).end();
}

async function post(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { settings } = endpoint;
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
        return refuse(response, 415, CODES.refused, "Unsupported Media Type: Content-Type must be application/json");
    }
    if (!accepts(request, "application/json") || !accepts(request, "text/event-stream")) {
        return refuse(response, 406, CODES.refused, "Not Acceptable: the client must accept both application/json and text/event-stream");
    }
    const body = await readBody(request, settings.maxBodyBytes);
    if (body === undefined)
        return refuse(response, 413, CODES.refused, `Content Too Large: the body has more than ${settings.maxBodyBytes} bytes`, null, {
            connection: "close",
        });
    let value: unknown;
    try {
        if (!isUtf8(body)) throw new SyntaxError("not UTF-8");
        value = JSON.parse(body.toString());
    } catch {
        return refuse(response, 400, CODES.parse, "Parse error: the body is not JSON");
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    const messages = values.map(asMessage).filter((message) => message !== undefined);
    if (messages.length === 0 || messages.length !== values.length || messages.length > MOST_IN_BATCH) {
        return refuse(response, 400, CODES.invalidRequest, "Invalid Request: the body is not a JSON-RPC 2.0 message");
    }
    const lines = Array.isArray(value) ? values.map((element) => Buffer.from(JSON.stringify(element))) : [oneLine(body)];
    const first = messages[0] as Message;
    if (endpoint.modern.claims(messages, request)) {
        if (Array.isArray(value))
            return refuse(response, 400, CODES.invalidRequest, "Invalid Request: there are no batches in this protocol version");
        return endpoint.modern.post(first, lines[0] as Buffer, request, response);
    }
    legacy(endpoint, messages, lines, request, response);
}

function legacy(
    endpoint: Endpoint,
    messages: readonly Message[],
    lines: readonly Buffer[],
    request: IncomingMessage,
    response: ServerResponse,
): void {
    const { sessions } = endpoint;
    const asked = messages.find((message) => message.kind === "request");
    const id = asked?.id ?? null;
    const fail = (problem: { status: number; code: number; text: string } | undefined): void => {
        if (problem) refuse(response, problem.status, problem.code, problem.text, id, problem.status === 503 ? { "retry-after": "1" } : {});
    };
    if (asked?.method !== "initialize" && !messages.some((message) => message.kind === "request" && message.method === "initialize")) {
        const session = sessionOf(endpoint, request, response, id);
        if (session)
            fail(session.post(messages, lines, header(request, "mcp-protocol-version") ?? session.version ?? "2025-03-26", response));
        return;
    }
    if (messages.length > 1)
        return fail({ status: 400, code: CODES.invalidRequest, text: "Invalid Request: initialize must be sent alone" });
    const known = header(request, "mcp-session-id");
    if (known !== undefined && sessions.find(known))
        return fail({ status: 400, code: CODES.invalidRequest, text: "Invalid Request: the session is initialized already" });
    const notReady = endpoint.draining() ? "this server is about to stop" : endpoint.notReady();
    if (notReady) return fail({ status: 503, code: CODES.refused, text: `Service Unavailable: ${notReady}` });
    const session = sessions.open();
    if (!session)
        return fail({
            status: 503,
            code: CODES.refused,
            text: `Service Unavailable: ${sessions.size} sessions are open, which is the most allowed`,
        });
    const wanted = paramsOf(messages[0] as Message)["protocolVersion"];
    fail(session.post(messages, lines, typeof wanted === "string" ? wanted : "2025-03-26", response));
}

/** The session a request belongs to; answers the request when there is none, or when its protocol version is unknown. */
function sessionOf(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse, id: Id | null): Session | undefined {
    const name = header(request, "mcp-session-id");
    if (name === undefined) {
        refuse(response, 400, CODES.refused, "Bad Request: Mcp-Session-Id header is required", id);
        return undefined;
    }
    const session = endpoint.sessions.find(name);
    if (!session) {
        refuse(response, 404, CODES.sessionNotFound, "Session not found", id);
        return undefined;
    }
    const version = header(request, "mcp-protocol-version");
    if (version !== undefined && version !== session.version && !LEGACY_VERSIONS.includes(version)) {
        refuse(
            response,
            400,
            CODES.refused,
            `Bad Request: Unsupported protocol version (supported versions: ${LEGACY_VERSIONS.join(", ")})`,
            id,
        );
        return undefined;
    }
    return session;
}

export function header(request: IncomingMessage, name: string): string | undefined {
    const value = request.headers[name];
    return typeof value === "string" ? value.trim() : value?.[0]?.trim();
}

function accepts(request: IncomingMessage, type: string): boolean {
    const ranges = (request.headers.accept ?? "").toLowerCase().split(",");
    return ranges.some((range) => {
        const [name] = range.split(";", 1);
        const wanted = name?.trim();
        return wanted === type || wanted === "*/*" || wanted === `${type.split("/", 1)[0]}/*`;
    });
}
