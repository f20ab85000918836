/** A thin client of one API server: requests with JSON bodies over kept-alive connections, and streams for watches. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../common/errors.ts";
import { credentialsOf, type Credentials } from "./credentials.ts";
import { ApiError, UnreachableError, type Status } from "./errors.ts";
import type { KubeConfig } from "./kubeconfig.ts";
import type { Json, JsonObject } from "./manifest.ts";
import { proxyFor } from "./proxy.ts";
import { adviceOn, isRefused } from "./unreachable.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
    readonly query?: Query | undefined;
    readonly body?: JsonObject | readonly JsonObject[] | undefined;
    /** Default `application/json`. */
    readonly contentType?: string | undefined;
    readonly accept?: string | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Told why the request is made again. */
    status?(text: string): void;
}

export interface Response<T = JsonObject> {
    readonly code: number;
    readonly body: T;
}

/** Connections for requests; watches have connections of their own, or many awaits would starve everything else. */
const SOCKETS = 8;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 90_000;
/** Once the server has answered in this run, it is given so long to come back, as after a restart. */
const PATIENCE_MS = 30_000;
/** A server that asks for more patience than this is not waited for. */
const LONGEST_WAIT_MS = 20_000;
/** A watch says something at least every minute: one that is silent for longer has lost its server. */
const SILENT_WATCH_MS = 300_000;

export class Client {
    readonly #config: KubeConfig;
    readonly #url: URL;
    #session: Promise<Session> | undefined;
    #answered = false;

    constructor(config: KubeConfig) {
        this.#config = config;
        this.#url = new URL(config.cluster.server);
    }

    get server(): string {
        return this.#config.cluster.server;
    }

    /**
     * @param path such as `/api/v1/namespaces`
     * @throws ApiError for what the server refuses, UnreachableError when it cannot be talked to
     */
    async request<T = JsonObject>(method: string, path: string, options: RequestOptions = {}): Promise<Response<T>> {
        const deadline = Date.now() + PATIENCE_MS;
        let renewed = false;
        for (let delay = 100; ; delay = Math.min(delay * 2, 2000)) {
            let wait = delay;
            const session = this.#session;
            try {
                return (await this.#once(method, path, options)) as Response<T>;
            } catch (error) {
                if (options.signal?.aborted) throw error;
                if (!renewed && session && error instanceof ApiError && error.code === 401 && (await session)?.credentials.renewable) {
                    // What a credential plugin gave has expired: it is asked for more, once.
                    renewed = true;
                    if (this.#session === session) this.#session = undefined;
                    continue;
                }
                if (error instanceof ApiError) wait = Math.max(delay, error.retryAfterMs);
                if (!this.#isPassing(error, method) || wait > LONGEST_WAIT_MS || Date.now() + wait > deadline) throw error;
                options.status?.(`trying again: ${messageOf(error)}`);
            }
            await sleep(wait, undefined, { signal: options.signal });
        }
    }

    async get<T = JsonObject>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
        return (await this.request<T>("GET", path, { query, signal })).body;
    }

    /** Opens a stream of JSON documents, one a line, and returns once the server has begun to answer. */
    async stream(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
        const session = await this.#open();
        const response = await this.#send(session, "GET", path, { query, signal }, true);
        if (response.statusCode !== 200) throw this.#errorOf(session, response, await text(response));
        response.setTimeout(SILENT_WATCH_MS, () => response.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" })));
        return response;
    }

    /** The text of a response that is not JSON, such as a log. */
    async text(path: string, query: Query, signal?: AbortSignal): Promise<string> {
        const session = await this.#open();
        const response = await this.#send(session, "GET", path, { query, signal, accept: "*/*" }, false);
        const body = await text(response);
        if ((response.statusCode ?? 0) >= 300) throw this.#errorOf(session, response, body);
        return body;
    }

    async close(): Promise<void> {
        const session = await this.#session?.catch(() => undefined);
        session?.requests.destroy();
        session?.watches.destroy();
        this.#session = undefined;
    }

    async #once(method: string, path: string, options: RequestOptions): Promise<Response> {
        const session = await this.#open();
        const response = await this.#send(session, method, path, options, false);
        const code = response.statusCode ?? 0;
        let body: string;
        try {
            body = await text(response);
        } catch (error) {
            if (options.signal?.aborted) throw error;
            throw this.#unreachable(error);
        }
        if (code < 200 || code >= 300) {
            this.#answered = true;
            throw this.#errorOf(session, response, body);
        }
        try {
            const parsed = JSON.parse(body) as JsonObject;
            this.#answered = true;
            return { code, body: parsed };
        } catch {
            throw new UnreachableError(`${this.#name} does not answer as one: is there something else at that address?`);
        }
    }

    /** The cluster as it is called in messages. */
    get #name(): string {
        const { context } = this.#config;
        return `the Kubernetes cluster at ${this.server}${context ? ` (context "${context}")` : ""}`;
    }

    #unreachable(error: unknown): Error {
        return error instanceof UnreachableError
            ? error
            : new UnreachableError(`${this.#name} is unreachable: ${adviceOn(error)}`, { cause: error });
    }

    #errorOf(session: Session, response: IncomingMessage, body: string): ApiError {
        const error = errorOf(response.statusCode ?? 0, body, response.headers["retry-after"]);
        if (error.code !== 401) return error;
        const { user } = this.#config;
        const whose = user ? `of the user "${user.name}"` : "there are none";
        const why = session.credentials.expired() ?? "they are wrong, of another cluster, or have expired";
        const message = `${this.#name} does not accept the credentials in the kubeconfig (${whose}): ${why}. Get a new kubeconfig, or sign in again`;
        return new ApiError({ ...error.status, message }, 401);
    }

    /**
     * Whether a failure may pass by itself. Everything that the provider sends can be sent twice, but a POST: that only
     * when nothing of it was taken up.
     */
    #isPassing(error: unknown, method: string): boolean {
        if (error instanceof UnreachableError) return this.#answered && (method !== "POST" || isRefused(error.cause));
        if (!(error instanceof ApiError)) return false;
        return error.code === 429 || (method !== "POST" && (error.code === 503 || (error.code === 500 && error.retryAfterMs > 0)));
    }

    #open(): Promise<Session> {
        this.#session ??= open(this.#config, this.#url).catch((error: unknown) => {
            this.#session = undefined;
            throw error;
        });
        return this.#session;
    }

    async #send(session: Session, method: string, path: string, options: RequestOptions, watch: boolean): Promise<IncomingMessage> {
        const query = new URLSearchParams();
        for (const [key, value] of Object.entries(options.query ?? {})) if (value !== undefined) query.set(key, String(value));
        const prefix = this.#url.pathname.replace(/\/$/, "");
        const body = options.body && JSON.stringify(options.body);
        const headers = {
            ...(await session.credentials.headers()),
            accept: options.accept ?? "application/json",
            "user-agent": "pulumi-kubernetes-embedded",
            ...(body !== undefined && {
                "content-type": options.contentType ?? "application/json",
                "content-length": Buffer.byteLength(body),
            }),
        };
        for (let attempt = 0; ; attempt++) {
            try {
                return await new Promise<IncomingMessage>((done, fail) => {
                    const send = this.#url.protocol === "http:" ? httpRequest : httpsRequest;
                    const request = send(this.#url, {
                        method,
                        path: `${prefix}${path}${query.size ? `?${query}` : ""}`,
                        headers,
                        agent: watch ? session.watches : session.requests,
                        signal: options.signal,
                    });
                    const giveUp = (): unknown => request.destroy(Object.assign(new Error("no answer"), { code: "ETIMEDOUT" }));
                    if (!watch) request.setTimeout(IDLE_TIMEOUT_MS, giveUp);
                    request.once("socket", (socket) => {
                        if (!socket.connecting) return;
                        const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
                        for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
                    });
                    request.once("response", done);
                    request.once("error", (error) => fail(Object.assign(error, { reused: request.reusedSocket })));
                    request.end(body);
                });
            } catch (error) {
                if (options.signal?.aborted) throw error;
                // An idle connection that the server closed while the request was on its way.
                if ((error as { reused?: boolean }).reused && method !== "POST" && attempt < 3) continue;
                throw this.#unreachable(error);
            }
        }
    }
}

interface Session {
    readonly credentials: Credentials;
    readonly requests: HttpAgent;
    readonly watches: HttpAgent;
}

async function open(config: KubeConfig, url: URL): Promise<Session> {
    const credentials = await credentialsOf(config);
    const options: AgentOptions = { keepAlive: true, scheduling: "lifo", ...credentials.tls };
    const proxy = proxyFor(url, config.cluster.proxyUrl);
    const proxyEnv = proxy && { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href };
    const agent = (maxSockets: number): HttpAgent =>
        url.protocol === "http:"
            ? new HttpAgent({ keepAlive: true, maxSockets, ...(proxyEnv && { proxyEnv }) })
            : new HttpsAgent({ ...options, maxSockets, ...(proxyEnv && { proxyEnv }) });
    return { credentials, requests: agent(SOCKETS), watches: agent(Infinity) };
}

async function text(response: IncomingMessage): Promise<string> {
    response.setEncoding("utf8");
    let body = "";
    for await (const chunk of response) body += chunk as string;
    return body;
}

/** @param retryAfter the header: seconds, or a date, which API servers do not send and which is not read */
function errorOf(code: number, body: string, retryAfter?: string): ApiError {
    let status: Status = { message: body.trim().slice(0, 500) };
    try {
        const parsed = JSON.parse(body) as Json;
        if (typeof parsed === "object" && parsed !== null) status = parsed as Status;
    } catch {
        // Not every refusal is a Status: proxies in front of an API server answer in their own way.
    }
    const seconds = Number(retryAfter);
    if (seconds > 0 && !status.details?.retryAfterSeconds)
        status = { ...status, details: { ...status.details, retryAfterSeconds: seconds } };
    return new ApiError(status, status.code ?? code);
}
