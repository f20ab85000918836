/** The modern era (from 2026-07-28 on): no sessions, so one process of the server answers everybody. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { envelopeProblem } from "./envelope.ts";
import { claimsModern, isModern, type Era } from "./era.ts";
import { ask, DISCOVER, LEGACY_VERSIONS } from "./handshake.ts";
import { header, refuse } from "./http.ts";
import type { Log } from "./log.ts";
import { CODES, errorText, type Message } from "./message.ts";
import type { ChildPool } from "./pool.ts";
import { SharedChild } from "./shared.ts";
import type { BridgeSettings } from "./settings.ts";

/** How long a server may take to say that it knows nothing of server/discover. */
const DISCOVER_MS = 5000;
/** A server that ended, or said nothing, instead of refusing is asked again after this time. */
const ASK_AGAIN_MS = 60_000;
const MOST_IN_FLIGHT = 1024;
const SWEEP_MS = 1000;

export class ModernEra implements Era {
    readonly #settings: BridgeSettings;
    readonly #pool: ChildPool;
    readonly #log: Log;
    readonly #timer: NodeJS.Timeout;
    #shared: SharedChild | undefined;
    #starting: Promise<SharedChild | undefined> | undefined;
    /** The versions the server speaks; undefined as long as it was not asked, or did not answer. */
    #supported: readonly string[] | undefined;
    #legacyUntil = 0;
    #closed = false;

    constructor(settings: BridgeSettings, pool: ChildPool, log: Log) {
        this.#settings = settings;
        this.#pool = pool;
        this.#log = log;
        this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
        this.#timer.unref();
    }

    /** Requests in progress, subscriptions not counted. */
    get inFlight(): number {
        return this.#shared?.ending ?? 0;
    }

    claims(messages: readonly Message[], request: IncomingMessage): boolean {
        return claimsModern(messages, header(request, "mcp-protocol-version"));
    }

    async post(message: Message, line: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> {
        const id = message.kind === "request" ? message.id : null;
        const shared = await this.#take();
        if (response.destroyed) return;
        if (!shared) {
            if (this.#supported !== undefined || this.#closed)
                return refuse(response, 503, CODES.refused, "Service Unavailable: the server did not start", id, { "retry-after": "1" });
            const text = `Bad Request: this server speaks protocol versions up to ${LEGACY_VERSIONS.at(-1)}; begin with initialize`;
            return refuse(response, 400, CODES.refused, text, id);
        }
        if (message.kind !== "request") {
            response.writeHead(202).end(); // a notification speaks of nothing the shared process could find
            return;
        }
        const headers = {
            version: header(request, "mcp-protocol-version"),
            method: header(request, "mcp-method"),
            name: header(request, "mcp-name"),
        };
        const problem = envelopeProblem(message, headers, this.#supported ?? []);
        if (problem) {
            const body = errorText(id, problem.code, problem.text, problem.data);
            response.writeHead(400, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
            return;
        }
        if (shared.inFlight >= MOST_IN_FLIGHT)
            return refuse(response, 503, CODES.refused, `Service Unavailable: ${MOST_IN_FLIGHT} requests are in progress`, id, {
                "retry-after": "1",
            });
        shared.call(message, line, response);
    }

    async close(): Promise<void> {
        this.#closed = true;
        clearInterval(this.#timer);
        const shared = this.#shared;
        this.#shared = undefined;
        shared?.endAll("the bridge stops");
        await shared?.child.stop();
    }

    /** The process for everybody, started when it is needed; undefined when the server does not speak this era. */
    async #take(): Promise<SharedChild | undefined> {
        if (this.#shared?.child.alive) return this.#shared;
        if (this.#closed || performance.now() < this.#legacyUntil) return undefined;
        this.#starting ??= this.#start().finally(() => (this.#starting = undefined));
        return this.#starting;
    }

    async #start(): Promise<SharedChild | undefined> {
        const child = this.#pool.take();
        const answer = await ask(child, DISCOVER, this.#supported ? this.#settings.startMs : DISCOVER_MS);
        const versions = "result" in answer ? answer.result["supportedVersions"] : undefined;
        const modern = Array.isArray(versions)
            ? versions.filter((version): version is string => typeof version === "string" && isModern(version))
            : [];
        if (!modern.length || this.#closed) {
            void child.stop();
            const certain = !("failure" in answer);
            if (this.#supported === undefined) this.#legacyUntil = certain ? Infinity : performance.now() + ASK_AGAIN_MS;
            else this.#pool.report("failure" in answer ? answer.failure : "it refuses server/discover");
            this.#log("debug", `server process ${child.number} does not speak the modern era: ${JSON.stringify(answer).slice(0, 300)}`);
            return undefined;
        }
        this.#supported = modern;
        this.#shared = new SharedChild(child, this.#settings, (text) =>
            this.#log("warn", `server[${child.number}] wrote a line on standard output that is no message: ${text.slice(0, 200)}`),
        );
        return this.#shared;
    }

    #sweep(): void {
        const shared = this.#shared;
        if (!shared || shared.inFlight > 0 || performance.now() - shared.usedAt < this.#settings.idleMs) return;
        this.#shared = undefined;
        void shared.child.stop();
    }
}
