// A dual-era server made with the published SDK.
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const text = (value) => ({ content: [{ type: "text", text: value }] });

serveStdio(
    () => {
        const server = new McpServer({ name: "dual", version: "1.0.0" }, { capabilities: { tools: { listChanged: true }, logging: {} } });
        server.registerTool("echo", { inputSchema: z.object({ message: z.string() }) }, ({ message }) => text(`Echo: ${message}`));
        server.registerTool("pid", { inputSchema: z.object({}) }, () => text(String(process.pid)));
        server.registerTool("crash", { inputSchema: z.object({}) }, () => process.exit(7));
        server.registerTool("change", { inputSchema: z.object({}) }, () => {
            server.sendToolListChanged();
            return text("changed");
        });
        server.registerTool("steps", { inputSchema: z.object({ count: z.number(), ms: z.number() }) }, async ({ count, ms }, context) => {
            const { progressToken } = context.mcpReq["_meta"] ?? {};
            for (let progress = 1; progress <= count; progress++) {
                await new Promise((resolve) => setTimeout(resolve, ms));
                if (context.mcpReq.signal.aborted) console.error("steps were cancelled");
                if (progressToken !== undefined)
                    await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: count } });
            }
            return text(`${count} steps`);
        });
        return server;
    },
    { legacy: process.env.MODERN_ONLY ? "reject" : "serve" },
);
