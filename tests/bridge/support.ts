/** Starts bridges for the tests and the clients that talk to them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { run } from "../../operator/bridge/main.ts";

export const root = join(import.meta.dirname, "../..");
/** A published server, as its package has it. */
export const EVERYTHING = [process.execPath, join(root, "node_modules/@modelcontextprotocol/server-everything/dist/index.js"), "stdio"];
/** A server of the tests, which does what no good server does; see the file. */
export const ODD = [process.execPath, join(import.meta.dirname, "odd-server.mjs")];

export interface RunningBridge {
    readonly url: URL;
    readonly health: string;
    /** Aborts the bridge, as SIGTERM does, and waits for its exit code. */
    stop(): Promise<number>;
    readonly done: Promise<number>;
    metric(name: string): Promise<number>;
}

const running = new Set<RunningBridge>();

/** Stops the bridges that a failed test left running. */
export async function stopBridges(): Promise<void> {
    await Promise.all([...running].map((bridge) => bridge.stop()));
}

/** Runs a bridge in this process on ports of its own; times are shortened for tests. */
export async function startBridge(command: readonly string[], env: Record<string, string> = {}): Promise<RunningBridge> {
    const abort = new AbortController();
    const settings = {
        BRIDGE_PORT: "0",
        BRIDGE_HEALTH_PORT: "0",
        BRIDGE_HOST: "127.0.0.1",
        BRIDGE_LINGER_SECONDS: "0",
        LOG_LEVEL: "error",
        ...env,
    };
    let done: Promise<number> | undefined;
    const ports = await new Promise<{ port: number; healthPort: number }>((resolve, reject) => {
        done = run(["--", ...command], { PATH: process.env["PATH"], ...settings }, abort.signal, resolve);
        done.then((code) => reject(new Error(`the bridge ended with ${code}`)), reject);
    });
    const health = `http://127.0.0.1:${ports.healthPort}`;
    const bridge: RunningBridge = {
        url: new URL(`http://127.0.0.1:${ports.port}/mcp`),
        health,
        done: done as Promise<number>,
        stop() {
            abort.abort();
            return done as Promise<number>;
        },
        async metric(name) {
            const text = await (await fetch(`${health}/metrics`)).text();
            const line = text.split("\n").find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
            return line ? Number(line.split(" ").at(-1)) : 0;
        },
    };
    running.add(bridge);
    void bridge.done.finally(() => running.delete(bridge));
    return bridge;
}

/** Waits until the bridge is ready to take sessions. */
export async function untilReady(bridge: RunningBridge): Promise<void> {
    await until(async () => (await fetch(`${bridge.health}/readyz`)).ok, 15_000);
}

/** Polls until something is so. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
    const end = Date.now() + ms;
    while (!(await condition())) {
        if (Date.now() > end) throw new Error(`not so within ${ms} ms: ${condition.toString()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

export interface Connected {
    readonly client: Client;
    readonly transport: StreamableHTTPClientTransport;
}

/** Connects a client of the legacy era. */
export async function connect(url: URL, capabilities: object = {}, prepare: (client: Client) => void = () => {}): Promise<Connected> {
    const client = new Client({ name: "test", version: "1" }, { capabilities });
    prepare(client);
    const transport = new StreamableHTTPClientTransport(url);
    await client.connect(transport as Transport);
    return { client, transport };
}

export const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };
export const INITIALIZE = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

/** Posts a message without any client library. */
export function post(url: URL, message: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(url, {
        method: "POST",
        headers: { ...HEADERS, ...headers },
        body: typeof message === "string" ? message : JSON.stringify(message),
    });
}

/** The processes below this one, however far, whose command line contains a text. */
export function descendants(text: string, ancestor = process.pid): number[] {
    const parents = new Map<number, number>();
    for (const name of readdirSync("/proc")) {
        if (!/^\d+$/.test(name)) continue;
        try {
            const stat = readFileSync(`/proc/${name}/stat`, "latin1");
            const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
            if (state !== "Z") parents.set(Number(name), Number(parent));
        } catch {
            // ended meanwhile
        }
    }
    const below = (pid: number): boolean => {
        for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) if (at === ancestor) return true;
        return false;
    };
    return [...parents.keys()].filter((pid) => below(pid) && commandOf(pid).includes(text));
}

export function commandOf(pid: number): string {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
    } catch {
        return "";
    }
}
