/** The gateway: the only way into the servers' pods. `http://<host>/<server>/mcp` leads to a ready pod of that server. */
import { errorText, jsonLogger, type Logger } from "../common/log.ts";
import { VariableProblem } from "../bridge/variables.ts";
import { clusterAccess } from "../kubernetes/access.ts";
import { ApiClient } from "../kubernetes/client.ts";
import type { KubernetesObject, Resource } from "../kubernetes/objects.ts";
import { Reflector } from "../kubernetes/reflector.ts";
import { ENDPOINT_SLICES, MCP_SERVERS, RouteTable, type ServerObject, type SliceObject } from "./routes.ts";
import { startGateway } from "./server.ts";
import { gatewaySettings, type GatewaySettings } from "./settings.ts";

const USER_ERROR = 255;

/**
 * Runs the gateway until `signal` aborts, which begins the drain.
 * @returns the exit code
 */
export async function run(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
    const logger = jsonLogger({ process: "gateway" });
    let settings: GatewaySettings;
    let client: ApiClient;
    try {
        settings = gatewaySettings(env);
        client = new ApiClient(clusterAccess(env), "mcp-gateway");
    } catch (error) {
        for (const line of errorText(error).split("\n")) logger.error(line);
        return error instanceof VariableProblem ? USER_ERROR : 1;
    }
    const watching = new AbortController();
    try {
        const routes = watchRoutes(client, settings.namespace, logger, watching.signal);
        const gateway = await startGateway(settings, routes, logger);
        logger.info("listening", { port: gateway.port, hosts: settings.allowedHosts.join(",") });
        await aborted(signal);
        await gateway.drain();
        return 0;
    } catch (error) {
        logger.error("the gateway cannot go on", { error: errorText(error) });
        return 1;
    } finally {
        watching.abort();
        client.close();
    }
}

function watchRoutes(client: ApiClient, namespace: string, logger: Logger, signal: AbortSignal): RouteTable {
    const watch = <T extends KubernetesObject>(resource: Resource, onChange: () => void): Reflector<T> => {
        const reflector = new Reflector<T>({ client, resource, namespace, logger, onChange });
        void reflector.run(signal);
        return reflector;
    };
    const servers = watch<ServerObject>(MCP_SERVERS, () => {});
    const slices = watch<SliceObject>(ENDPOINT_SLICES, () => routes.endpointsChanged());
    const routes = new RouteTable(namespace, servers, slices);
    return routes;
}

function aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
    });
}
