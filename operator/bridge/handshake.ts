/** A first conversation with a process of the server, to learn whether it works and which protocol it speaks. */
import type { Child } from "./child.ts";
import { asMessage, isObject, type Json } from "./message.ts";

export const LEGACY_VERSIONS: readonly string[] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/** The first revision with metadata in each request instead of sessions. */
export const MODERN_VERSION = "2026-07-28";
export const META = {
    version: "io.modelcontextprotocol/protocolVersion",
    clientInfo: "io.modelcontextprotocol/clientInfo",
    clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
    subscription: "io.modelcontextprotocol/subscriptionId",
    logLevel: "io.modelcontextprotocol/logLevel",
} as const;

const CLIENT = { name: "mcp-bridge", version: "1" };
const PROBE_ID = "mcp-bridge-probe";

export const INITIALIZE = request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: CLIENT });
export const DISCOVER = request("server/discover", {
    _meta: { [META.version]: MODERN_VERSION, [META.clientInfo]: CLIENT, [META.clientCapabilities]: {} },
});

function request(method: string, params: Json): string {
    return JSON.stringify({ jsonrpc: "2.0", id: PROBE_ID, method, params });
}

/** What a process answered: a result, an error, or nothing usable, with the reason as a sentence's end. */
export type Answer = { readonly result: Json } | { readonly error: Json } | { readonly failure: string };

/**
 * Asks a process that has not been spoken to and waits for its answer.
 * @param ask {@link INITIALIZE} or {@link DISCOVER}
 */
export function ask(child: Child, ask: string, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve) => {
        const settle = (answer: Answer): void => {
            clearTimeout(timer);
            child.onLine = () => {};
            child.onEnd = () => {};
            resolve(answer);
        };
        const timer = setTimeout(() => settle({ failure: `it did not answer within ${timeoutMs / 1000} s` }), timeoutMs);
        child.onEnd = (how) => settle({ failure: `it ended before it answered (${how})` });
        child.onLine = (line) => {
            const message = parsed(line);
            if (message?.kind !== "response" || message.id !== PROBE_ID) return;
            const { result, error } = message.body;
            if (isObject(error)) settle({ error });
            else if (isObject(result)) settle({ result });
            else settle({ failure: "its answer has no result" });
        };
        if (child.alive) child.write(ask);
        else void child.ended.then((how) => settle({ failure: how }));
    });
}

/** A line of standard output as a message; undefined when it is none. */
export function parsed(line: Buffer): ReturnType<typeof asMessage> {
    try {
        return asMessage(JSON.parse(line.toString()));
    } catch {
        return undefined;
    }
}
