/**
 * The little of Kubernetes' API machinery that a controller needs, over plain HTTPS: requests, watches, server-side apply, a
 * cache that never goes blind and a work queue. It knows nothing about MCP.
 */
import http from "node:http";
import https from "node:https";
import type { ClusterAccess } from "./access.ts";

export interface ApiRequest {
    readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    /** Path from the root, for example `/api/v1/namespaces/a/pods`. */
    readonly path: string;
    readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
    readonly body?: unknown;
    /** Default: application/json. */
    readonly contentType?: string;
    /** What is asked for; default application/json. */
    readonly accept?: string;
    readonly signal?: AbortSignal;
    /** Milliseconds until a request without an answer is given up; default 15 000. */
    readonly timeoutMs?: number;
}

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
    override readonly name = "ApiError";
    readonly status: number;
    /** The machine-readable word of the Status object: NotFound, Conflict, Invalid, Expired and so on. */
    readonly reason: string;
    constructor(status: number, reason: string, message: string) {
        super(message);
        this.status = status;
        this.reason = reason;
    }
}

/** Whether the API server said that this object (or kind) is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
/** Whether the API server refused because someone else was first. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;
/** Whether a resource version is too old to go on from. */
export const isExpired = (error: unknown): boolean => error instanceof ApiError && (error.status === 410 || error.reason === "Expired");

/** The error that a Status object, or any other text, stands for. */
export function apiErrorOf(status: number, text: string): ApiError {
    try {
        const body = JSON.parse(text) as { kind?: string; code?: number; reason?: string; message?: string };
        if (body.kind === "Status") return new ApiError(body.code ?? status, body.reason ?? "", body.message ?? `status ${status}`);
    } catch {
        // A proxy in between answers in its own words.
    }
    return new ApiError(status, "", `the API server answered ${status}${text ? `: ${text.slice(0, 200).trim()}` : ""}`);
}

const REQUEST_TIMEOUT_MS = 15_000;

export class ApiClient {
    readonly #access: ClusterAccess;
    readonly #userAgent: string;
    readonly #agent: http.Agent;
    readonly #watchAgent: http.Agent;
    readonly #transport: typeof http | typeof https;

    constructor(access: ClusterAccess, userAgent = "mcp-operator") {
        this.#access = access;
        this.#userAgent = userAgent;
        this.#transport = access.server.protocol === "http:" ? http : https;
        this.#agent = new this.#transport.Agent({ keepAlive: true, keepAliveMsecs: 10_000, maxSockets: 16, scheduling: "lifo" });
        // Watches never wait behind requests, and a broken one takes nothing else with it.
        this.#watchAgent = new this.#transport.Agent({ keepAlive: false });
    }

    /**
     * One request; the parsed body of the answer.
     * @throws ApiError for every status but 2xx; the socket's error when there is no answer
     */
    async request<T>(request: ApiRequest): Promise<T> {
        try {
            return await this.#once<T>(request, false);
        } catch (error) {
            if (!(error instanceof ApiError && error.status === 401)) throw error;
            return this.#once<T>(request, true);
        }
    }

    async #once<T>(request: ApiRequest, fresh: boolean): Promise<T> {
        const timeout = AbortSignal.timeout(request.timeoutMs ?? REQUEST_TIMEOUT_MS);
        const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
        const response = await this.#send(request, this.#agent, signal, fresh);
        const text = await textOf(response);
        const status = response.statusCode ?? 0;
        if (status < 200 || status > 299) throw apiErrorOf(status, text);
        return (text ? JSON.parse(text) : undefined) as T;
    }

    /**
     * Reads a watch line by line until the server ends it.
     * @param onBytes called whenever anything arrives: a sign of life
     * @throws ApiError when the watch is refused; the socket's error when it breaks
     */
    async watch(
        request: ApiRequest & { readonly signal: AbortSignal },
        onLine: (line: string) => void,
        onBytes: () => void = () => {},
    ): Promise<void> {
        let response = await this.#send(request, this.#watchAgent, request.signal, false);
        if (response.statusCode === 401) {
            await textOf(response);
            response = await this.#send(request, this.#watchAgent, request.signal, true);
        }
        if (response.statusCode !== 200) throw apiErrorOf(response.statusCode ?? 0, await textOf(response));
        onBytes();
        let rest = "";
        response.setEncoding("utf8");
        for await (const chunk of response as AsyncIterable<string>) {
            onBytes();
            const lines = (rest + chunk).split("\n");
            rest = lines.pop() ?? "";
            for (const line of lines) if (line) onLine(line);
        }
        if (rest) throw new Error("the watch broke off in the middle of an event");
    }

    /** Closes idle connections; requests under way end by their own signals. */
    close(): void {
        this.#agent.destroy();
        this.#watchAgent.destroy();
    }

    #send(request: ApiRequest, agent: http.Agent, signal: AbortSignal, fresh: boolean): Promise<http.IncomingMessage> {
        const { token, ...tls } = this.#access.credentials(fresh);
        const url = new URL(request.path, this.#access.server);
        for (const [key, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(key, String(value));
        const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
        return new Promise((resolve, reject) => {
            const options: https.RequestOptions = {
                method: request.method ?? "GET",
                agent,
                signal,
                ...tls,
                headers: {
                    accept: request.accept ?? "application/json",
                    "user-agent": this.#userAgent,
                    ...(token && { authorization: `Bearer ${token}` }),
                    ...(body && { "content-type": request.contentType ?? "application/json", "content-length": body.length }),
                },
            };
            const sent = this.#transport.request(url, options, resolve);
            sent.on("error", (error) => reject(signal.aborted && signal.reason instanceof Error ? signal.reason : error));
            sent.on("socket", (socket) => socket.setKeepAlive(true, 10_000));
            sent.end(body);
        });
    }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
    response.setEncoding("utf8");
    let text = "";
    for await (const chunk of response as AsyncIterable<string>) text += chunk;
    return text;
}
