/** What every request goes through: whether it is for us, for which server, and who answers it. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isModern } from "../bridge/era.ts";
import { hostName, originName } from "../bridge/guard.ts";
import { sessionOf } from "./affinity.ts";
import { refuse, sessionNotFound } from "./answers.ts";
import { authorize } from "./authorize.ts";
import { forward, type ProxyContext } from "./proxy.ts";
import type { Route, RouteTable } from "./routes.ts";

export interface HandlerContext extends ProxyContext {
    readonly routes: RouteTable;
    readonly allowedHosts: readonly string[];
}

const RETRY_AFTER = { "retry-after": "2" };
const ROUTE = /^\/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)\/mcp$/;
const EXPECTED = "addresses have the form /<server>/mcp";

/**
 * Answers a request.
 * @param found called with the name of the server it is for, once it is clear that there is one
 */
export async function handle(
    context: HandlerContext,
    request: IncomingMessage,
    response: ServerResponse,
    found: (server: string) => void,
): Promise<void> {
    const [path = "", ...rest] = (request.url ?? "").split("?");
    if (path === "/healthz") return text(response, "ok");
    const refused = wrongName(context.allowedHosts, request);
    if (refused) return refuse(response, refused.status, refused.text);
    if (path === "/") return text(response, `MCP gateway: ${EXPECTED}`);
    if (!context.routes.hasSynced) return refuse(response, 503, "Service Unavailable: the gateway is starting", RETRY_AFTER);
    const server = ROUTE.exec(path)?.[1];
    const route = server === undefined ? undefined : context.routes.find(server);
    if (!route) return refuse(response, 404, `Not Found: no MCP server is served at ${shown(path)}; ${EXPECTED}`);
    found(route.server);
    const denial = await authorize(request, route.server);
    if (denial) return refuse(response, denial.status, denial.text, denial.headers);
    return toServer(context, route, rest.length ? `?${rest.join("?")}` : "", request, response);
}

async function toServer(
    context: HandlerContext,
    route: Route,
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
): Promise<void> {
    const given = single(request.headers["mcp-session-id"]);
    if (given !== undefined && !isModern(single(request.headers["mcp-protocol-version"]))) {
        const session = sessionOf(given, route);
        if (!session) return sessionNotFound(response);
        return forward(context, { route, endpoints: [session.endpoint], session: session.id, query }, request, response);
    }
    const endpoints = context.balancer.order(route.endpoints);
    if (endpoints.length) return forward(context, { route, endpoints, session: undefined, query }, request, response);
    return refuse(response, 503, `Service Unavailable: the server "${route.server}" has no ready pod: ${route.unavailable}`, RETRY_AFTER);
}

/** A name in Host or Origin that is not ours: a request that came here by mistake, or a page of another site. */
function wrongName(allowed: readonly string[], { headers }: IncomingMessage): { status: 403 | 421; text: string } | undefined {
    const host = hostName(headers.host);
    if (host === undefined || !allowed.includes(host)) return { status: 421, text: "Misdirected Request: this host is not served here" };
    if (headers.origin === undefined) return undefined;
    const origin = originName(headers.origin);
    if (origin !== undefined && allowed.includes(origin)) return undefined;
    return { status: 403, text: "Forbidden: requests of pages of this origin are not accepted" };
}

function single(value: string | readonly string[] | undefined): string | undefined {
    return typeof value === "string" ? value.trim() : value?.[0];
}

function shown(path: string): string {
    return JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}…` : path);
}

function text(response: ServerResponse, body: string): void {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(`${body}\n`);
}
