/** /healthz, /readyz and /metrics of the bridge, on a port of their own. */
import { createServer, type Server } from "node:http";
import { metricsText, type Metric } from "./metrics.ts";
import type { ModernEra } from "./modern.ts";
import type { ChildPool } from "./pool.ts";
import type { Sessions } from "./sessions.ts";
import { zombies } from "./stragglers.ts";

export interface HealthSources {
    readonly pool: ChildPool;
    readonly sessions: Sessions;
    readonly modern: ModernEra;
    readonly stopping: () => boolean;
}

export function healthServer(sources: HealthSources): Server {
    return createServer((request, response) => {
        const answer = (status: number, text: string): void => {
            response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
            response.end(`${text}\n`);
        };
        if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "GET only");
        if (request.url === "/healthz") return answer(200, "ok");
        if (request.url === "/metrics") return answer(200, metricsText(metrics(sources)).trimEnd());
        if (request.url !== "/readyz") return answer(404, "/healthz, /readyz or /metrics");
        const reason = sources.stopping() ? "stopping" : sources.pool.notReady;
        return reason === undefined ? answer(200, "ok") : answer(503, reason);
    });
}

function metrics({ pool, sessions, modern }: HealthSources): readonly Metric[] {
    return [
        { name: "mcp_bridge_processes", type: "gauge", help: "Processes of the server that run now.", values: [{ value: pool.running }] },
        {
            name: "mcp_bridge_processes_started_total",
            type: "counter",
            help: "Processes of the server started.",
            values: [{ value: pool.spawned }],
        },
        { name: "mcp_bridge_sessions", type: "gauge", help: "Open sessions.", values: [{ value: sessions.size }] },
        { name: "mcp_bridge_sessions_opened_total", type: "counter", help: "Sessions opened.", values: [{ value: sessions.opened }] },
        {
            name: "mcp_bridge_sessions_ended_total",
            type: "counter",
            help: "Sessions ended, by reason.",
            values: [...sessions.ended].map(([reason, value]) => ({ labels: { reason }, value })),
        },
        {
            name: "mcp_bridge_requests_in_progress",
            type: "gauge",
            help: "Requests without an answer yet.",
            values: [{ value: sessions.inFlight + modern.inFlight }],
        },
        {
            name: "mcp_bridge_stray_lines_total",
            type: "counter",
            help: "Lines on standard output that were no messages.",
            values: [{ value: sessions.stray }],
        },
        {
            name: "mcp_bridge_zombies",
            type: "gauge",
            help: "Ended processes that were left to the bridge and that it cannot wait for.",
            values: [{ value: zombies() }],
        },
    ];
}
