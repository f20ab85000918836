/**
 * Keeps a session of the legacy era on the pod that opened it, without remembering anything.
 *
 * The id that the server gave is handed to the client with the pod's mark behind it, and without it back to the server.
 * So every replica of the gateway, and one that just started, knows where a session lives.
 */
import type { Endpoint, Route } from "./routes.ts";

const SEPARATOR = ".";

/** The id for the client. */
export function withTag(session: string, endpoint: Endpoint): string {
    return `${session}${SEPARATOR}${endpoint.tag}`;
}

export interface Session {
    /** The id as the server knows it. */
    readonly id: string;
    readonly endpoint: Endpoint;
}

/** Finds the pod of a session; undefined when the pod is gone, or the id is none of this server. A pod need not be ready to go on. */
export function sessionOf(id: string, route: Route): Session | undefined {
    const at = id.lastIndexOf(SEPARATOR);
    if (at < 1) return undefined;
    const endpoint = route.endpoints.find(({ tag }) => tag === id.slice(at + 1));
    return endpoint && { id: id.slice(0, at), endpoint };
}
