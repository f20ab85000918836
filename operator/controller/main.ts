/** Puts the controller together and runs it. */
import { PLURAL } from "../api/mcpserver.ts";
import { servePages } from "../common/http.ts";
import { errorText, jsonLogger, type Logger } from "../common/log.ts";
import { Metrics } from "../common/metrics.ts";
import { clusterAccess } from "../kubernetes/access.ts";
import { ApiClient } from "../kubernetes/client.ts";
import { EventRecorder } from "../kubernetes/events.ts";
import { DEPLOYMENTS, PODS, SERVICES, type KubernetesObject, type Resource } from "../kubernetes/objects.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import { WorkQueue } from "../kubernetes/workqueue.ts";
import type { Pod } from "./availability.ts";
import type { Deployment } from "./builders/deployment.ts";
import { MANAGED_SELECTOR } from "./builders/names.ts";
import type { Service } from "./builders/service.ts";
import { MCP_SERVERS, serverKeyOf, type Caches, type StoredServer } from "./context.ts";
import { shakeHands } from "./handshake.ts";
import { Prober } from "./prober.ts";
import { Reconciler } from "./reconcile.ts";
import { controllerSettings } from "./settings.ts";

/** Every server is looked at this often even if nothing seems to happen. */
const RESYNC_MS = 30_000;

/** A controller that runs. */
export interface RunningController {
    readonly healthPort: number;
    readonly metricsPort: number;
    readonly caches: Caches;
    /** Resolves when everything has come to rest after the signal. */
    readonly done: Promise<void>;
}

export interface ControllerOptions {
    readonly logger?: Logger;
    /**
     * Resolves when this process may write; default at once. With one replica and strategy Recreate there are never two of them:
     * a lease belongs here when there shall be more.
     */
    readonly lead?: (signal: AbortSignal) => Promise<void>;
}

/** Runs the controller until `signal` is aborted. */
export async function run(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
    const controller = await startController(env, signal);
    await controller.done;
}

/**
 * Starts the controller.
 * @throws when the environment is incomplete or a port is taken
 */
export async function startController(
    env: NodeJS.ProcessEnv,
    signal: AbortSignal,
    options: ControllerOptions = {},
): Promise<RunningController> {
    const settings = controllerSettings(env);
    const logger = options.logger ?? jsonLogger({ process: "controller" });
    const client = new ApiClient(clusterAccess(env));
    const metrics = new Metrics();
    const reconciles = metrics.counter("mcp_operator_reconciles_total", "Passes over an MCPServer, by result.");

    const prober = new Prober({
        periodSeconds: settings.probePeriodSeconds,
        probe: (name, timeoutMs, abort) =>
            shakeHands({ url: new URL(`/${name}/mcp`, settings.gatewayUrl), host: settings.gatewayHost }, timeoutMs, abort),
        onResult: (key) => queue.add(key),
    });
    const queue = new WorkQueue({
        handle: async (key) => {
            const after = await reconciler.reconcile(key);
            reconciles({ result: "success" });
            return after;
        },
        onError: (key, error, retryInMs) => {
            reconciles({ result: "error" });
            logger.warn("a pass failed", { server: key, error: errorText(error), retryInMs: Math.round(retryInMs) });
        },
    });
    const reflect = <T extends KubernetesObject>(resource: Resource, labelSelector?: string): Reflector<T> =>
        new Reflector<T>({
            client,
            resource,
            namespace: settings.serversNamespace,
            logger,
            ...(labelSelector && { labelSelector }),
            onChange: (key, current, previous) => {
                const server = resource.plural === PLURAL ? key : serverKeyOf(current ?? previous);
                if (server !== undefined) queue.add(server);
            },
        });
    const caches: Caches = {
        servers: reflect<StoredServer>(MCP_SERVERS),
        deployments: reflect<Deployment>(DEPLOYMENTS, MANAGED_SELECTOR),
        services: reflect<Service>(SERVICES, MANAGED_SELECTOR),
        pods: reflect<Pod>(PODS, MANAGED_SELECTOR),
    };
    const reconciler = new Reconciler({ settings, client, caches, prober, events: new EventRecorder(client, logger), logger });
    const all = Object.entries(caches) as [string, Reflector<KubernetesObject>][];
    const sum = (count: (cache: Reflector<KubernetesObject>) => number): number =>
        all.reduce((total, [, cache]) => total + count(cache), 0);
    metrics.read("mcp_operator_queue_depth", "MCPServers that wait for a pass.", "gauge", () => queue.depth);
    metrics.read("mcp_operator_servers", "MCPServers known.", "gauge", () => caches.servers.list().length);
    metrics.read("mcp_operator_probes_total", "Handshakes begun.", "counter", () => prober.probes);
    metrics.read("mcp_operator_probe_failures_total", "Handshakes that did not succeed.", "counter", () => prober.failures);
    metrics.read("mcp_operator_missed_events_total", "Changes that only a whole list showed.", "counter", () =>
        sum((cache) => cache.missedEvents),
    );
    metrics.read("mcp_operator_watch_failures_total", "Lists and watches that failed.", "counter", () => sum((cache) => cache.failures));
    metrics.read("process_resident_memory_bytes", "Resident memory size in bytes.", "gauge", () => process.memoryUsage.rss());

    const unsynced = (): string[] => all.filter(([, cache]) => !cache.hasSynced).map(([name]) => name);
    const health = await servePages(settings.healthPort, {
        "/healthz": () => ({ body: "ok\n" }),
        "/readyz": () =>
            unsynced().length ? { status: 503, body: `waiting for the lists of: ${unsynced().join(", ")}\n` } : { body: "ok\n" },
    });
    const numbers = await servePages(settings.metricsPort, {
        "/metrics": () => ({ type: "text/plain; version=0.0.4; charset=utf-8", body: metrics.text() }),
    }).catch(async (error: unknown) => {
        await health.close();
        throw error;
    });
    logger.info("started", { namespace: settings.serversNamespace, probePeriodSeconds: settings.probePeriodSeconds });

    const watches = Promise.all(all.map(([, cache]) => cache.run(signal)));
    const resync = setInterval(() => {
        for (const server of caches.servers.list()) queue.add(`${server.metadata.namespace ?? ""}/${server.metadata.name}`);
    }, RESYNC_MS);
    const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
    });
    void Promise.all([...all.map(([, cache]) => cache.synced()), options.lead?.(signal)]).then(() => {
        if (signal.aborted) return;
        logger.info("synced", { servers: caches.servers.list().length });
        queue.start();
    });
    const done = aborted.then(async () => {
        clearInterval(resync);
        prober.stop();
        await Promise.all([queue.stop(), watches]);
        client.close();
        await Promise.all([health.close(), numbers.close()]);
        logger.info("stopped");
    });
    return { healthPort: health.port, metricsPort: numbers.port, caches, done };
}
