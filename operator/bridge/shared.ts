/** The process that answers all requests of the modern era, and whose answer is whose. */
import type { ServerResponse } from "node:http";
import type { Child } from "./child.ts";
import { oneLine } from "./framing.ts";
import { META, parsed } from "./handshake.ts";
import { CODES, errorText, idIn, isObject, metaOf, paramsOf, type Id, type Json, type Message } from "./message.ts";
import { Reply } from "./reply.ts";
import type { BridgeSettings } from "./settings.ts";
import { splice, type Edit } from "./splice.ts";

interface Call {
    readonly id: Id;
    readonly progressToken: Id | undefined;
    /** True when the client asked for log messages. */
    readonly logs: boolean;
    readonly listens: boolean;
    readonly reply: Reply;
}

/** A reader with more than this many bytes waiting is cut off: it must not hold up all others. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/** HTTP statuses for errors that stand for a malformed request. */
const STATUS: Readonly<Record<number, number>> = {
    [CODES.methodNotFound]: 404,
    [CODES.headerMismatch]: 400,
    [CODES.missingCapability]: 400,
    [CODES.unsupportedVersion]: 400,
};

export class SharedChild {
    readonly child: Child;
    readonly #settings: BridgeSettings;
    readonly #onStrayLine: (text: string) => void;
    /** Requests in progress, by the id they have towards the server. */
    readonly #calls = new Map<number, Call>();
    #ids = 0;
    /** When it was used last. */
    usedAt = performance.now();

    constructor(child: Child, settings: BridgeSettings, onStrayLine: (text: string) => void) {
        this.child = child;
        this.#settings = settings;
        this.#onStrayLine = onStrayLine;
        child.onLine = (line) => this.#fromServer(line);
        child.onEnd = (how) => this.#ended(how);
    }

    get inFlight(): number {
        return this.#calls.size;
    }
    /** Requests in progress that are expected to end: subscriptions are not. */
    get ending(): number {
        let count = 0;
        for (const call of this.#calls.values()) if (!call.listens) count++;
        return count;
    }

    /** Sends a client's request under an id of its own. */
    call(request: Extract<Message, { kind: "request" }>, line: Buffer, response: ServerResponse): void {
        const id = ++this.#ids;
        const key = String(id);
        const { keepAliveMs, streamAfterMs } = this.#settings;
        const meta = metaOf(request);
        const reply = new Reply({
            response,
            stream: key,
            keys: [key],
            headers: {},
            keepAliveMs,
            streamAfterMs,
            onGone: () => this.#cancel(id),
        });
        this.#calls.set(id, {
            id: request.id,
            progressToken: idIn(meta["progressToken"]),
            logs: meta[META.logLevel] !== undefined,
            listens: request.method === "subscriptions/listen",
            reply,
        });
        this.usedAt = performance.now();
        const edits = [edit(["id"], id), edit(["params", "_meta", "progressToken"], id)];
        this.child.write(splice(line.toString(), edits));
    }

    /** Ends what is in progress with an error. */
    endAll(text: string): void {
        for (const [id, call] of this.#calls)
            call.reply.answer(String(id), Buffer.from(errorText(call.id, CODES.internal, `Not answered: ${text}`)));
        this.#calls.clear();
    }

    /** In the modern era a client cancels by closing the stream; the server is told in words. */
    #cancel(id: number): void {
        if (!this.#calls.delete(id)) return;
        this.child.write(
            JSON.stringify({
                jsonrpc: "2.0",
                method: "notifications/cancelled",
                params: { requestId: id, reason: "the client went away" },
            }),
        );
    }

    #ended(how: string): void {
        this.endAll(`the server ended (${how})`);
    }

    #fromServer(bytes: Buffer): void {
        const line = oneLine(bytes);
        const message = parsed(line);
        if (!message) return this.#onStrayLine(line.toString());
        if (message.kind === "response") return this.#answer(message.id, message.body, line);
        if (message.kind === "notification") return this.#notify(message, line);
        const text = "a server cannot send requests in this protocol version";
        this.child.write(errorText(message.id, CODES.methodNotFound, text));
    }

    #answer(id: Id | null, body: Json, line: Buffer): void {
        const call = typeof id === "number" ? this.#calls.get(id) : undefined;
        if (!call || typeof id !== "number") return;
        this.#calls.delete(id);
        this.usedAt = performance.now();
        const edits = [edit(["id"], call.id), edit(["result", "_meta", META.subscription], call.id)];
        const error = body["error"];
        const code = isObject(error) ? error["code"] : undefined;
        call.reply.answer(String(id), Buffer.from(splice(line.toString(), edits)), (typeof code === "number" && STATUS[code]) || 200);
    }

    #notify(message: Extract<Message, { kind: "notification" }>, line: Buffer): void {
        const found = this.#callOf(message);
        if (!found) return; // nobody asked for it, or it cannot be told who did
        const { call, edits } = found;
        call.reply.notify(edits.length ? Buffer.from(splice(line.toString(), edits)) : line);
        if ((call.reply.writer?.waiting ?? 0) > MOST_WAITING_BYTES) call.reply.writer?.destroy();
    }

    /**
     * Whose a notification is. Progress and subscriptions say so. A log message does not: it is passed on only while a
     * single request is in progress, and that one asked for logs, for it may speak of what another client does.
     */
    #callOf(message: Extract<Message, { kind: "notification" }>): { call: Call; edits: readonly Edit[] } | undefined {
        const progress = message.method === "notifications/progress" ? paramsOf(message)["progressToken"] : undefined;
        if (typeof progress === "number") {
            const call = this.#calls.get(progress);
            return call?.progressToken === undefined ? undefined : { call, edits: [edit(["params", "progressToken"], call.progressToken)] };
        }
        const subscription = metaOf(message)[META.subscription];
        if (typeof subscription === "number") {
            const call = this.#calls.get(subscription);
            return call && { call, edits: [edit(["params", "_meta", META.subscription], call.id)] };
        }
        const calls = [...this.#calls.values()].filter((call) => !call.listens);
        const only = calls.length === 1 ? calls[0] : undefined;
        return message.method === "notifications/message" && only?.logs ? { call: only, edits: [] } : undefined;
    }
}

function edit(path: readonly string[], value: Id): Edit {
    return { path, value: JSON.stringify(value) };
}
