/**
 * The answer to one POST that carries requests.
 *
 * A request that is answered quickly gets plain JSON. When something else comes first, or nothing comes for a while, it
 * becomes an event stream, which in the legacy era survives its connection: events are kept and can be asked for again.
 */
import type { ServerResponse } from "node:http";
import { eventId, type Journal } from "./journal.ts";
import { EventWriter } from "./sse.ts";

export interface ReplyOptions {
    readonly response: ServerResponse;
    /** Names the stream in event ids. */
    readonly stream: string;
    /** Keys of the requests to be answered. */
    readonly keys: readonly string[];
    readonly headers: Readonly<Record<string, string>>;
    readonly keepAliveMs: number;
    readonly streamAfterMs: number;
    /** Keeps the events of the stream; without it they have no ids. */
    readonly journal?: Journal;
    /** Begins an event stream with an empty event that has an id: clients from 2025-11-25 on understand it. */
    readonly priming?: boolean;
    /** Called when the client's connection ended before everything was answered. */
    readonly onGone?: () => void;
}

export class Reply {
    readonly stream: string;
    readonly #options: ReplyOptions;
    readonly #pending: Set<string>;
    readonly #timer: NodeJS.Timeout;
    #writer: EventWriter | undefined;
    #streaming = false;
    #finished = false;

    constructor(options: ReplyOptions) {
        this.#options = options;
        this.stream = options.stream;
        this.#pending = new Set(options.keys);
        this.#timer = setTimeout(() => this.#startStreaming(), options.streamAfterMs);
        this.#watch(options.response);
    }

    /** Keys of requests that have no answer yet. */
    get pending(): ReadonlySet<string> {
        return this.#pending;
    }
    get finished(): boolean {
        return this.#finished;
    }
    /** True while the client's connection is open. */
    get connected(): boolean {
        return this.#streaming ? this.writer !== undefined : !this.#options.response.destroyed;
    }
    /** True while what is sent can still arrive: on the connection, or on a later one. */
    get reachable(): boolean {
        return this.connected || (this.#streaming && this.#options.journal !== undefined);
    }
    /** The open connection of the event stream, if it is one and has one. */
    get writer(): EventWriter | undefined {
        return this.#writer?.open ? this.#writer : undefined;
    }

    /** Sends a request or notification of the server that belongs to this one. */
    notify(line: Buffer): void {
        if (this.#finished) return;
        this.#startStreaming();
        this.#emit(line);
    }

    /** Sends the answer to one request; with the last one the reply is finished. */
    answer(key: string, line: Buffer, status = 200): void {
        if (!this.#pending.delete(key)) return;
        if (!this.#streaming && this.#options.keys.length === 1) {
            this.#end();
            const { response, headers } = this.#options;
            if (response.destroyed || response.headersSent) return;
            response.writeHead(status, { ...headers, "content-type": "application/json", "content-length": line.length });
            response.end(line);
            return;
        }
        this.#startStreaming();
        this.#emit(line);
        if (this.#pending.size === 0) this.finish();
    }

    /** Expects no answer to this request any more. */
    forget(key: string): void {
        if (this.#pending.delete(key) && this.#pending.size === 0) this.finish();
    }

    /** Ends the reply with what was sent so far. */
    finish(): void {
        if (this.#finished) return;
        this.#startStreaming();
        this.#end();
        this.#writer?.end();
    }

    /** Continues the stream on another connection, after the event the client has seen last. */
    resume(response: ServerResponse, after: number): void {
        this.#writer?.end();
        this.#writer = new EventWriter(response, this.#options.headers, this.#options.keepAliveMs);
        this.#watch(response);
        for (const event of this.#options.journal?.after(this.stream, after) ?? [])
            this.#writer.send(eventId(this.stream, event.sequence), event.data);
        if (this.#finished) this.#writer.end();
    }

    #end(): void {
        this.#finished = true;
        clearTimeout(this.#timer);
    }

    #watch(response: ServerResponse): void {
        response.on("close", () => {
            if (!this.#finished) this.#options.onGone?.();
        });
    }

    #startStreaming(): void {
        if (this.#streaming) return;
        this.#streaming = true;
        clearTimeout(this.#timer);
        const { response, headers, keepAliveMs, journal, priming } = this.#options;
        if (response.destroyed) return;
        this.#writer = new EventWriter(response, headers, keepAliveMs);
        if (priming && journal) this.#writer.send(eventId(this.stream, journal.last), "");
    }

    #emit(line: Buffer): void {
        const sequence = this.#options.journal?.add(this.stream, line);
        this.#writer?.send(sequence === undefined ? undefined : eventId(this.stream, sequence), line);
    }
}
