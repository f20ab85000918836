/** Passes one request to a pod and the pod's answer to the client, piece by piece as they come. */
import type { BlockList } from "node:net";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { withTag } from "./affinity.ts";
import { refuse, sessionNotFound } from "./answers.ts";
import type { Balancer } from "./balance.ts";
import { endToEnd, requestHeaders } from "./headers.ts";
import type { Endpoint, Route } from "./routes.ts";
import { answerOf, Unreachable, type Upstream } from "./upstream.ts";

export interface ProxyContext {
    readonly upstream: Upstream;
    readonly balancer: Balancer;
    readonly trustedProxies: BlockList;
    /** Called when a pod could not be reached or broke off. */
    readonly onUpstreamError: (server: string, endpoint: Endpoint, error: Error) => void;
}

export interface Forward {
    readonly route: Route;
    /** Pods that may answer, in the order in which they are tried. */
    readonly endpoints: readonly Endpoint[];
    /** The session's id as the server knows it; then there is one pod only. */
    readonly session: string | undefined;
    /** What follows the path, with its "?". */
    readonly query: string;
}

const SESSION_HEADER = "mcp-session-id";

/** Settles when the answer has been passed on, or the client has gone. */
export async function forward(context: ProxyContext, what: Forward, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const opened = await open(context, what, request, response);
    if (!opened) return;
    const { upstream, endpoint } = opened;
    const done = context.balancer.begin(endpoint);
    const abort = (): void => void upstream.destroy();
    response.once("close", abort);
    try {
        request.on("error", abort);
        const answering = answerOf(upstream);
        request.pipe(upstream);
        await passOn(await answering, endpoint, response);
    } catch (error) {
        if (response.destroyed && !response.writableFinished) return; // the client has gone
        context.onUpstreamError(what.route.server, endpoint, error as Error);
        if (response.headersSent) response.destroy();
        else refuse(response, 502, `Bad Gateway: the server "${what.route.server}" broke off before it answered`);
    } finally {
        done();
        response.off("close", abort);
    }
}

async function open(
    context: ProxyContext,
    { route, endpoints, session, query }: Forward,
    request: IncomingMessage,
    response: ServerResponse,
): Promise<{ upstream: ClientRequest; endpoint: Endpoint } | undefined> {
    const headers = requestHeaders(request, { host: route.server, session, trustedProxies: context.trustedProxies });
    let refused = false;
    for (const endpoint of endpoints) {
        try {
            const upstream = await context.upstream.connect({
                endpoint,
                method: request.method ?? "GET",
                path: route.path + query,
                headers,
            });
            if (!response.destroyed) return { upstream, endpoint };
            upstream.destroy();
            return undefined;
        } catch (error) {
            if (!(error instanceof Unreachable)) throw error;
            refused = error.refused;
            context.onUpstreamError(route.server, endpoint, error);
        }
    }
    if (session !== undefined && refused) sessionNotFound(response);
    else refuse(response, 502, `Bad Gateway: the server "${route.server}" cannot be reached`);
    return undefined;
}

function passOn(answer: IncomingMessage, endpoint: Endpoint, response: ServerResponse): Promise<void> {
    const headers = endToEnd(answer);
    for (let i = 0; i + 1 < headers.length; i += 2) {
        if ((headers[i] as string).toLowerCase() === SESSION_HEADER) headers[i + 1] = withTag(headers[i + 1] as string, endpoint);
    }
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
    if (answer.headers["content-length"] === undefined) response.flushHeaders();
    return new Promise((resolve, reject) => {
        answer.once("error", reject);
        answer.once("aborted", () => reject(new Error("the connection ended in the middle of an answer")));
        response.once("close", resolve);
        answer.pipe(response);
    });
}
