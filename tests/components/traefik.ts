/** A real Traefik in front of a real API server, outside of a cluster: what a Deployment's pod would do, on free ports of loopback. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { builtTools } from "../../embedded/cluster/build.ts";
import { collectionOf, type Api } from "../program/api.ts";
import { reveal, type Properties, type Registered } from "../program/run.ts";
import { controlPlaneBinaries, type ApiServer } from "../support/apiserver.ts";
import { freePorts } from "../support/ports.ts";

async function traefikBinary(): Promise<string | undefined> {
    const override = process.env["MCP_PLATFORM_TOOLS"];
    const folder = override ? join(override, "bin") : (await builtTools(["traefik"]))?.traefik;
    const path = folder && join(folder, "traefik");
    return path && existsSync(path) ? path : undefined;
}

const binary = await traefikBinary();

/** An address of this machine for endpoints: the API server takes no loopback address as one. */
export const endpointAddress = Object.values(networkInterfaces())
    .flat()
    .find((one) => one && !one.internal && one.family === "IPv4")?.address;

/** `describe`, or a skipped block with the reasons printed. */
export async function describeWithTraefik(): Promise<typeof describe> {
    const missing = [
        ...(binary ? [] : ["Traefik is not built: run `npm start` once"]),
        ...((await controlPlaneBinaries()) ? [] : ["there is no API server: run `npm start` once"]),
        ...(endpointAddress ? [] : ["this machine has no address but loopback"]),
    ];
    if (missing.length) console.warn(`skipped: ${missing.join("; ")}`);
    return missing.length ? (describe.skip as typeof describe) : describe;
}

export interface Answer {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
}

export interface Sent {
    /** Over TLS, trusting this authority. PEM. */
    readonly authority?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Address to send from, of 127.0.0.0/8. */
    readonly from?: string;
    /** Default GET. */
    readonly method?: string;
    readonly body?: Buffer;
}

export interface Traefik {
    readonly ping: string;
    get(host: string, path: string, sent?: Sent): Promise<Answer>;
    /** Waits until something holds; what throws does not hold yet. */
    until(done: () => Promise<boolean>): Promise<void>;
    /** Lines of its log, JSON each. */
    log(): string[];
    stop(): Promise<void>;
}

/** Creates objects; those of a kind that was only just defined as soon as the API server serves it. */
export async function createAll(api: Api, objects: readonly Registered[]): Promise<void> {
    for (const object of objects) await created(api, collectionOf(object), reveal(object.inputs));
}

export async function created(api: Api, path: string, body: unknown): Promise<Properties> {
    for (let attempt = 0; ; attempt++) {
        const answer = await api.request("POST", path, body);
        if (answer.status === 201) return answer.body;
        if (answer.status !== 404 || attempt === 50) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        await delay(100);
    }
}

/** What the kubelet mounts into the pods of a ServiceAccount. */
export async function tokenOf(api: Api, namespace: string, account: string): Promise<string> {
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
    const { status } = await created(api, `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, request);
    return (status as { token: string }).token;
}

/** What the endpoint controller does for a ready pod. */
export async function publish(
    api: Api,
    namespace: string,
    service: string,
    port: { readonly name: string; readonly port: number },
): Promise<void> {
    await created(api, `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
        metadata: { name: `${service}-1`, labels: { "kubernetes.io/service-name": service } },
        addressType: "IPv4",
        ports: [{ ...port, protocol: "TCP" }],
        endpoints: [{ addresses: [endpointAddress], conditions: { ready: true, serving: true } }],
    });
}

/**
 * The arguments of the Deployment among `objects`; only where it listens and how it finds the API server differ outside a pod.
 * @param http where it listens for plain HTTP, address and port; default: a free port of 127.0.0.1
 */
export async function startTraefik(server: ApiServer, api: Api, objects: readonly Registered[], http?: string): Promise<Traefik> {
    const folder = await mkdtemp(join(tmpdir(), "edge-"));
    const [web = 0, websecure = 0, ping = 0] = await freePorts(3);
    await writeFile(join(folder, "token"), await tokenOf(api, "traefik", "traefik"), { mode: 0o600 });
    const kubeconfig = parse(server.kubeconfig()) as { clusters: [{ cluster: { "certificate-authority-data": string } }] };
    await writeFile(join(folder, "ca.crt"), Buffer.from(kubeconfig.clusters[0].cluster["certificate-authority-data"], "base64"));
    const deployment = reveal(objects.find(({ name }) => name === "edge-deployment")?.inputs) as {
        spec: { template: { spec: { containers: [{ args: string[] }] } } };
    };
    const args = deployment.spec.template.spec.containers[0].args.map((argument) =>
        argument
            .replace("=:8000/tcp", `=${http ?? `127.0.0.1:${web}`}/tcp`)
            .replace("=:8443/tcp", `=127.0.0.1:${websecure}/tcp`)
            .replace("=:8082/tcp", `=127.0.0.1:${ping}/tcp`),
    );
    const providers = args.flatMap((argument) => /^(--providers\.\w+)=true$/.exec(argument)?.[1] ?? []);
    const reach = [`endpoint=${server.server}`, `token=${join(folder, "token")}`, `certauthfilepath=${join(folder, "ca.crt")}`];
    const outside = providers.flatMap((provider) => reach.map((option) => `${provider}.${option}`));
    const log = join(folder, "log");
    const file = openSync(log, "a");
    const child = spawn(binary ?? "", [...args, ...outside], { cwd: folder, env: { PATH: "" }, stdio: ["ignore", file, file] });
    const lines = () => readFileSync(log, "utf8").split("\n");
    return {
        ping: `http://127.0.0.1:${ping}`,
        async get(host, path, { authority, headers = {}, from = "127.0.0.1", method = "GET", body: sent } = {}) {
            const common = { host: "127.0.0.1", localAddress: from, method, path, headers: { host, ...headers }, agent: false };
            const outgoing = authority
                ? httpsRequest({ ...common, port: websecure, servername: host, ca: authority })
                : httpRequest({ ...common, port: web });
            outgoing.end(sent);
            const [response] = (await once(outgoing, "response")) as [IncomingMessage];
            let body = "";
            for await (const part of response.setEncoding("utf8")) body += String(part);
            return { status: response.statusCode ?? 0, headers: response.headers, body };
        },
        async until(done) {
            for (let attempt = 0; attempt < 150; attempt++) {
                if (await done().catch(() => false)) return;
                await delay(100);
            }
            throw new Error(`Traefik does not answer:\n${lines().slice(-20).join("\n")}`);
        },
        log: lines,
        async stop() {
            if (child.exitCode === null) {
                child.kill("SIGKILL");
                await once(child, "exit");
            }
            await rm(folder, { recursive: true });
        },
    };
}
