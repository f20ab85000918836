import http from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
    readonly status?: number;
    readonly type?: string;
    readonly body: string;
}

/** A small server of GET requests. */
export interface Pages {
    readonly port: number;
    close(): Promise<void>;
}

/**
 * Serves fixed paths on all addresses, for kubelet's probes and for Prometheus.
 * @param port 0 asks the system for a free one
 * @throws when the port is taken
 */
export async function servePages(port: number, pages: Readonly<Record<string, () => Answer>>): Promise<Pages> {
    const server = http.createServer((request, response) => {
        const page = request.method === "GET" ? pages[(request.url ?? "").split("?")[0] ?? ""] : undefined;
        const { status = 200, type = "text/plain; charset=utf-8", body } = page?.() ?? { status: 404, body: "not found\n" };
        response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
    });
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, resolve));
    return {
        port: (server.address() as AddressInfo).port,
        close: async () => {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        },
    };
}
