// A legacy MCP server on standard input and output that misbehaves on demand: a double of the servers that do so by accident.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const mode = process.env.ODD_MODE ?? "";
if (mode === "deaf") process.on("SIGTERM", () => {});
if (mode === "refuse") process.exit(3);
if (mode === "grandchild") spawn(process.execPath, ["-e", "setInterval(() => {}, 1000) // odd-grandchild"], { stdio: "inherit" });
if (mode === "daemon")
    spawn(process.execPath, ["-e", "setInterval(() => {}, 1000) // odd-daemon"], { stdio: "ignore", detached: true }).unref();
if (mode === "deaf" || mode === "daemon" || mode === "grandchild") setInterval(() => {}, 1000);

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (id, value) => say({ id, result: { content: [{ type: "text", text: value }] } });

createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method, params } = JSON.parse(line);
    if (method === "initialize") {
        const capabilities = { tools: {}, logging: {} };
        return say({
            id,
            result: { protocolVersion: params.protocolVersion, capabilities, serverInfo: { name: "odd", version: String(process.pid) } },
        });
    }
    if (method === "tools/list") return say({ id, result: { tools: [] } });
    if (method !== "tools/call") return id === undefined ? undefined : say({ id, error: { code: -32601, message: "Method not found" } });
    const { name, arguments: args = {} } = params;
    if (name === "crash") process.exit(7);
    if (name === "hang") return undefined;
    if (name === "wait") return setTimeout(() => text(id, "waited"), args.ms);
    if (name === "big") return text(id, "x".repeat(args.size));
    if (name === "environment") return text(id, JSON.stringify(process.env));
    if (name === "noise") {
        process.stdout.write("this is not JSON\n\n42\n");
        process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result: { content: [] } }, null, 1).replaceAll("\n", "\r")}\r\n`);
        return undefined;
    }
    if (name === "later") {
        for (let n = 0; n < args.count; n++)
            setTimeout(() => say({ method: "notifications/message", params: { level: "info", data: n } }), 20 + 20 * n);
        return text(id, "soon");
    }
    return say({ id, result: { content: [{ type: "text", text: JSON.stringify(args) }] } });
});
