/** The bridge: first process in the pod of a server that speaks on standard input and output, which it serves over Streamable HTTP. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { healthServer } from "./health.ts";
import { handle, refuse, type Endpoint } from "./http.ts";
import { plainLog, type Log } from "./log.ts";
import { CODES } from "./message.ts";
import { ModernEra } from "./modern.ts";
import { ChildPool, CommandProblem } from "./pool.ts";
import { Sessions } from "./sessions.ts";
import { bridgeSettings, type BridgeSettings } from "./settings.ts";
import { VariableProblem } from "./variables.ts";

/** What a shell answers for a command that cannot be started. */
const COMMAND_PROBLEM = 127;
const USER_ERROR = 255;

/**
 * Runs the bridge until `signal` aborts, which begins the drain.
 * @param argv `-- COMMAND ARGS…`
 * @param onListening called with the ports once both servers listen, before the server's first handshake
 * @returns the exit code
 */
export async function run(
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    signal: AbortSignal,
    onListening: (ports: { readonly port: number; readonly healthPort: number }) => void = () => {},
): Promise<number> {
    const log = plainLog(env["LOG_LEVEL"]);
    let settings: BridgeSettings;
    try {
        settings = bridgeSettings(argv, env);
    } catch (error) {
        if (!(error instanceof VariableProblem)) throw error;
        log("error", error.message);
        return USER_ERROR;
    }
    const bridge = startBridge(settings, env, log);
    try {
        onListening(await bridge.listening);
        log("info", `bridge: ${settings.command.join(" ").slice(0, 200)} on port ${settings.port}${settings.path}`);
        await Promise.race([bridge.failed, aborted(signal)]);
        await bridge.drain();
        return 0;
    } catch (error) {
        log("error", error instanceof Error ? error.message : String(error));
        await bridge.close();
        return error instanceof CommandProblem ? COMMAND_PROBLEM : 1;
    }
}

interface Bridge {
    readonly listening: Promise<{ port: number; healthPort: number }>;
    /** Never settles unless the bridge cannot go on. */
    readonly failed: Promise<never>;
    drain(): Promise<void>;
    close(): Promise<void>;
}

function startBridge(settings: BridgeSettings, env: NodeJS.ProcessEnv, log: Log): Bridge {
    const pool = new ChildPool(settings, env, log);
    const sessions = new Sessions(settings, pool, log);
    const modern = new ModernEra(settings, pool, log);
    let stopping = false;
    let draining = false;
    const endpoint: Endpoint = { settings, sessions, modern, draining: () => draining, notReady: () => pool.notReady };
    const server = createServer(
        { keepAliveTimeout: 75_000, headersTimeout: 30_000, requestTimeout: 120_000, noDelay: true },
        (request, response) => {
            if (draining) response.setHeader("connection", "close");
            handle(endpoint, request, response).catch((error: unknown) => {
                if (!response.destroyed && !request.destroyed)
                    log("error", `a request failed: ${error instanceof Error ? error.stack : String(error)}`);
                refuse(response, 500, CODES.internal, "Internal error");
            });
        },
    );
    const health = healthServer({ pool, sessions, modern, stopping: () => stopping });
    const close = async (): Promise<void> => {
        draining = true;
        await Promise.all([sessions.close("stopped"), modern.close(), pool.close()]);
        server.closeAllConnections();
        health.closeAllConnections();
        await Promise.all([closed(server), closed(health)]);
    };
    return {
        listening: Promise.all([listen(server, settings.port, settings.host), listen(health, settings.healthPort, settings.host)]).then(
            ([port, healthPort]) => ({ port, healthPort }),
        ),
        failed: new Promise((_, reject) => pool.check().catch(reject)),
        close,
        async drain() {
            stopping = true;
            log("info", `stopping: ${sessions.size} sessions, ${sessions.inFlight + modern.inFlight} requests in progress`);
            await sleep(settings.lingerMs);
            draining = true;
            const until = performance.now() + settings.drainMs;
            while (performance.now() < until) {
                sessions.endQuiet("stopped");
                if (sessions.size === 0 && modern.inFlight === 0) break;
                await sleep(25);
            }
            await close();
        },
    };
}

function listen(server: Server, port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) =>
            reject(
                error.code === "EADDRINUSE"
                    ? new Error(`port ${port} is in use: set BRIDGE_PORT and BRIDGE_HEALTH_PORT to free ones`)
                    : error,
            ),
        );
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
    });
}

function closed(server: Server): Promise<void> {
    return new Promise((resolve) => void server.close(() => resolve()));
}

function aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
    });
}
