/** What the server says on its own: the streams a client opens by GET, and what waits while there is none. */
import type { ServerResponse } from "node:http";
import { eventId, type Journal } from "./journal.ts";
import { EventWriter } from "./sse.ts";

/** Names this stream in event ids; those of requests are numbered from 1. */
export const LISTENING = "0";
/** Streams a client may hold open at a time; a further one takes the place of the oldest. */
const MOST_WRITERS = 4;

export interface ListeningOptions {
    readonly journal: Journal;
    readonly headers: Readonly<Record<string, string>>;
    readonly keepAliveMs: number;
    /** Called when a client closed a stream. */
    readonly onLost: () => void;
}

export class Listening {
    readonly #options: ListeningOptions;
    #writers: EventWriter[] = [];
    /** The number of the last event that was written to somebody. */
    #delivered = 0;

    constructor(options: ListeningOptions) {
        this.#options = options;
    }

    /** The newest open stream: a message goes to one of them only. */
    get writer(): EventWriter | undefined {
        return this.#writers.findLast((writer) => writer.open);
    }

    /** Opens a stream with what waits, or with what came after an event the client has seen. */
    open(response: ServerResponse, after: number | undefined): void {
        const { journal, headers, keepAliveMs, onLost } = this.#options;
        const writer = new EventWriter(response, headers, keepAliveMs);
        this.#writers.push(writer);
        if (this.#writers.length > MOST_WRITERS) this.#writers.shift()?.end();
        response.on("close", () => {
            this.#writers = this.#writers.filter((other) => other !== writer);
            onLost();
        });
        for (const { sequence, data } of journal.after(LISTENING, after ?? this.#delivered))
            writer.send(eventId(LISTENING, sequence), data);
        this.#delivered = journal.last;
    }

    /** Sends a message now, or keeps it for the next stream; returns the stream it went to. */
    send(line: Buffer): EventWriter | undefined {
        const sequence = this.#options.journal.add(LISTENING, line);
        const { writer } = this;
        if (!writer) return undefined;
        writer.send(eventId(LISTENING, sequence), line);
        this.#delivered = sequence;
        return writer;
    }

    end(): void {
        for (const writer of this.#writers) writer.end();
    }
}
