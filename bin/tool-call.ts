/** The proof at the end of `npm start`: an MCP client that lists a server's tools and calls one of them. */
import { setTimeout as delay } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { messageOf } from "../embedded/common/errors.ts";

export interface ToolCall {
    /** Name and version as the server says them in its handshake. */
    readonly server: string;
    readonly tools: readonly string[];
    /** The text that the called tool answered; undefined when the server has no tool of that name. */
    readonly answer: string | undefined;
    /** Milliseconds from connecting to the answer. */
    readonly milliseconds: number;
}

/**
 * Connects to the MCP server at `url`, lists its tools and calls `tool` if it has it.
 * @throws Error when the server cannot be reached, or the tool answers with an error
 */
export async function callTool(url: URL, tool: string, args: Record<string, unknown>, timeoutMs = 10_000): Promise<ToolCall> {
    const begun = performance.now();
    const client = new Client({ name: "mcp-platform-start", version: "0.1.0" });
    const transport = new StreamableHTTPClientTransport(url);
    await client.connect(transport, { timeout: timeoutMs });
    try {
        const { tools } = await client.listTools(undefined, { timeout: timeoutMs });
        const names = tools.map((t) => t.name);
        const answer = names.includes(tool) ? await answerOf(client, tool, args, timeoutMs) : undefined;
        const version = client.getServerVersion();
        return {
            server: `${version?.name ?? "?"} ${version?.version ?? ""}`.trim(),
            tools: names,
            answer,
            milliseconds: Math.round(performance.now() - begun),
        };
    } finally {
        await transport.terminateSession().catch(() => {}); // a server without sessions refuses, which is no fault
        await client.close();
    }
}

async function answerOf(client: Client, tool: string, args: Record<string, unknown>, timeoutMs: number): Promise<string> {
    const result = await client.callTool({ name: tool, arguments: args }, { timeout: timeoutMs });
    const answer = result.content.map((part) => (part.type === "text" ? part.text : `(${part.type})`)).join("\n");
    if (result.isError) throw new Error(`the tool "${tool}" answered with an error: ${answer}`);
    return answer;
}

/** How long a server may take to come up again with its cluster. */
const PATIENCE_MS = 90_000;

/**
 * As {@link callTool}, again and again until the server answers: after a restart of the cluster its pods come up while
 * nothing in the stack has changed.
 * @param onFailure told why each attempt failed
 * @throws Error the last attempt's, after 90 seconds
 */
export async function callToolWhenReady(
    url: URL,
    tool: string,
    args: Record<string, unknown>,
    onFailure: (reason: string) => void,
): Promise<ToolCall> {
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
        try {
            return await callTool(url, tool, args);
        } catch (error) {
            if (Date.now() > deadline) throw error;
            onFailure(messageOf(error));
        }
        await delay(250);
    }
}
