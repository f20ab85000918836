/** A thin client of one API server: requests with JSON bodies over kept-alive connections, and streams for watches. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../common/errors.ts";
import { credentialsOf, type Credentials } from "./credentials.ts";
import { ApiError, UnreachableError, type Status } from "./errors.ts";
import type { KubeConfig } from "./kubeconfig.ts";
import type { Json, JsonObject } from "./manifest.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
    readonly query?: Query | undefined;
    readonly body?: JsonObject | readonly JsonObject[] | undefined;
    /** Default `application/json`. */
    readonly contentType?: string | undefined;
    readonly accept?: string | undefined;
    readonly signal?: AbortSignal | undefined;
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
        for (let delay = 100; ; delay = Math.min(delay * 2, 2000)) {
            let wait = delay;
            try {
                return (await this.#once(method, path, options)) as Response<T>;
            } catch (error) {
                if (options.signal?.aborted || Date.now() > deadline || !this.#isPassing(error)) throw error;
                if (error instanceof ApiError) wait = Math.max(delay, (error.status.details?.retryAfterSeconds ?? 0) * 1000);
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
        if (response.statusCode === 200) return response;
        throw errorOf(response.statusCode ?? 0, await text(response));
    }

    /** The text of a response that is not JSON, such as a log. */
    async text(path: string, query: Query, signal?: AbortSignal): Promise<string> {
        const response = await this.#send(await this.#open(), "GET", path, { query, signal, accept: "*/*" }, false);
        const body = await text(response);
        if ((response.statusCode ?? 0) >= 300) throw errorOf(response.statusCode ?? 0, body);
        return body;
    }

    async close(): Promise<void> {
        const session = await this.#session?.catch(() => undefined);
        session?.requests.destroy();
        session?.watches.destroy();
        this.#session = undefined;
    }

    async #once(method: string, path: string, options: RequestOptions): Promise<Response> {
        const response = await this.#send(await this.#open(), method, path, options, false);
        const code = response.statusCode ?? 0;
        const body = await text(response);
        this.#answered = true;
        if (code < 200 || code >= 300) throw errorOf(code, body);
        return { code, body: JSON.parse(body) as JsonObject };
    }

    /** Whether a failure may pass by itself. Everything that the provider sends can be sent twice. */
    #isPassing(error: unknown): boolean {
        if (error instanceof UnreachableError) return this.#answered;
        return (
            error instanceof ApiError &&
            (error.code === 429 || error.code === 503 || (error.code === 500 && error.status.details?.retryAfterSeconds !== undefined))
        );
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
                if ((error as { reused?: boolean }).reused && attempt < 3) continue;
                throw unreachable(this.server, error);
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
    const agent = (maxSockets: number): HttpAgent =>
        url.protocol === "http:" ? new HttpAgent({ keepAlive: true, maxSockets }) : new HttpsAgent({ ...options, maxSockets });
    return { credentials, requests: agent(SOCKETS), watches: agent(Infinity) };
}

async function text(response: IncomingMessage): Promise<string> {
    response.setEncoding("utf8");
    let body = "";
    for await (const chunk of response) body += chunk as string;
    return body;
}

export function errorOf(code: number, body: string): ApiError {
    let status: Status = { message: body.trim().slice(0, 500) };
    try {
        const parsed = JSON.parse(body) as Json;
        if (typeof parsed === "object" && parsed !== null) status = parsed as Status;
    } catch {
        // Not every refusal is a Status: proxies in front of an API server answer in their own way.
    }
    return new ApiError(status, status.code ?? code);
}

const ADVICE: readonly (readonly [pattern: RegExp, advice: string])[] = [
    [/ECONNREFUSED/, "nothing listens there. Start the cluster, or correct the server in the kubeconfig"],
    [/ENOTFOUND|EAI_AGAIN/, "the host name is not known. Correct the server in the kubeconfig"],
    [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no answer/, "there is no answer. Check the network and the server in the kubeconfig"],
    [/ALERT|alert/, "the server refuses the client certificate: it is of another cluster or has expired. Get a new kubeconfig"],
    [/CERT_HAS_EXPIRED/, "the server's certificate has expired"],
    [/ALTNAME/, "the server's certificate is for another host name. Correct the server or set tls-server-name in the kubeconfig"],
    [
        /SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|signature/,
        "its certificate is not signed by the authority in the kubeconfig, which is perhaps of another cluster. Get a new kubeconfig",
    ],
];

function unreachable(server: string, error: unknown): Error {
    if (error instanceof UnreachableError) return error;
    const text = `${(error as { code?: string }).code ?? ""} ${messageOf(error)}`;
    const advice = ADVICE.find(([pattern]) => pattern.test(text))?.[1] ?? messageOf(error);
    return new UnreachableError(`the Kubernetes cluster at ${server} is unreachable: ${advice}`, { cause: error });
}
