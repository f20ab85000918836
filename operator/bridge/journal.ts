/** The last events of a session, so that a client that lost its connection can go on where it was. */

export interface JournalEvent {
    /** Ascends over all streams of a session, from 1. */
    readonly sequence: number;
    readonly stream: string;
    readonly data: Buffer;
}

const MOST_EVENTS = 512;
const MOST_BYTES = 2 * 1024 * 1024;

export class Journal {
    #events: JournalEvent[] = [];
    #bytes = 0;
    #last = 0;

    /** The sequence number given out last. */
    get last(): number {
        return this.#last;
    }

    /** Keeps an event and drops the oldest ones above the bounds, but never the newest; returns its number. */
    add(stream: string, data: Buffer): number {
        const copy = Buffer.from(data); // the line is a view on a larger chunk that would be kept with it
        this.#events.push({ sequence: ++this.#last, stream, data: copy });
        this.#bytes += copy.length;
        while (this.#events.length > 1 && (this.#events.length > MOST_EVENTS || this.#bytes > MOST_BYTES)) {
            this.#bytes -= this.#events.shift()?.data.length ?? 0;
        }
        return this.#last;
    }

    /** The events of a stream after a number, oldest first. */
    after(stream: string, sequence: number): readonly JournalEvent[] {
        return this.#events.filter((event) => event.stream === stream && event.sequence > sequence);
    }
}

/** The id of an event: which stream, which number. */
export function eventId(stream: string, sequence: number): string {
    return `${stream}-${sequence}`;
}

/** Reads an id that a client sent back; undefined when it is none of ours. */
export function parseEventId(text: string): { readonly stream: string; readonly sequence: number } | undefined {
    const found = /^(\d{1,15})-(\d{1,15})$/.exec(text);
    return found ? { stream: found[1] as string, sequence: Number(found[2]) } : undefined;
}
