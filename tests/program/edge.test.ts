import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, openSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { builtTools } from "../../embedded/cluster/build.ts";
import { controlPlaneBinaries, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { freePorts } from "../support/ports.ts";
import { apiOf, collectionOf, kubernetesOf, type Api } from "./api.ts";
import { reveal, runProgram, stackConfig, type Properties, type Registered } from "./run.ts";

async function traefikBinary(): Promise<string | undefined> {
    const override = process.env["MCP_PLATFORM_TOOLS"];
    const folder = override ? join(override, "bin") : (await builtTools(["traefik"]))?.traefik;
    const path = folder && join(folder, "traefik");
    return path && existsSync(path) ? path : undefined;
}

const binary = await traefikBinary();
// The API server takes no loopback address as an endpoint.
const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one && !one.internal && one.family === "IPv4")?.address;
const missing = [
    ...(binary ? [] : ["Traefik is not built: run `npm start` once"]),
    ...((await controlPlaneBinaries()) ? [] : ["there is no API server: run `npm start` once"]),
    ...(address ? [] : ["this machine has no address but loopback"]),
];
if (missing.length) console.warn(`skipped: ${missing.join("; ")}`);
const describeEdge = missing.length ? describe.skip : describe;

interface Answer {
    readonly status: number;
    readonly body: string;
    readonly certificate?: string;
}

describeEdge("Traefik with the program's own arguments, rights and Ingress", () => {
    let server: ApiServer;
    let api: Api;
    let gateway: Server;
    let traefik: ChildProcess;
    let folder: string;
    let ports: { readonly web: number; readonly websecure: number; readonly ping: number };
    let authority: string;

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "edge-"));
        const [started, run] = await Promise.all([
            startApiServer(),
            stackConfig("embedded").then((config) => runProgram(config, "certificates")),
        ]);
        server = started;
        api = apiOf(server.kubeconfig());
        authority = String(reveal(run.outputs["caCertificate"]));
        const objects = kubernetesOf(run).filter(({ type }) => !type.endsWith(":MCPServer"));
        for (const object of objects) await created(collectionOf(object), reveal(object.inputs));
        gateway = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
        gateway.listen(0, address);
        await once(gateway, "listening");
        await publish((gateway.address() as AddressInfo).port);
        const [web = 0, websecure = 0, ping = 0] = await freePorts(3);
        ports = { web, websecure, ping };
        traefik = await startTraefik(objects);
        await until(async () => (await get("mcp.localhost", "/")).status === 200);
    }, 120_000);

    afterAll(async () => {
        if (traefik?.exitCode === null) {
            traefik.kill("SIGKILL");
            await once(traefik, "exit");
        }
        gateway?.close();
        api?.close();
        await server?.stop();
        if (folder) await rm(folder, { recursive: true });
    });

    async function created(path: string, body: unknown): Promise<Properties> {
        const answer = await api.request("POST", path, body);
        if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
    }

    /** What the endpoint controller does for a ready pod. */
    async function publish(port: number): Promise<void> {
        await created("/apis/discovery.k8s.io/v1/namespaces/mcp-runtime/endpointslices", {
            metadata: { name: "mcp-gateway-1", labels: { "kubernetes.io/service-name": "mcp-gateway" } },
            addressType: "IPv4",
            ports: [{ name: "http", port, protocol: "TCP" }],
            endpoints: [{ addresses: [address], conditions: { ready: true, serving: true } }],
        });
    }

    /** The arguments of the Deployment; only where it listens and how it finds the API server differ outside a pod. */
    async function startTraefik(objects: readonly Registered[]): Promise<ChildProcess> {
        const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
        const { status } = await created("/api/v1/namespaces/traefik/serviceaccounts/traefik/token", request);
        await writeFile(join(folder, "token"), (status as { token: string }).token, { mode: 0o600 });
        const kubeconfig = parse(server.kubeconfig()) as { clusters: [{ cluster: { "certificate-authority-data": string } }] };
        await writeFile(join(folder, "ca.crt"), Buffer.from(kubeconfig.clusters[0].cluster["certificate-authority-data"], "base64"));
        const deployment = reveal(objects.find(({ name }) => name === "edge-deployment")?.inputs) as {
            spec: { template: { spec: { containers: [{ args: string[] }] } } };
        };
        const args = deployment.spec.template.spec.containers[0].args.map((argument) =>
            argument
                .replace("=:8000/tcp", `=127.0.0.1:${ports.web}/tcp`)
                .replace("=:8443/tcp", `=127.0.0.1:${ports.websecure}/tcp`)
                .replace("=:8082/tcp", `=127.0.0.1:${ports.ping}/tcp`),
        );
        const log = openSync(join(folder, "log"), "a");
        const reach = [`endpoint=${server.server}`, `token=${join(folder, "token")}`, `certauthfilepath=${join(folder, "ca.crt")}`];
        const all = [...args, ...reach.map((option) => `--providers.kubernetesingress.${option}`)];
        return spawn(binary ?? "", all, { cwd: folder, env: { PATH: "" }, stdio: ["ignore", log, log] });
    }

    async function until(done: () => Promise<boolean>): Promise<void> {
        for (let attempt = 0; attempt < 150; attempt++) {
            if (await done().catch(() => false)) return;
            await delay(100);
        }
        throw new Error(`Traefik does not answer:\n${readFileSync(join(folder, "log"), "utf8").slice(-4000)}`);
    }

    async function get(host: string, path: string, secure = false): Promise<Answer> {
        const common = { host: "127.0.0.1", path, headers: { host }, agent: false };
        const request = secure
            ? httpsRequest({ ...common, port: ports.websecure, servername: host, ca: authority })
            : httpRequest({ ...common, port: ports.web });
        request.end();
        const [response] = (await once(request, "response")) as [IncomingMessage];
        let body = "";
        for await (const part of response.setEncoding("utf8")) body += String(part);
        return { status: response.statusCode ?? 0, body };
    }

    test("routes the platform's host and every other name of the machine to the gateway, which sees the name", async () => {
        expect(await get("mcp.localhost", "/everything/mcp")).toEqual({ status: 200, body: "mcp.localhost /everything/mcp" });
        expect(await get("127.0.0.1:8080", "/everything/mcp")).toEqual({ status: 200, body: "127.0.0.1:8080 /everything/mcp" });
    });

    test("serves the host over TLS with the certificate of the stack's authority", async () => {
        expect(await get("mcp.localhost", "/x", true)).toEqual({ status: 200, body: "mcp.localhost /x" });
        await expect(get("other.localhost", "/x", true)).rejects.toThrow(/certificate|self-signed|altnames/i);
    });

    test("publishes its address on the Ingress, so that an update can wait for it", async () => {
        const path = "/apis/networking.k8s.io/v1/namespaces/mcp-runtime/ingresses/mcp-gateway";
        await until(async () => JSON.stringify((await api.request("GET", path)).body["status"]) !== '{"loadBalancer":{}}');
        expect((await api.request("GET", path)).body["status"]).toEqual({ loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } });
    });

    test("answers probes, shows no dashboard, and is refused nothing", async () => {
        const ping = await fetch(`http://127.0.0.1:${ports.ping}/ping`);
        expect(ping.status).toBe(200);
        for (const path of ["/dashboard/", "/api/rawdata"]) expect((await fetch(`http://127.0.0.1:${ports.ping}${path}`)).status).toBe(404);
        const log = readFileSync(join(folder, "log"), "utf8");
        expect(log.split("\n").filter((line) => /forbidden|"level":"(error|fatal)"/.test(line))).toEqual([]);
    });
});
