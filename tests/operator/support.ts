/** What the operator's tests share: builders of servers, a real API server with the CRD and the operator's Role, a double of the gateway. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mcpServerDefinition } from "../../operator/api/crd.ts";
import { mcpServerSchema, type MCPServer, type MCPServerStatus } from "../../operator/api/mcpserver.ts";
import { clusterAccess } from "../../operator/kubernetes/access.ts";
import { ApiClient } from "../../operator/kubernetes/client.ts";
import { startApiServer, type ApiServer, type ApiServerOptions } from "../support/apiserver.ts";

export const NAMESPACE = "mcp-servers";

type Spec = Record<string, unknown>;

/** A spec the API accepts. */
export const stdioSpec: Spec = { image: "registry.local/everything:1", transport: "stdio", command: ["node", "server.js"] };

/** An MCPServer as the cache holds it. */
export function serverOf(spec: Spec = stdioSpec, metadata: Record<string, unknown> = {}): MCPServer {
    return mcpServerSchema.parse({
        apiVersion: "mcpruntime.org/v1alpha1",
        kind: "MCPServer",
        metadata: { name: "everything", namespace: NAMESPACE, uid: "uid-1", generation: 1, resourceVersion: "1", ...metadata },
        spec,
    });
}

/** The body of a request that creates an MCPServer. */
export function manifestOf(name: string, spec: Spec = stdioSpec): Record<string, unknown> {
    return { apiVersion: "mcpruntime.org/v1alpha1", kind: "MCPServer", metadata: { name, namespace: NAMESPACE }, spec };
}

export interface TestCluster {
    readonly api: ApiServer;
    readonly admin: ApiClient;
    /** Environment of a process that is the operator, with its own rights and no more. */
    readonly operatorEnv: NodeJS.ProcessEnv;
    stop(): Promise<void>;
}

const CLUSTER_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const SERVERS_PATH = `/apis/mcpruntime.org/v1alpha1/namespaces/${NAMESPACE}/mcpservers`;
export const DEPLOYMENTS_PATH = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
export const SERVICES_PATH = `/api/v1/namespaces/${NAMESPACE}/services`;

/** A real API server with the CRD, the namespace and a user `mcp-operator` bound to the Role of `operator/rbac.json`. */
export async function startCluster(options: ApiServerOptions = {}): Promise<TestCluster> {
    const api = await startApiServer(options);
    const kubeconfig = (name: string, text: string): string => {
        const path = join(api.folder, name);
        writeFileSync(path, text, { mode: 0o600 });
        return path;
    };
    const admin = new ApiClient(clusterAccess({ KUBECONFIG: kubeconfig("admin.kubeconfig", api.kubeconfig()) }), "test");
    await admin.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name: NAMESPACE } } });
    await admin.request({ method: "POST", path: CLUSTER_CRDS, body: mcpServerDefinition() });
    const { rules } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../operator/rbac.json"), "utf8")) as { rules: unknown };
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
    await admin.request({ method: "POST", path: `${rbac}/roles`, body: { metadata: { name: "mcp-operator" }, rules } });
    await admin.request({
        method: "POST",
        path: `${rbac}/rolebindings`,
        body: {
            metadata: { name: "mcp-operator" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "mcp-operator" },
            subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "mcp-operator" }],
        },
    });
    await until("the CRD is served", async () => {
        await admin.request({ path: SERVERS_PATH });
        return true;
    });
    const identity = await api.identity("CN=mcp-operator");
    const operatorEnv = {
        KUBECONFIG: kubeconfig("operator.kubeconfig", api.kubeconfig(identity)),
        SERVERS_NAMESPACE: NAMESPACE,
        OPERATOR_IMAGE: "localhost/mcp-platform/operator:test",
        GATEWAY_HOST: "mcp.localhost",
        PUBLIC_URL: "http://mcp.localhost:8080",
        HEALTH_PORT: "0",
        METRICS_PORT: "0",
    };
    const stop = async (): Promise<void> => {
        admin.close();
        await api.stop();
    };
    return { api, admin, operatorEnv, stop };
}

/** Waits until `check` returns something true; its errors count as "not yet". */
export async function until<T>(what: string, check: () => T | Promise<T>, ms = 15_000): Promise<NonNullable<T>> {
    let last: unknown;
    for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
        try {
            const value = await check();
            if (value) return value as NonNullable<T>;
            last = value;
        } catch (error) {
            last = error;
        }
    }
    throw new Error(`timed out waiting until ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}

export function conditionOf(status: MCPServerStatus | undefined, type: string) {
    return status?.conditions?.find((condition) => condition.type === type);
}

export async function freePort(): Promise<number> {
    const listener = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => listener.once("listening", done));
    const { port } = listener.address() as AddressInfo;
    await new Promise((done) => listener.close(done));
    return port;
}

export interface RealServer {
    readonly port: number;
    readonly process: ChildProcess;
    stop(): Promise<void>;
}

/** The reference server "everything" over streamable HTTP: a real third-party server of the legacy era. */
export async function startEverything(): Promise<RealServer> {
    const port = await freePort();
    const entry = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");
    const child = spawn(process.execPath, [entry, "streamableHttp"], {
        env: { ...process.env, PORT: String(port), NODE_OPTIONS: "" },
        stdio: "ignore",
    });
    await until(
        "server-everything listens",
        async () => (await fetch(`http://127.0.0.1:${port}/mcp`, { signal: AbortSignal.timeout(1000) })).status > 0,
    );
    const stop = async (): Promise<void> => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((done) => child.once("exit", done));
        child.kill("SIGKILL");
        await gone;
    };
    return { port, process: child, stop };
}

export interface GatewayDouble {
    readonly url: string;
    /** Ports of the servers by name; without one the route answers 503, as the gateway does for a server without ready pods. */
    readonly routes: Map<string, number>;
    /** `METHOD path host` of every request. */
    readonly requests: string[];
    stop(): Promise<void>;
}

/** A double of the gateway: passes `/<name>/mcp` on to `/mcp` of a port. */
export async function startGatewayDouble(): Promise<GatewayDouble> {
    const routes = new Map<string, number>();
    const requests: string[] = [];
    const server = http.createServer((request, response) => {
        requests.push(`${request.method} ${request.url} ${request.headers.host}`);
        const [, name = "", rest] = (request.url ?? "").split("/");
        const port = routes.get(name);
        if (port === undefined || rest !== "mcp") {
            response.writeHead(503, { "content-type": "application/json" });
            response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32000, message: `server ${name} has no ready pod` } }));
            return;
        }
        const onward = http.request(
            { port, host: "127.0.0.1", path: "/mcp", method: request.method, headers: request.headers, agent: false },
            (answer) => {
                response.writeHead(answer.statusCode ?? 502, answer.headers);
                answer.pipe(response);
            },
        );
        onward.on("error", () => response.headersSent || response.writeHead(502).end("bad gateway"));
        response.on("close", () => onward.destroy());
        request.pipe(onward);
    });
    server.listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const stop = async (): Promise<void> => {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, routes, requests, stop };
}
