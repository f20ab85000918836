/**
 * Cuts a stream of bytes into lines, as the stdio transport frames its messages.
 *
 * Chunks are kept as they came and joined once per line, so that a long line that arrives in many small pieces costs
 * linear time. A line longer than `limit` is reported once and skipped to its end.
 */
export class LineFramer {
    readonly #limit: number;
    readonly #onLine: (line: Buffer) => void;
    readonly #onTooLong: (bytes: number) => void;
    #parts: Buffer[] = [];
    #size = 0;
    #skipping = false;

    /**
     * @param limit most bytes of a line, without its end
     * @param onLine called with each line, without its "\n" or "\r\n"; never with an empty one
     * @param onTooLong called once for each line over the limit, when the limit is passed
     */
    constructor(limit: number, onLine: (line: Buffer) => void, onTooLong: (bytes: number) => void) {
        this.#limit = limit;
        this.#onLine = onLine;
        this.#onTooLong = onTooLong;
    }

    push(chunk: Buffer): void {
        let start = 0;
        for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
            this.#take(chunk.subarray(start, end));
            this.#finish();
            start = end + 1;
        }
        if (start < chunk.length) this.#take(chunk.subarray(start));
    }

    /** Delivers a last line that has no end, as a process leaves it that stops in the middle or forgets the newline. */
    end(): void {
        this.#finish();
    }

    #take(part: Buffer): void {
        if (this.#skipping) return;
        this.#size += part.length;
        if (this.#size > this.#limit + 1) {
            this.#skipping = true;
            this.#parts = [];
            this.#onTooLong(this.#size);
            return;
        }
        if (part.length) this.#parts.push(part);
    }

    #finish(): void {
        const parts = this.#parts;
        const skipped = this.#skipping;
        this.#parts = [];
        this.#size = 0;
        this.#skipping = false;
        if (skipped || parts.length === 0) return;
        let line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
        if (line[line.length - 1] === 13) line = line.subarray(0, -1);
        if (line.length > this.#limit) this.#onTooLong(line.length);
        else if (line.length) this.#onLine(line);
    }
}
