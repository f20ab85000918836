/** The gateway's own answers, in the form MCP clients can read. */
import type { ServerResponse } from "node:http";
import { CODES, errorText } from "../bridge/message.ts";

/** Answers with a JSON-RPC error that belongs to no request. */
export function refuse(
    response: ServerResponse,
    status: number,
    text: string,
    headers: Readonly<Record<string, string>> = {},
    code: number = CODES.refused,
): void {
    if (response.headersSent || response.destroyed) return;
    const body = errorText(null, code, text);
    response.writeHead(status, { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
}

/** Tells a client that its session is gone, so that it begins a new one. */
export function sessionNotFound(response: ServerResponse): void {
    refuse(response, 404, "Session not found", {}, CODES.sessionNotFound);
}
