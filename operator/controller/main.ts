/** Puts the controller together and runs it. */
import { PLURAL } from "../api/mcpserver.ts";
import { errorText, jsonLogger, type Logger } from "../common/log.ts";
import { clusterAccess } from "../kubernetes/access.ts";
import { ApiClient } from "../kubernetes/client.ts";
import { EventRecorder } from "../kubernetes/events.ts";
import { DEPLOYMENTS, keyOf, PODS, SERVICES, type KubernetesObject, type Resource } from "../kubernetes/objects.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import { WorkQueue } from "../kubernetes/workqueue.ts";
import type { Pod } from "./availability.ts";
import type { Deployment } from "./builders/deployment.ts";
import { MANAGED_SELECTOR } from "./builders/names.ts";
import type { Service } from "./builders/service.ts";
import { MCP_SERVERS, serverKeyOf, type Caches, type StoredServer } from "./context.ts";
import { serveObservation } from "./observe.ts";
import { Prober } from "./prober.ts";
import { Reconciler } from "./reconcile.ts";
import { controllerSettings } from "./settings.ts";
import { Verifier } from "./verifier.ts";

/** Every server is looked at this often even if nothing seems to happen. */
const RESYNC_MS = 30_000;

/** A controller that runs. */
export interface RunningController {
    readonly healthPort: number;
    readonly metricsPort: number;
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
    const passes = { success: 0, error: 0 };
    const verifier = new Verifier((name) => ({ url: new URL(`/${name}/mcp`, settings.gatewayUrl), host: settings.gatewayHost }));
    const prober = new Prober({
        periodSeconds: settings.probePeriodSeconds,
        probe: (name, timeoutMs, abort) => verifier.verify(name, timeoutMs, abort),
        forget: (name) => verifier.forget(name),
        onResult: (key) => queue.add(key),
    });
    const queue = new WorkQueue({
        handle: async (key) => {
            const after = await reconciler.reconcile(key);
            passes.success++;
            return after;
        },
        onError: (key, error, retryInMs) => {
            passes.error++;
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
    const observation = await serveObservation(settings, { caches, queue, prober, passes });
    logger.info("started", { namespace: settings.serversNamespace, probePeriodSeconds: settings.probePeriodSeconds });

    const all: readonly Reflector<KubernetesObject>[] = Object.values(caches);
    const watches = Promise.all(all.map((cache) => cache.run(signal)));
    const resync = setInterval(() => {
        for (const server of caches.servers.list()) queue.add(keyOf(server));
    }, RESYNC_MS);
    const begin = async (): Promise<void> => {
        await Promise.all([...all.map((cache) => cache.synced()), options.lead?.(signal)]);
        if (signal.aborted) return;
        logger.info("synced", { servers: caches.servers.list().length });
        queue.start();
    };
    const end = async (): Promise<void> => {
        await aborted(signal);
        clearInterval(resync);
        prober.stop();
        await verifier.close();
        await Promise.all([queue.stop(), watches]);
        client.close();
        await observation.close();
        logger.info("stopped");
    };
    void begin();
    return { healthPort: observation.healthPort, metricsPort: observation.metricsPort, done: end() };
}

function aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
    });
}
