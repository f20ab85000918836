/** Connections to the servers' pods. */
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import type { Endpoint } from "./routes.ts";

/**
 * Idle connections are closed before any server closes them by itself (Node's own default is 5 s), so that a request is
 * not sent into one that is just ending.
 */
const IDLE_MS = 4000;

/** The pod could not be reached; nothing was sent, so that another one may be tried. */
export class Unreachable extends Error {
    override readonly name = "Unreachable";
    /** True when the pod's address answers that nothing is there. */
    readonly refused: boolean;
    constructor(cause: NodeJS.ErrnoException) {
        super(cause.message, { cause });
        this.refused = cause.code === "ECONNREFUSED" || cause.code === "EHOSTUNREACH" || cause.code === "ENETUNREACH";
    }
}

export interface Call {
    readonly endpoint: Endpoint;
    readonly method: string;
    readonly path: string;
    /** Flat list of names and values. */
    readonly headers: readonly string[];
}

export class Upstream {
    readonly #agent = new http.Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: "lifo", timeout: IDLE_MS });
    readonly #connectMs: number;

    constructor(connectMs: number) {
        this.#connectMs = connectMs;
    }

    /**
     * Opens a request and waits until it has a connection.
     * @throws Unreachable when there is none in time
     */
    connect(call: Call): Promise<ClientRequest> {
        const { endpoint, method, path, headers } = call;
        return new Promise((resolve, reject) => {
            const request = http.request({
                agent: this.#agent,
                host: endpoint.address,
                port: endpoint.port,
                method,
                path,
                headers: headers as string[],
                setHost: false,
            });
            // For good: a request that is given up before its answer says so by an error that nobody may be waiting for.
            request.on("error", () => {});
            const fail = (error: NodeJS.ErrnoException): void => reject(new Unreachable(error));
            const timer = setTimeout(
                () => request.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" })),
                this.#connectMs,
            );
            const connected = (): void => {
                clearTimeout(timer);
                request.off("error", fail);
                resolve(request);
            };
            request.once("error", fail);
            request.once("close", () => clearTimeout(timer));
            request.once("socket", (socket) => {
                socket.setNoDelay(true);
                if (socket.connecting) socket.once("connect", connected);
                else connected();
            });
        });
    }

    close(): void {
        this.#agent.destroy();
    }
}

/** The answer to a request whose body is being sent. */
export function answerOf(request: ClientRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
        request.once("response", resolve);
        request.once("error", reject);
        request.once("close", () => reject(new Error("the connection ended before an answer"))); // without effect after one
    });
}
