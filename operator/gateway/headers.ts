/** What of a message's headers goes on to the next hop. */
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";

/** RFC 9110 section 7.6.1 and its predecessors: they speak of one connection only. */
const HOP_BY_HOP = new Set([
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
]);
/** Who the client is and what it asked for, as the proxy before us says. */
const FORWARDED = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip"]);

/** The headers that are not about the connection, as a flat list of names and values, in their order and writing. */
export function endToEnd(message: IncomingMessage, drop: ReadonlySet<string> = new Set()): string[] {
    const named = new Set((message.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
    const kept: string[] = [];
    for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
        const name = (message.rawHeaders[i] as string).toLowerCase();
        if (HOP_BY_HOP.has(name) || named.has(name) || drop.has(name)) continue;
        kept.push(message.rawHeaders[i] as string, message.rawHeaders[i + 1] as string);
    }
    return kept;
}

/** Checked here, for the gateway's own name; the server would compare it with the name of its Service. */
const REPLACED = new Set(["host", "origin", "mcp-session-id", "content-length", ...FORWARDED]);

export interface ForwardOptions {
    /** The Host header for the server. */
    readonly host: string;
    /** The session's id as the server knows it. */
    readonly session: string | undefined;
    readonly trustedProxies: BlockList;
}

/** The headers of a request as the server gets them. */
export function requestHeaders(request: IncomingMessage, { host, session, trustedProxies }: ForwardOptions): string[] {
    const headers = endToEnd(request, REPLACED);
    headers.push("host", host);
    if (session !== undefined) headers.push("mcp-session-id", session);
    const length = request.headers["content-length"];
    if (length !== undefined) headers.push("content-length", length);
    else if (request.headers["transfer-encoding"] !== undefined) headers.push("transfer-encoding", "chunked");
    return headers.concat(forwarded(request, trustedProxies));
}

/** Who asked: what a trusted proxy said and its own address behind it, or the peer's address alone. */
function forwarded(request: IncomingMessage, trustedProxies: BlockList): string[] {
    const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
    const trusted = peer !== "" && trustedProxies.check(peer, peer.includes(":") ? "ipv6" : "ipv4");
    const told = (name: string): string | undefined => {
        const value = trusted ? request.headers[name] : undefined;
        return Array.isArray(value) ? value.join(", ") : value;
    };
    const chain = told("x-forwarded-for");
    const host = told("x-forwarded-host") ?? request.headers.host ?? "";
    const proto = told("x-forwarded-proto") ?? "http";
    return ["x-forwarded-for", chain ? `${chain}, ${peer}` : peer, "x-forwarded-host", host, "x-forwarded-proto", proto];
}
