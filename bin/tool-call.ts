/** The proof at the end of `npm start`: an MCP client that lists a server's tools and calls one of them. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

export interface ToolCall {
    /** Name and version as the server says them in its handshake. */
    readonly server: string;
    readonly tools: readonly string[];
    /** The text that the called tool answered. */
    readonly answer: string;
    /** Milliseconds from connecting to the answer. */
    readonly milliseconds: number;
}

/**
 * Connects to the MCP server at `url`, lists its tools and calls `tool`.
 * @throws Error when the server cannot be reached, does not have the tool, or the tool answers with an error
 */
export async function callTool(url: URL, tool: string, args: Record<string, unknown>, timeoutMs = 10_000): Promise<ToolCall> {
    const begun = performance.now();
    const client = new Client({ name: "mcp-platform-start", version: "0.1.0" });
    const transport = new StreamableHTTPClientTransport(url);
    await client.connect(transport, { timeout: timeoutMs });
    try {
        const { tools } = await client.listTools(undefined, { timeout: timeoutMs });
        const names = tools.map((t) => t.name);
        if (!names.includes(tool)) throw new Error(`${url} has no tool "${tool}"; it has ${names.join(", ")}`);
        const result = await client.callTool({ name: tool, arguments: args }, { timeout: timeoutMs });
        const answer = result.content.map((part) => (part.type === "text" ? part.text : `(${part.type})`)).join("\n");
        if (result.isError) throw new Error(`the tool "${tool}" of ${url} answered with an error: ${answer}`);
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
