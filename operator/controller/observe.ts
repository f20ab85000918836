import { servePages } from "../common/http.ts";
import { Metrics } from "../common/metrics.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import type { Reflector } from "../kubernetes/reflector.ts";
import type { WorkQueue } from "../kubernetes/workqueue.ts";
import type { Caches } from "./context.ts";
import type { Prober } from "./prober.ts";
import type { ControllerSettings } from "./settings.ts";

export interface Observed {
    readonly caches: Caches;
    readonly queue: Pick<WorkQueue, "depth">;
    readonly prober: Pick<Prober, "probes" | "failures">;
    /** Passes over servers so far, by result. */
    readonly passes: { readonly success: number; readonly error: number };
}

export interface Observation {
    readonly healthPort: number;
    readonly metricsPort: number;
    close(): Promise<void>;
}

/**
 * Serves `/healthz` and `/readyz` (ready once every cache has been filled) on one port and `/metrics` on another.
 * @throws when a port is taken
 */
export async function serveObservation(
    settings: Pick<ControllerSettings, "healthPort" | "metricsPort">,
    observed: Observed,
): Promise<Observation> {
    const caches = Object.entries(observed.caches) as [string, Reflector<KubernetesObject>][];
    const unsynced = (): string[] => caches.filter(([, cache]) => !cache.hasSynced).map(([name]) => name);
    const metrics = metricsOf(observed);
    const health = await servePages(settings.healthPort, {
        "/healthz": () => ({ body: "ok\n" }),
        "/readyz": () => {
            const missing = unsynced();
            return missing.length ? { status: 503, body: `waiting for the lists of: ${missing.join(", ")}\n` } : { body: "ok\n" };
        },
    });
    try {
        const type = "text/plain; version=0.0.4; charset=utf-8";
        const numbers = await servePages(settings.metricsPort, { "/metrics": () => ({ type, body: metrics.text() }) });
        return {
            healthPort: health.port,
            metricsPort: numbers.port,
            close: async () => void (await Promise.all([health.close(), numbers.close()])),
        };
    } catch (error) {
        await health.close();
        throw error;
    }
}

function metricsOf({ caches, queue, prober, passes }: Observed): Metrics {
    const sum = (part: "missedEvents" | "failures"): number => Object.values(caches).reduce((total, cache) => total + cache[part], 0);
    const metrics = new Metrics();
    metrics.counter("mcp_operator_reconciles_total", "Passes over an MCPServer that succeeded.", () => passes.success);
    metrics.counter("mcp_operator_reconcile_errors_total", "Passes over an MCPServer that failed.", () => passes.error);
    metrics.gauge("mcp_operator_queue_depth", "MCPServers that wait for a pass.", () => queue.depth);
    metrics.gauge("mcp_operator_servers", "MCPServers known.", () => caches.servers.list().length);
    metrics.counter("mcp_operator_probes_total", "Handshakes begun.", () => prober.probes);
    metrics.counter("mcp_operator_probe_failures_total", "Handshakes that did not succeed.", () => prober.failures);
    metrics.counter("mcp_operator_missed_events_total", "Changes that only a whole list showed.", () => sum("missedEvents"));
    metrics.counter("mcp_operator_watch_failures_total", "Lists and watches that failed.", () => sum("failures"));
    metrics.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss());
    return metrics;
}
