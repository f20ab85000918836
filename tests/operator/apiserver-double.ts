/** A double of the API server for one collection: lists in pages, watches with history and bookmarks, and faults on demand. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import type { KubernetesObject } from "../../operator/kubernetes/objects.ts";

interface Event {
    readonly type: string;
    readonly object: KubernetesObject;
    readonly version: number;
}

interface Watch {
    readonly response: http.ServerResponse;
    /** Last version that was sent. */
    sent: number;
}

export class ApiServerDouble {
    readonly #server: http.Server;
    readonly #objects = new Map<string, KubernetesObject>();
    readonly #watches = new Set<Watch>();
    readonly #failures: number[] = [];
    #history: Event[] = [];
    #version = 1;
    /** Versions up to this one cannot be watched from any more. */
    #forgotten = 0;
    #paused = false;
    #ignore = 0;

    static async start(): Promise<ApiServerDouble> {
        const double = new ApiServerDouble();
        await new Promise<void>((done) => double.#server.listen(0, "127.0.0.1", done));
        return double;
    }

    private constructor() {
        this.#server = http.createServer((request, response) =>
            this.#answer(new URL(request.url ?? "", "http://x").searchParams, response),
        );
    }

    get url(): string {
        return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    }

    /** Watches that are open. */
    get watches(): number {
        return this.#watches.size;
    }

    list(): KubernetesObject[] {
        return [...this.#objects.values()];
    }

    put(name: string): KubernetesObject {
        const type = this.#objects.has(name) ? "MODIFIED" : "ADDED";
        const object = this.putSilently(name);
        this.#happen(type, object);
        return object;
    }

    /** Changes an object without an event: what a watch cache must not do. */
    putSilently(name: string): KubernetesObject {
        const metadata = { name, namespace: "n", resourceVersion: String(++this.#version), managedFields: [{ manager: "x" }] };
        const object = { apiVersion: "v1", kind: "Thing", metadata };
        this.#objects.set(name, object);
        return object;
    }

    delete(name: string): void {
        const object = this.#objects.get(name);
        if (!object) return;
        this.#objects.delete(name);
        this.#happen("DELETED", { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } });
    }

    bookmark(): void {
        this.#happen(
            "BOOKMARK",
            { apiVersion: "v1", kind: "Thing", metadata: { name: "", resourceVersion: String(this.#version) } },
            false,
        );
    }

    /** The next requests are answered with a status; 410 also in the middle of a watch. */
    failNext(times: number, status: number): void {
        for (let i = 0; i < times; i++) this.#failures.push(status);
        if (status === 410) {
            for (const { response } of this.#watches)
                response.write(
                    `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } })}\n`,
                );
        }
    }

    forgetHistory(): void {
        this.#history = [];
        this.#forgotten = this.#version;
        if (this.#paused) this.breakWatches();
    }

    breakWatches(): void {
        for (const { response } of this.#watches) response.destroy();
    }

    /** Nothing is sent: the connection looks alive. */
    pauseWatches(): void {
        this.#paused = true;
    }

    resumeWatches(): void {
        this.#paused = false;
        for (const watch of this.#watches) this.#flush(watch);
    }

    sendRaw(text: string): void {
        for (const { response } of this.#watches) response.write(text);
    }

    ignoreNextWatches(count: number): void {
        this.#ignore = count;
    }

    async stop(): Promise<void> {
        this.#server.closeAllConnections();
        await new Promise((done) => this.#server.close(done));
    }

    #answer(query: URLSearchParams, response: http.ServerResponse): void {
        const failure = this.#failures.shift();
        if (failure !== undefined) return refuse(response, failure);
        if (query.get("watch") === "true") return this.#watch(Number(query.get("resourceVersion")), response);
        const all = this.list();
        const [limit, from] = [Number(query.get("limit")), Number(query.get("continue") ?? 0)];
        const next = from + limit < all.length ? String(from + limit) : undefined;
        const metadata = { resourceVersion: String(this.#version), ...(next && { continue: next }) };
        response.end(JSON.stringify({ kind: "ThingList", metadata, items: all.slice(from, from + limit) }));
    }

    #watch(version: number, response: http.ServerResponse): void {
        if (this.#ignore > 0) {
            this.#ignore--;
            return;
        }
        if (version < this.#forgotten) return refuse(response, 410);
        response.writeHead(200, { "content-type": "application/json" });
        response.flushHeaders();
        const watch = { response, sent: version };
        this.#watches.add(watch);
        response.on("close", () => this.#watches.delete(watch));
        this.#flush(watch);
    }

    #happen(type: string, object: KubernetesObject, remember = true): void {
        const event = { type, object, version: Number(object.metadata.resourceVersion) };
        if (remember) this.#history.push(event);
        for (const watch of this.#watches) {
            if (this.#paused) continue;
            if (remember) this.#flush(watch);
            else watch.response.write(`${JSON.stringify({ type, object })}\n`);
        }
    }

    #flush(watch: Watch): void {
        if (this.#paused) return;
        for (const { type, object, version } of this.#history) {
            if (version <= watch.sent) continue;
            watch.response.write(`${JSON.stringify({ type, object })}\n`);
            watch.sent = version;
        }
    }
}

function refuse(response: http.ServerResponse, code: number): void {
    response.writeHead(code, { "content-type": "application/json" });
    response.end(JSON.stringify({ kind: "Status", code, reason: code === 410 ? "Expired" : "InternalError", message: "on demand" }));
}
