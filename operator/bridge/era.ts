/** Which era a request belongs to. The body decides; the header is believed only where the body says nothing. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { META, MODERN_VERSION } from "./handshake.ts";
import { metaOf, type Message } from "./message.ts";

/** Serves the requests of the modern era (from 2026-07-28 on). */
export interface Era {
    /** True when the messages are of this era, or would be if they were right. */
    claims(messages: readonly Message[], request: IncomingMessage): boolean;
    post(message: Message, line: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Revisions are dates, so that they can be compared as texts. */
export function isModern(version: string | undefined): boolean {
    return version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN_VERSION;
}

/** True when a message names its protocol version itself, or is a request under a header that names a modern one. */
export function claimsModern(messages: readonly Message[], headerVersion: string | undefined): boolean {
    if (messages.some((message) => message.kind !== "response" && META.version in metaOf(message))) return true;
    return isModern(headerVersion) && messages.every((message) => message.kind !== "response");
}
