/** What the bridge can be told by its environment, read and checked once. */
import { readVariables, type VariableProblem } from "./variables.ts";

export interface BridgeSettings {
    /** The command of the server and its arguments. */
    readonly command: readonly [string, ...string[]];
    /** Address and port of the MCP endpoint (BRIDGE_HOST default 0.0.0.0, BRIDGE_PORT default 8080; 0 lets the system choose). */
    readonly host: string;
    readonly port: number;
    /** Port of /healthz, /readyz and /metrics (BRIDGE_HEALTH_PORT, default 8081). */
    readonly healthPort: number;
    /** Path of the MCP endpoint (BRIDGE_PATH, default /mcp). */
    readonly path: string;
    /** Host names that may be in the Host header, without port (BRIDGE_ALLOWED_HOSTS, comma separated); empty allows every host. */
    readonly allowedHosts: readonly string[];
    /** Host names that may be in the Origin header beside the request's own host (BRIDGE_ALLOWED_ORIGINS); default none. */
    readonly allowedOrigins: readonly string[];
    /** Largest request body in bytes (BRIDGE_MAX_BODY_BYTES, default 4 MiB). */
    readonly maxBodyBytes: number;
    /** Largest message of the server in bytes (BRIDGE_MAX_MESSAGE_BYTES, default 16 MiB). */
    readonly maxMessageBytes: number;
    /** Most sessions at a time, each of which is a process (BRIDGE_MAX_SESSIONS, default 128). */
    readonly maxSessions: number;
    /** A session without any request or open stream ends after this time (BRIDGE_IDLE_SECONDS, default 1800). */
    readonly idleMs: number;
    /** A session whose client closed the stream it listened on, and which has nothing else going on, ends after this time (BRIDGE_ORPHAN_SECONDS, default 3). */
    readonly orphanMs: number;
    /** How many started but unused processes wait for the next session: 0 or 1 (BRIDGE_SPARE, default 1). */
    readonly spare: number;
    /** How long a server may take to answer its first handshake (BRIDGE_START_SECONDS, default 60). */
    readonly startMs: number;
    /** How long a server may take to end after its input closed, and again after SIGTERM (BRIDGE_GRACE_SECONDS, default 2). */
    readonly graceMs: number;
    /** After SIGTERM requests are still accepted for this time, until routes have noticed (BRIDGE_LINGER_SECONDS, default 2). */
    readonly lingerMs: number;
    /** After that, requests in flight may take this long (BRIDGE_DRAIN_SECONDS, default 20). */
    readonly drainMs: number;
    /** Interval of comments on open event streams (BRIDGE_KEEPALIVE_SECONDS, default 15). */
    readonly keepAliveMs: number;
    /** A request not answered within this time gets an event stream instead of a plain answer (BRIDGE_STREAM_AFTER_SECONDS, default 1). */
    readonly streamAfterMs: number;
}

/**
 * Reads the settings.
 * @param argv what follows the process's name: `-- COMMAND ARGS…` (the `--` may be missing)
 * @throws VariableProblem that names every wrong value at once
 */
export function bridgeSettings(argv: readonly string[], env: NodeJS.ProcessEnv): BridgeSettings {
    const [command, ...args] = argv[0] === "--" ? argv.slice(1) : argv;
    const variables = readVariables(env);
    if (!command)
        variables.problem(
            "no command: start the bridge as `bridge -- COMMAND ARGS…` with the command of an MCP server that speaks on standard input and output",
        );
    const path = variables.text("BRIDGE_PATH", "/mcp");
    if (!path.startsWith("/")) variables.problem(`BRIDGE_PATH is "${path}"; it must begin with "/"`);
    const settings: BridgeSettings = {
        command: [command ?? "", ...args],
        host: variables.text("BRIDGE_HOST", "0.0.0.0"),
        port: variables.whole("BRIDGE_PORT", 8080, 0, 65_535),
        healthPort: variables.whole("BRIDGE_HEALTH_PORT", 8081, 0, 65_535),
        path,
        allowedHosts: variables.list("BRIDGE_ALLOWED_HOSTS"),
        allowedOrigins: variables.list("BRIDGE_ALLOWED_ORIGINS"),
        maxBodyBytes: variables.whole("BRIDGE_MAX_BODY_BYTES", 4 * 1024 * 1024, 1024, 1024 ** 3),
        maxMessageBytes: variables.whole("BRIDGE_MAX_MESSAGE_BYTES", 16 * 1024 * 1024, 1024, 1024 ** 3),
        maxSessions: variables.whole("BRIDGE_MAX_SESSIONS", 128, 1, 10_000),
        idleMs: variables.seconds("BRIDGE_IDLE_SECONDS", 1800),
        orphanMs: variables.seconds("BRIDGE_ORPHAN_SECONDS", 3),
        spare: variables.whole("BRIDGE_SPARE", 1, 0, 1),
        startMs: variables.seconds("BRIDGE_START_SECONDS", 60),
        graceMs: variables.seconds("BRIDGE_GRACE_SECONDS", 2),
        lingerMs: variables.seconds("BRIDGE_LINGER_SECONDS", 2),
        drainMs: variables.seconds("BRIDGE_DRAIN_SECONDS", 20),
        keepAliveMs: variables.seconds("BRIDGE_KEEPALIVE_SECONDS", 15),
        streamAfterMs: variables.seconds("BRIDGE_STREAM_AFTER_SECONDS", 1),
    };
    variables.done();
    return settings;
}

export type { VariableProblem };
