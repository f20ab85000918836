/** The gateway as a server: its listeners, its counters and its end. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { servePages, type Pages } from "../common/http.ts";
import { errorText, type Logger } from "../common/log.ts";
import { refuse } from "./answers.ts";
import { Balancer } from "./balance.ts";
import { Counters } from "./counters.ts";
import { handle, type HandlerContext } from "./handler.ts";
import type { RouteTable } from "./routes.ts";
import type { GatewaySettings } from "./settings.ts";
import { Upstream } from "./upstream.ts";

export interface Gateway {
    readonly port: number;
    readonly healthPort: number;
    /** Lets routes notice, answers what is in progress, closes. */
    drain(): Promise<void>;
    close(): Promise<void>;
}

/** Longer than proxies in front keep idle connections, so that they, not we, close them. */
const KEEP_ALIVE_MS = 120_000;

/** @throws when a port is taken */
export async function startGateway(settings: GatewaySettings, routes: RouteTable, logger: Logger): Promise<Gateway> {
    const counters = new Counters();
    let stopping = false;
    const upstream = new Upstream(settings.connectMs);
    const context: HandlerContext = {
        routes,
        allowedHosts: settings.allowedHosts,
        upstream,
        balancer: new Balancer(),
        trustedProxies: settings.trustedProxies,
        onUpstreamError(server, endpoint, error) {
            counters.upstreamErrors.add({ server });
            logger.warn("a pod failed", { server, pod: `${endpoint.address}:${endpoint.port}`, error: errorText(error) });
        },
    };
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 30_000, noDelay: true }, (request, response) => {
        const begun = performance.now();
        let name: string | undefined;
        counters.inProgress++;
        if (stopping) response.setHeader("connection", "close");
        response.once("close", () => {
            counters.inProgress--;
            const took = (performance.now() - begun) / 1000;
            counters.requests.add({ server: name ?? "", code: String(response.headersSent ? response.statusCode : 499) });
            counters.seconds.add({ server: name ?? "" }, took);
            if (settings.debug)
                logger.info("request", { server: name, method: request.method, status: response.statusCode, ms: Math.round(took * 1000) });
        });
        const found = (server: string): void => {
            name = server;
        };
        handle(context, request, response, found).catch((error: unknown) => {
            logger.error("a request failed", { error: errorText(error) });
            refuse(response, 500, "Internal error");
        });
    });
    const port = await listen(server, settings.port, settings.listen);
    const health = await servePages(settings.healthPort, {
        "/healthz": () => ({ body: "ok\n" }),
        "/readyz": () =>
            stopping || !routes.hasSynced
                ? { status: 503, body: stopping ? "stopping\n" : "the servers are not known yet\n" }
                : { body: "ok\n" },
        "/metrics": () => ({ type: "text/plain; version=0.0.4", body: counters.text(routes.size) }),
    }).catch(async (error: unknown) => {
        await closed(server);
        throw error;
    });
    return { port, healthPort: health.port, close: () => close(server, health, upstream), drain };

    async function drain(): Promise<void> {
        stopping = true;
        logger.info("stopping", { inProgress: counters.inProgress });
        await sleep(settings.lingerMs);
        server.close();
        server.closeIdleConnections();
        const until = performance.now() + settings.drainMs;
        while (counters.inProgress > 0 && performance.now() < until) await sleep(25);
        await close(server, health, upstream);
    }
}

async function close(server: Server, health: Pages, upstream: Upstream): Promise<void> {
    const ended = closed(server);
    server.closeAllConnections();
    upstream.close();
    await Promise.all([ended, health.close()]);
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
    });
}

function closed(server: Server): Promise<void> {
    return new Promise((resolve) => void server.close(() => resolve()));
}
