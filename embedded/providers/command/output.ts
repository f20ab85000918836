import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";

export type StreamName = "stdout" | "stderr";

/** How much of each stream becomes an output: its end. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** How many lines of a command go into the log; a status follows all of them. */
const LOGGED_LINES = 1_000;
const LONGEST_LINE = 2_000;
const STATUS_EVERY_MS = 100;
const TAIL_LINES = 12;

/** Where lines go. */
export interface Listener {
    /** Which streams are shown: the resource's `logging`. */
    readonly logging: string;
    readonly mask: (text: string) => string;
    readonly log: (severity: "info" | "warning", text: string) => void;
    readonly status: (text: string) => void;
}

/** The end of a stream, in memory that does not grow with the stream. */
class Kept {
    readonly #decoder = new StringDecoder("utf8");
    #chunks: Buffer[] = [];
    #held = 0;
    #rest = "";
    total = 0;

    /** Takes bytes and returns the lines that are whole now. */
    add(chunk: Buffer): string[] {
        this.#chunks.push(chunk);
        this.#held += chunk.length;
        this.total += chunk.length;
        while (this.#held - (this.#chunks[0]?.length ?? 0) >= KEPT_BYTES) this.#held -= this.#chunks.shift()?.length ?? 0;
        const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n|\r(?!\n|$)/);
        this.#rest = lines.pop() ?? "";
        while (this.#rest.length > LONGEST_LINE) {
            lines.push(this.#rest.slice(0, LONGEST_LINE));
            this.#rest = this.#rest.slice(LONGEST_LINE);
        }
        return lines;
    }

    /** The last line, when no line feed ends it. */
    last(): string[] {
        const line = this.#rest.trimEnd();
        this.#rest = "";
        return line ? [line] : [];
    }

    bytes(): Buffer {
        const all = Buffer.concat(this.#chunks);
        this.#chunks = [all];
        const from = Math.max(0, all.length - KEPT_BYTES);
        // Not from the middle of a character on.
        const start = from === 0 ? 0 : all.findIndex((byte, at) => at >= from && (byte & 0xc0) !== 0x80);
        return all.subarray(start);
    }
}

/** Collects what a command prints: the outputs, the lines for the log, and the last lines for an error. */
export class Output {
    readonly #kept: Record<StreamName, Kept> = { stdout: new Kept(), stderr: new Kept() };
    readonly #listener: Listener;
    #tail: string[] = [];
    #logged = 0;
    #unlogged = 0;
    #statusAt = 0;

    constructor(listener: Listener) {
        this.#listener = listener;
    }

    write(stream: StreamName, chunk: Buffer): void {
        for (const line of this.#kept[stream].add(chunk)) this.#line(stream, line);
    }

    #line(stream: StreamName, line: string): void {
        const { logging, mask, log, status } = this.#listener;
        if (logging === "none") return;
        this.#tail.push(line);
        if (this.#tail.length > TAIL_LINES * 2) this.#tail = this.#tail.slice(-TAIL_LINES);
        if (logging !== stream && logging !== "stdoutAndStderr") return;
        if (this.#logged < LOGGED_LINES) {
            this.#logged++;
            log("info", mask(line));
        } else this.#unlogged++;
        if (line.trim() === "" || Date.now() - this.#statusAt < STATUS_EVERY_MS) return;
        this.#statusAt = Date.now();
        status(mask(line));
    }

    /** The command has ended: both outputs without the last line feed, and what must be said about them in the log. */
    end(): Record<StreamName, string> {
        for (const stream of ["stdout", "stderr"] as const) for (const line of this.#kept[stream].last()) this.#line(stream, line);
        if (this.#unlogged > 0) this.#listener.log("info", `(${this.#unlogged} further lines are not shown)`);
        return { stdout: this.#text("stdout"), stderr: this.#text("stderr") };
    }

    #text(stream: StreamName): string {
        const { log } = this.#listener;
        const kept = this.#kept[stream];
        const bytes = kept.bytes();
        if (bytes.length < kept.total)
            log("warning", `The command printed ${kept.total} bytes on ${stream}; only the last ${bytes.length} are kept in ${stream}.`);
        if (!isUtf8(bytes)) log("warning", `What the command printed on ${stream} is not UTF-8; other bytes are kept as U+FFFD.`);
        return bytes.toString("utf8").replace(/\n$/, "");
    }

    /** The last lines of both streams in the order of their arrival, for an error; a sentence in their place with `logging: "none"`. */
    tail(): string {
        if (this.#listener.logging === "none") return "(its output is not shown: logging is none)";
        const lines = this.#tail.slice(-TAIL_LINES).map((line) => line.slice(0, LONGEST_LINE));
        return this.#listener.mask(lines.join("\n")).trim();
    }
}
