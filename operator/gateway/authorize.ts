/** Whether a client may use a server. */
import type { IncomingMessage } from "node:http";

/** An answer instead of the server's. */
export interface Denial {
    readonly status: 401 | 403;
    readonly text: string;
    readonly headers: Readonly<Record<string, string>>;
}

/**
 * Decides on a request before it is forwarded; undefined lets it pass.
 *
 * The gateway does not authenticate: who reaches it may use every server behind it. This is the one place
 * that every request for a server passes.
 */
export function authorize(_request: IncomingMessage, _server: string): Promise<Denial | undefined> | undefined {
    return undefined;
}
