/** One session of the legacy era (up to 2025-11-25): one client, one process of the server, and the streams between them. */
import type { ServerResponse } from "node:http";
import type { Child } from "./child.ts";
import { asBatch, oneLine } from "./framing.ts";
import { parsed } from "./handshake.ts";
import { eventId, Journal, parseEventId } from "./journal.ts";
import { asMessage, CODES, errorText, idIn, isObject, keyOf, metaOf, paramsOf, type Id, type Json, type Message } from "./message.ts";
import { Listening, LISTENING } from "./listening.ts";
import { Reply } from "./reply.ts";
import type { BridgeSettings } from "./settings.ts";
import { EventWriter } from "./sse.ts";

export interface SessionOptions {
    readonly id: string;
    readonly child: Child;
    readonly settings: BridgeSettings;
    /** Called once when the first answer to `initialize` came, with what was wrong, if anything was. */
    readonly onInitialized: (problem: string | undefined) => void;
    /** Called once when the session has ended, for whatever reason. */
    readonly onEnd: (reason: string) => void;
    readonly onStrayLine: (text: string) => void;
}

/** A reader with more than this many bytes waiting stops the server's output until it has caught up. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
/** How long an answer to a cancelled request is still waited for. */
const CANCELLED_MS = 1000;
/** Notifications that never belong to a request in progress. */
const UNRELATED = /^notifications\/(tools|prompts|resources)\/(list_changed|updated)$/;

export class Session {
    readonly id: string;
    /** The negotiated protocol version, once the server has answered. */
    version: string | undefined;
    readonly #options: SessionOptions;
    readonly #child: Child;
    readonly #journal = new Journal();
    readonly #headers: Record<string, string>;
    /** Requests in progress: the key of the id, and the reply that awaits the answer. */
    readonly #inFlight = new Map<string, Reply>();
    readonly #progress = new Map<string, Reply>();
    readonly #replies = new Map<string, Reply>();
    readonly #listening: Listening;
    #streams = 0;
    #initializeKey: string | undefined;
    #seen = performance.now();
    #lost = false;
    #paused = 0;
    #ended = false;

    constructor(options: SessionOptions) {
        this.id = options.id;
        this.#options = options;
        this.#child = options.child;
        this.#headers = { "mcp-session-id": options.id };
        const { keepAliveMs } = options.settings;
        this.#listening = new Listening({ journal: this.#journal, headers: this.#headers, keepAliveMs, onLost: () => this.#lose() });
        this.#child.onLine = (line) => this.#fromServer(line);
        this.#child.onEnd = (how) => this.#serverEnded(how);
    }

    /** Requests that have no answer yet. */
    get inFlight(): number {
        return this.#inFlight.size;
    }

    /** Why the session should end now, if nobody uses it any more. */
    expired(now: number): "idle" | "orphaned" | undefined {
        if (this.#listening.writer || [...this.#replies.values()].some((reply) => reply.connected)) return undefined;
        const { idleMs, orphanMs } = this.#options.settings;
        if (this.#lost && now - this.#seen >= orphanMs) return "orphaned";
        return now - this.#seen >= idleMs ? "idle" : undefined;
    }

    /**
     * Takes what a client posted.
     * @param version the version the client speaks, which decides what its event streams may contain
     * @returns what is wrong with it; the response is untouched then
     */
    post(
        messages: readonly Message[],
        lines: readonly Buffer[],
        version: string,
        response: ServerResponse,
    ): { status: number; code: number; text: string } | undefined {
        this.#touch();
        const requests = messages.filter((message) => message.kind === "request");
        const keys = requests.map((request) => keyOf(request.id));
        const taken = requests.find((request, index) => this.#inFlight.has(keyOf(request.id)) || keys.indexOf(keyOf(request.id)) !== index);
        if (taken)
            return {
                status: 400,
                code: CODES.invalidRequest,
                text: `Invalid Request: a request with the id ${JSON.stringify(taken.id)} is in progress`,
            };
        if (this.#child.unread > 2 * this.#options.settings.maxBodyBytes)
            return { status: 503, code: CODES.refused, text: "The server does not keep up with its input" };
        if (requests.length) this.#expect(requests, keys, version, response);
        for (const line of lines) this.#child.write(line);
        for (const message of messages)
            if (message.kind === "notification" && message.method === "notifications/cancelled")
                this.#cancelled(paramsOf(message)["requestId"]);
        if (!requests.length) response.writeHead(202).end();
        return undefined;
    }

    /** Opens a stream for what the server says on its own, or continues any stream after `lastEventId`. */
    listen(lastEventId: string | undefined, response: ServerResponse): { status: number; code: number; text: string } | undefined {
        this.#touch();
        const after = lastEventId === undefined ? undefined : parseEventId(lastEventId);
        if (lastEventId !== undefined && !after)
            return { status: 400, code: CODES.refused, text: "Bad Request: Last-Event-ID names no event of this session" };
        if (after && after.stream !== LISTENING) {
            this.#resume(after.stream, after.sequence, response);
            return undefined;
        }
        this.#listening.open(response, after?.sequence);
        return undefined;
    }

    /** Ends the session: its streams, then its process. Settles when the process has ended. */
    async end(reason: string): Promise<void> {
        this.#close(reason, "the session has ended");
        await this.#child.stop();
    }

    #close(reason: string, why: string): void {
        if (this.#ended) return;
        this.#ended = true;
        for (const [key, reply] of this.#inFlight)
            reply.answer(key, Buffer.from(errorText(idOf(key), CODES.internal, `Not answered: ${why}`)));
        this.#inFlight.clear();
        for (const reply of this.#replies.values()) reply.finish();
        this.#listening.end();
        this.#options.onEnd(reason);
    }

    #serverEnded(how: string): void {
        const text = this.version === undefined ? `the server ended before it answered initialize (${how})` : `the server ended (${how})`;
        if (this.version === undefined && !this.#ended) {
            delete this.#headers["mcp-session-id"];
            this.#options.onInitialized(text);
        }
        this.#close("server ended", text);
    }

    #touch(): void {
        this.#seen = performance.now();
        this.#lost = false;
    }

    /** A connection ended that the client would have kept open if it were still there. */
    #lose(): void {
        this.#seen = performance.now();
        this.#lost = true;
    }

    #expect(
        requests: readonly Extract<Message, { kind: "request" }>[],
        keys: readonly string[],
        version: string,
        response: ServerResponse,
    ): void {
        const { keepAliveMs, streamAfterMs } = this.#options.settings;
        const reply = new Reply({
            response,
            stream: String(++this.#streams),
            keys,
            headers: this.#headers,
            keepAliveMs,
            streamAfterMs,
            journal: this.#journal,
            priming: version >= "2025-11-25",
            onGone: () => this.#lose(),
        });
        this.#replies.set(reply.stream, reply);
        for (const [index, request] of requests.entries()) {
            this.#inFlight.set(keys[index] as string, reply);
            const token = idIn(metaOf(request)["progressToken"]);
            if (token !== undefined) this.#progress.set(keyOf(token), reply);
            if (request.method === "initialize") this.#initializeKey = keys[index];
        }
    }

    #resume(stream: string, after: number, response: ServerResponse): void {
        const reply = this.#replies.get(stream);
        if (reply) return reply.resume(response, after);
        const events = this.#journal.after(stream, after);
        if (!events.length) {
            response.writeHead(204, this.#headers).end(); // tells a reader of event streams not to come back
            return;
        }
        const writer = new EventWriter(response, this.#headers, this.#options.settings.keepAliveMs);
        for (const event of events) writer.send(eventId(stream, event.sequence), event.data);
        writer.end();
    }

    #cancelled(id: unknown): void {
        const known = idIn(id);
        if (known === undefined) return;
        setTimeout(() => {
            const key = keyOf(known);
            const reply = this.#inFlight.get(key);
            this.#inFlight.delete(key);
            reply?.forget(key);
            this.#settle(reply);
        }, CANCELLED_MS).unref();
    }

    #settle(reply: Reply | undefined): void {
        if (!reply?.finished) return;
        this.#replies.delete(reply.stream);
        for (const [token, other] of this.#progress) if (other === reply) this.#progress.delete(token);
    }

    #fromServer(bytes: Buffer): void {
        const line = oneLine(bytes);
        const message = parsed(line);
        if (message) return this.#route(message, line);
        const batch = asBatch(line);
        if (!batch) return this.#options.onStrayLine(line.toString());
        for (const element of batch) {
            const each = asMessage(element);
            if (each) this.#route(each, Buffer.from(JSON.stringify(element)));
        }
    }

    #route(message: Message, line: Buffer): void {
        if (this.#ended) return;
        if (message.kind === "response") {
            if (message.id === null) return this.#options.onStrayLine(line.toString());
            const key = keyOf(message.id);
            const reply = this.#inFlight.get(key);
            if (!reply) return;
            this.#inFlight.delete(key);
            const status = key === this.#initializeKey && this.version === undefined ? this.#initialized(message.body) : 200;
            reply.answer(key, line, status);
            this.#settle(reply);
            this.#throttle(reply.writer);
            return;
        }
        const reply = this.#streamFor(message);
        if (reply) {
            reply.notify(line);
            this.#throttle(reply.writer);
            return;
        }
        this.#throttle(this.#listening.send(line));
    }

    /**
     * Which reply a message of the server belongs to. Standard output does not tell, except for progress: so what comes
     * during a single request belongs to it, and with several requests the stream opened by GET is the one that is
     * certainly right, if there is one. undefined: that stream.
     */
    #streamFor(message: Exclude<Message, { kind: "response" }>): Reply | undefined {
        if (message.method === "notifications/progress") {
            const token = idIn(paramsOf(message)["progressToken"]);
            const reply = token === undefined ? undefined : this.#progress.get(keyOf(token));
            if (reply) return reply;
        }
        const listening = this.#listening.writer !== undefined;
        if (listening && UNRELATED.test(message.method)) return undefined;
        const replies = [...this.#replies.values()].filter((reply) => reply.reachable);
        return replies.length > 1 && listening ? undefined : replies.at(-1);
    }

    /** Takes notice of the server's answer to `initialize`; returns the HTTP status for it. */
    #initialized(body: Json): number {
        const result = body["result"];
        if (isObject(result)) {
            this.version = typeof result["protocolVersion"] === "string" ? result["protocolVersion"] : "2025-03-26";
            this.#options.onInitialized(undefined);
            return 200;
        }
        delete this.#headers["mcp-session-id"]; // there will be no session
        this.#options.onInitialized(undefined);
        queueMicrotask(() => void this.end("refused"));
        const error = body["error"];
        return isObject(error) && error["code"] === CODES.unsupportedVersion ? 400 : 200;
    }

    #throttle(writer: EventWriter | undefined): void {
        if (!writer || writer.waiting < MOST_WAITING_BYTES) return;
        if (this.#paused++ === 0) this.#child.pause();
        writer.onceDrained(() => {
            if (--this.#paused === 0) this.#child.resume();
        });
    }
}

function idOf(key: string): Id {
    return key.startsWith("n") ? Number(key.slice(1)) : key.slice(1);
}
