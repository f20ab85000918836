/**
 * A real API server for tests: etcd and kube-apiserver (and the controller manager when asked) as ordinary processes on
 * free ports of 127.0.0.1, with their files in one temporary folder. `stop` ends them and removes everything.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, openSync, closeSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import { get } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { authority, type Identity } from "./pki.ts";

export interface ApiServer {
    /** `https://127.0.0.1:PORT` */
    readonly server: string;
    /** Contents of a kubeconfig for the administrator, or for another user when an identity is given. */
    kubeconfig(identity?: Identity): string;
    /** A client certificate; `CN` is the user, every `O` a group. */
    identity(subject: string): Promise<Identity>;
    readonly folder: string;
    /** Requests so far by verb, from the audit log: `{ get: 3, patch: 1 }`. Watches and the control plane's own requests are left out. */
    requests(): Readonly<Record<string, number>>;
    /** Kills the API server at once and starts it again on the same port. */
    restart(): Promise<void>;
    stop(): Promise<void>;
}

export interface ApiServerOptions {
    /** Also run the controller manager: garbage collection, namespaces, service accounts, workloads' pods. */
    readonly controllers?: boolean;
}

const NEEDED = ["etcd", "kube-apiserver", "kube-controller-manager"] as const;
type Binary = (typeof NEEDED)[number];

/** Paths of the binaries, from `$MCP_PLATFORM_TOOLS/bin` or from what the embedded cluster has built; undefined when there are none. */
export async function controlPlaneBinaries(): Promise<Readonly<Record<Binary, string>> | undefined> {
    const folders: string[] = [];
    const override = process.env["MCP_PLATFORM_TOOLS"];
    if (override) folders.push(join(override, "bin"));
    const builder = resolve(import.meta.dirname, "../../embedded/cluster/build.ts");
    if (existsSync(builder)) {
        const { builtTools } = (await import(pathToFileURL(builder).href)) as {
            builtTools(
                names: readonly string[],
            ): Promise<Readonly<Record<string, string>> | undefined> | Readonly<Record<string, string>> | undefined;
        };
        folders.push(...Object.values((await builtTools(["etcd", "kubernetes"])) ?? {}));
    }
    const found: Partial<Record<Binary, string>> = {};
    for (const name of NEEDED) {
        const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
        if (path) found[name] = path;
    }
    return NEEDED.every((name) => found[name]) ? (found as Record<Binary, string>) : undefined;
}

/** `describe` when the binaries are there, otherwise a skipped block with the reason printed. */
export async function describeWithApiServer(): Promise<typeof describe> {
    if (await controlPlaneBinaries()) return describe;
    console.warn(
        "skipped: no API server to test against. Run `npm start` once to build it, or set MCP_PLATFORM_TOOLS to a folder with bin/kube-apiserver.",
    );
    return describe.skip as typeof describe;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
    const found = await controlPlaneBinaries();
    if (!found) throw new Error("the API server is not built");
    const binaries = found;
    const folder = await mkdtemp(join(tmpdir(), "apiserver-"));
    const file = (name: string): string => join(folder, name);
    const [etcdPort, peerPort, port, managerPort] = await freePorts(4);
    const server = `https://127.0.0.1:${port}`;
    const ca = await authority("test");
    const serving = await ca.issue("CN=kube-apiserver", ["127.0.0.1", "localhost", "kubernetes.default.svc"]);
    const admin = await ca.issue("CN=admin, O=system:masters");
    const account = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const manager = await ca.issue("CN=system:kube-controller-manager");
    await mkdir(file("etcd"), { mode: 0o700 });
    const write = (name: string, text: string): Promise<void> => writeFile(file(name), text, { mode: 0o600 });
    await Promise.all([
        write("ca.crt", ca.cert),
        write("serving.crt", serving.cert),
        write("serving.key", serving.key),
        write("sa.key", account.privateKey.export({ type: "pkcs8", format: "pem" }) as string),
        write("sa.pub", account.publicKey.export({ type: "spki", format: "pem" }) as string),
        write("manager.kubeconfig", kubeconfigOf(server, ca.cert, manager)),
        write("audit.yaml", AUDIT_POLICY),
    ]);

    const children = new Map<string, ChildProcess>();
    const start = (name: Binary, args: readonly string[]): ChildProcess => {
        const log = openSync(file(`${name}.log`), "a", 0o600);
        const child = spawn(binaries[name], args, { cwd: folder, stdio: ["ignore", log, log] });
        closeSync(log);
        children.set(name, child);
        return child;
    };
    const startServer = (): ChildProcess =>
        start("kube-apiserver", [
            `--etcd-servers=http://127.0.0.1:${etcdPort}`,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            `--secure-port=${port}`,
            "--endpoint-reconciler-type=none",
            `--tls-cert-file=${file("serving.crt")}`,
            `--tls-private-key-file=${file("serving.key")}`,
            `--client-ca-file=${file("ca.crt")}`,
            "--service-account-issuer=https://kubernetes.default.svc",
            `--service-account-key-file=${file("sa.pub")}`,
            `--service-account-signing-key-file=${file("sa.key")}`,
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            `--audit-policy-file=${file("audit.yaml")}`,
            `--audit-log-path=${file("audit.log")}`,
            "--profiling=false",
            ...(options.controllers ? [] : ["--disable-admission-plugins=ServiceAccount"]),
        ]);
    const stop = async (): Promise<void> => {
        await Promise.all([...children.values()].map((child) => kill(child)));
        await rm(folder, { recursive: true, force: true });
    };
    try {
        start("etcd", [
            "--name=test",
            `--data-dir=${file("etcd")}`,
            "--unsafe-no-fsync",
            `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
            `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
            `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
            `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
            `--initial-cluster=test=http://127.0.0.1:${peerPort}`,
            "--log-level=error",
        ]);
        await ready(server, ca.cert, admin, startServer(), file("kube-apiserver.log"));
        if (options.controllers) {
            start("kube-controller-manager", [
                `--kubeconfig=${file("manager.kubeconfig")}`,
                `--authentication-kubeconfig=${file("manager.kubeconfig")}`,
                `--authorization-kubeconfig=${file("manager.kubeconfig")}`,
                "--bind-address=127.0.0.1",
                `--secure-port=${managerPort}`,
                `--root-ca-file=${file("ca.crt")}`,
                `--service-account-private-key-file=${file("sa.key")}`,
                "--use-service-account-credentials=true",
                "--leader-elect=false",
                "--kube-api-qps=500",
                "--kube-api-burst=1000",
                "--profiling=false",
            ]);
        }
    } catch (error) {
        await stop();
        throw error;
    }
    return {
        server,
        folder,
        kubeconfig: (identity = admin) => kubeconfigOf(server, ca.cert, identity),
        identity: (subject) => ca.issue(subject),
        requests: () => auditedRequests(file("audit.log")),
        async restart() {
            const old = children.get("kube-apiserver");
            if (old) await kill(old);
            await ready(server, ca.cert, admin, startServer(), file("kube-apiserver.log"));
        },
        stop,
    };
}

const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  userGroups: ["system:serviceaccounts", "system:nodes"]
- level: None
  users: ["system:apiserver", "system:kube-controller-manager", "system:anonymous"]
- level: Metadata
`;

function auditedRequests(path: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const line of existsSync(path) ? readFileSync(path, "utf8").split("\n") : []) {
        if (!line) continue;
        const { verb, requestURI } = JSON.parse(line) as { verb: string; requestURI: string };
        if (verb === "watch" || requestURI.startsWith("/readyz")) continue;
        counts[verb] = (counts[verb] ?? 0) + 1;
    }
    return counts;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function kubeconfigOf(server: string, ca: string, { cert, key }: Identity): string {
    return `apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster: { server: "${server}", certificate-authority-data: ${base64(ca)} }
contexts:
- name: test
  context: { cluster: test, user: test }
users:
- name: test
  user: { client-certificate-data: ${base64(cert)}, client-key-data: ${base64(key)} }
`;
}

async function freePorts(count: number): Promise<number[]> {
    const servers = await Promise.all(
        Array.from({ length: count }, async () => {
            const listener = createServer().listen(0, "127.0.0.1");
            await new Promise((done) => listener.once("listening", done));
            return listener;
        }),
    );
    const ports = servers.map((listener) => (listener.address() as AddressInfo).port);
    await Promise.all(servers.map((listener) => new Promise((done) => listener.close(done))));
    return ports;
}

async function ready(server: string, ca: string, { cert, key }: Identity, child: ChildProcess, log: string): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
        if (child.exitCode !== null) break;
        const status = await new Promise<number>((done) => {
            get(`${server}/readyz`, { ca, cert, key, agent: false, timeout: 2000 }, (response) => {
                response.resume();
                done(response.statusCode ?? 0);
            }).on("error", () => done(0));
        });
        if (status === 200) return;
    }
    throw new Error(`the API server does not become ready:\n${readFileSync(log, "utf8").split("\n").slice(-8).join("\n")}`);
}

async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
}
