/** Server-sent events on a response: framing, comments that keep proxies from closing it, an end for readers that stall. */
import type { ServerResponse } from "node:http";

export const EVENT_STREAM = "text/event-stream";

/** A reader that has taken nothing for this many keep-alive intervals is gone, whatever its socket says. */
const STALLED_INTERVALS = 4;

export class EventWriter {
    readonly #response: ServerResponse;
    readonly #timer: NodeJS.Timeout;
    #stalled = 0;

    /** @param headers added to those of every event stream */
    constructor(response: ServerResponse, headers: Readonly<Record<string, string>>, keepAliveMs: number) {
        this.#response = response;
        response.writeHead(200, {
            ...headers,
            "content-type": EVENT_STREAM,
            "cache-control": "no-cache, no-transform",
            "x-accel-buffering": "no",
        });
        response.flushHeaders();
        this.#timer = setInterval(() => this.#keepAlive(), Math.max(keepAliveMs, 10));
        this.#timer.unref();
        response.on("close", () => clearInterval(this.#timer));
    }

    get open(): boolean {
        return !this.#response.destroyed && !this.#response.writableEnded;
    }

    /** Bytes that wait for the reader. */
    get waiting(): number {
        return this.#response.writableLength;
    }

    /** Calls back once when the reader has taken what waits, or is gone. */
    onceDrained(then: () => void): void {
        let called = false;
        const once = (): void => {
            if (!called) then();
            called = true;
        };
        this.#response.once("drain", once);
        this.#response.once("close", once);
    }

    /** @param data one line of JSON */
    send(id: string | undefined, data: Buffer | string): void {
        if (!this.open) return;
        const head = id === undefined ? "data: " : `id: ${id}\ndata: `;
        if (typeof data === "string") {
            this.#response.write(`${head}${data}\n\n`);
            return;
        }
        this.#response.cork();
        this.#response.write(head);
        this.#response.write(data);
        this.#response.write("\n\n");
        this.#response.uncork();
    }

    end(): void {
        clearInterval(this.#timer);
        if (this.open) this.#response.end();
    }

    destroy(): void {
        clearInterval(this.#timer);
        this.#response.destroy();
    }

    #keepAlive(): void {
        if (!this.#response.writableNeedDrain) {
            this.#stalled = 0;
            this.#response.write(":\n\n");
        } else if (++this.#stalled >= STALLED_INTERVALS) {
            this.destroy();
        }
    }
}
