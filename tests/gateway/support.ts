/** Starts gateways for the tests, with caches that the test fills as the API server would. */
import { request, type IncomingHttpHeaders } from "node:http";
import { silentLogger } from "../../operator/common/log.ts";
import { RouteTable, type ObjectCache, type ServerObject, type SliceObject } from "../../operator/gateway/routes.ts";
import { startGateway, type Gateway } from "../../operator/gateway/server.ts";
import { gatewaySettings } from "../../operator/gateway/settings.ts";

export const HOST = "mcp.localhost";

/** A double of the cluster: objects that change when a test says so. */
export class FakeCluster {
    readonly servers = new Map<string, ServerObject>();
    readonly slices = new Map<string, SliceObject>();
    synced = true;
    readonly routes: RouteTable;

    constructor() {
        const synced = (): boolean => this.synced;
        const cache = <T>(map: Map<string, T>): ObjectCache<T> => ({
            list: () => [...map.values()],
            get: (key) => map.get(key),
            get hasSynced() {
                return synced();
            },
        });
        this.routes = new RouteTable("mcp-servers", cache(this.servers), cache(this.slices));
    }

    server(name: string, object: Partial<ServerObject> = {}): void {
        const metadata = { name, namespace: "mcp-servers" };
        this.servers.set(`mcp-servers/${name}`, {
            apiVersion: "mcpruntime.org/v1alpha1",
            kind: "MCPServer",
            metadata,
            spec: { path: "/mcp" },
            ...object,
        });
    }

    /** Sets the pods of a server: name → port on loopback; each pod has an address of its own. */
    pods(
        server: string,
        pods: readonly { readonly uid: string; readonly address?: string; readonly port: number; readonly ready?: boolean }[],
    ): void {
        for (const key of this.slices.keys()) if (key.startsWith(`${server}-`)) this.slices.delete(key);
        for (const [index, { uid, address = "127.0.0.1", port, ready = true }] of pods.entries()) {
            this.slices.set(`${server}-${index}`, {
                apiVersion: "discovery.k8s.io/v1",
                kind: "EndpointSlice",
                metadata: { name: `${server}-${index}`, namespace: "mcp-servers", labels: { "kubernetes.io/service-name": server } },
                ports: [{ name: "mcp", port }],
                endpoints: [{ addresses: [address], conditions: { ready }, targetRef: { uid } }],
            });
        }
        this.routes.endpointsChanged();
    }
}

export async function gateway(cluster: FakeCluster, env: Record<string, string> = {}): Promise<Gateway> {
    const settings = gatewaySettings({
        SERVERS_NAMESPACE: "mcp-servers",
        ALLOWED_HOSTS: `${HOST},127.0.0.1`,
        GATEWAY_LISTEN: "127.0.0.1",
        GATEWAY_PORT: "0",
        GATEWAY_HEALTH_PORT: "0",
        GATEWAY_LINGER_SECONDS: "0",
        ...env,
    });
    return startGateway(settings, cluster.routes, silentLogger);
}

export interface Answered {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
}

/** A request with full control of its headers, Host included. */
export function ask(port: number, path: string, headers: Record<string, string> = {}, method = "GET", body?: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
        const sent = request({ host: "127.0.0.1", port, path, method, headers: { host: HOST, ...headers }, agent: false }, (response) => {
            let text = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => (text += chunk));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
            response.on("error", reject);
        });
        sent.on("error", reject);
        sent.end(body);
    });
}
