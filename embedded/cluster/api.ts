/** The few requests the cluster itself makes of its API server. */
import { Agent, request, type RequestOptions } from "node:https";
import { join } from "node:path";
import { readText } from "./files.ts";

export interface KubernetesObject {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
    readonly [key: string]: unknown;
}

/** An answer other than 2xx. */
export class ApiError extends Error {
    readonly status: number;
    constructor(status: number, method: string, path: string, body: string) {
        super(`${method} ${path} was answered with ${status}: ${body.slice(0, 300)}`);
        this.status = status;
    }
}

export interface ApiClient {
    get<T>(path: string): Promise<T>;
    /** As {@link get}, but undefined for what does not exist. */
    find<T>(path: string): Promise<T | undefined>;
    /** Server-side apply; conflicts are forced. */
    apply(path: string, object: KubernetesObject): Promise<void>;
    /** A JSON merge patch. */
    merge(path: string, change: object): Promise<void>;
    /** What does not exist counts as deleted. */
    delete(path: string, options?: object): Promise<void>;
    /**
     * Reads an answer line by line as it comes, until it ends.
     * @param idleMs how long nothing may come before the connection is taken for broken
     */
    lines(path: string, idleMs: number, onLine: (line: string) => void): Promise<void>;
    /** The status and text of a request whose failure is an answer, too. */
    raw(path: string): Promise<{ readonly status: number; readonly body: string }>;
    close(): void;
}

const FIELD_MANAGER = "mcp-platform-cluster";

const HEADERS = { accept: "application/json", "user-agent": FIELD_MANAGER };

/** Undefined when the answer is "not found". */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
    try {
        return await work;
    } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
    }
}

function readLines(options: RequestOptions, onLine: (line: string) => void): Promise<void> {
    return new Promise((resolve, reject) => {
        const sent = request(options, (answer) => {
            const ok = answer.statusCode === 200;
            let rest = "";
            answer.setEncoding("utf8");
            answer.on("data", (part: string) => {
                rest += part;
                if (!ok) return;
                const lines = rest.split("\n");
                rest = lines.pop() ?? "";
                try {
                    for (const line of lines) if (line) onLine(line);
                } catch (error) {
                    reject(error as Error);
                    sent.destroy();
                }
            });
            answer.on("end", () => (ok ? resolve() : reject(new ApiError(answer.statusCode ?? 0, "GET", options.path ?? "", rest))));
            answer.on("error", reject);
        });
        sent.on("timeout", () => sent.destroy(new Error("nothing came from the API server for too long")));
        sent.on("error", reject);
        sent.end();
    });
}

/** A client with one of the PKI folder's certificates, for the API server's port on the loopback address. */
export function apiClient(pki: string, port: number, timeoutMs = 5000, certificate = "supervisor"): ApiClient {
    const agent = new Agent({
        keepAlive: true,
        maxSockets: 4,
        ca: readText(join(pki, "ca.crt")),
        cert: readText(join(pki, `${certificate}.crt`)),
        key: readText(join(pki, `${certificate}.key`)),
    });
    const send = (method: string, path: string, body?: object, type = "application/json"): Promise<{ status: number; body: string }> =>
        new Promise((resolve, reject) => {
            const text = body && JSON.stringify(body);
            // Without its length the body of a DELETE would be taken for the connection's next request.
            const described = text === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(text) };
            const sent = request(
                {
                    agent,
                    host: "127.0.0.1",
                    port,
                    method,
                    path,
                    timeout: timeoutMs,
                    headers: { ...HEADERS, ...described },
                },
                (answer) => {
                    let received = "";
                    answer.setEncoding("utf8");
                    answer.on("data", (part: string) => (received += part));
                    answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: received }));
                    answer.on("error", reject);
                },
            );
            sent.on("timeout", () => sent.destroy(new Error(`the API server did not answer within ${timeoutMs / 1000} s`)));
            sent.on("error", reject);
            sent.end(text);
        });
    const must = async (method: string, path: string, body?: object, type?: string): Promise<string> => {
        const answer = await send(method, path, body, type);
        if (answer.status < 200 || answer.status > 299) throw new ApiError(answer.status, method, path, answer.body);
        return answer.body;
    };
    const get = async <T>(path: string): Promise<T> => JSON.parse(await must("GET", path)) as T;
    return {
        get,
        find: <T>(path: string) => unlessMissing(get<T>(path)),
        apply: async (path, object) => {
            await must("PATCH", `${path}?fieldManager=${FIELD_MANAGER}&force=true`, object, "application/apply-patch+yaml");
        },
        merge: async (path, change) => {
            await must("PATCH", `${path}?fieldManager=${FIELD_MANAGER}`, change, "application/merge-patch+json");
        },
        delete: async (path, options) => {
            await unlessMissing(must("DELETE", path, options));
        },
        lines: (path, idleMs, onLine) => readLines({ agent, host: "127.0.0.1", port, path, timeout: idleMs, headers: HEADERS }, onLine),
        raw: (path) => send("GET", path),
        close: () => agent.destroy(),
    };
}
