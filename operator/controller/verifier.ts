/**
 * Verifies servers through their routes: with a whole handshake when a server is not known to answer, and once a minute;
 * in between within the session of the last one. A handshake with a stdio server starts a process of it, which is worth
 * more than the answer when it happens every few seconds.
 */
import { HandshakeError, openSession, type Handshake, type HandshakeTarget, type Session } from "./handshake.ts";

/** How long a session serves before the next probe shakes hands again. */
const SESSION_MS = 60_000;

export class Verifier {
    readonly #targetOf: (name: string) => HandshakeTarget;
    readonly #sessionMs: number;
    readonly #sessions = new Map<string, { readonly session: Session; readonly until: number }>();

    /**
     * @param targetOf where a server's route is
     * @param sessionMs how long a session is used again, milliseconds; default a minute
     */
    constructor(targetOf: (name: string) => HandshakeTarget, sessionMs = SESSION_MS) {
        this.#targetOf = targetOf;
        this.#sessionMs = sessionMs;
    }

    /**
     * Lists the tools of a server as a client does.
     * @throws HandshakeError
     */
    async verify(name: string, timeoutMs: number, signal: AbortSignal): Promise<Handshake> {
        const known = this.#sessions.get(name);
        if (known && Date.now() < known.until) {
            try {
                return await known.session.check(timeoutMs, signal);
            } catch (error) {
                this.forget(name);
                // Silence is an answer; a session that was lost with its pod is not one of the server as it is now.
                if (!(error instanceof HandshakeError) || error.reason === "HandshakeTimeout" || signal.aborted) throw error;
            }
        } else {
            this.forget(name);
        }
        const session = await openSession(this.#targetOf(name), timeoutMs, signal);
        if (signal.aborted) void session.end();
        else this.#sessions.set(name, { session, until: Date.now() + this.#sessionMs });
        return session.handshake;
    }

    /** Ends the session with a server, if there is one. */
    forget(name: string): void {
        const known = this.#sessions.get(name);
        this.#sessions.delete(name);
        void known?.session.end();
    }

    /** Ends all sessions, so that no server keeps a process for them. */
    async close(): Promise<void> {
        const open = [...this.#sessions.values()];
        this.#sessions.clear();
        await Promise.all(open.map(({ session }) => session.end()));
    }
}
