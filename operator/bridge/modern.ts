/** The modern era (from 2026-07-28 on): no sessions, so one process of the server answers everybody. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { claimsModern, type Era } from "./era.ts";
import { LEGACY_VERSIONS } from "./handshake.ts";
import { header, refuse } from "./http.ts";
import { CODES, type Message } from "./message.ts";

export class ModernEra implements Era {
    readonly inFlight = 0;

    claims(messages: readonly Message[], request: IncomingMessage): boolean {
        return claimsModern(messages, header(request, "mcp-protocol-version"));
    }

    async post(message: Message, _line: Buffer, _request: IncomingMessage, response: ServerResponse): Promise<void> {
        const text = `Bad Request: this server speaks protocol versions up to ${LEGACY_VERSIONS.at(-1)}; begin with initialize`;
        refuse(response, 400, CODES.refused, text, message.kind === "request" ? message.id : null);
    }

    async close(): Promise<void> {}
}
