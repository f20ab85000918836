import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { networkInterfaces } from "node:os";
import { join, resolve } from "node:path";
import type { MCPServer } from "../../operator/api/mcpserver.ts";
import { describeWithApiServer } from "../support/apiserver.ts";
import {
    conditionOf,
    DEPLOYMENTS_PATH,
    freePort,
    manifestOf,
    NAMESPACE,
    SERVERS_PATH,
    startCluster,
    until,
    type TestCluster,
} from "./support.ts";

/** EndpointSlices may not name a loopback address, so the bridge stands on one of the machine's others. */
const address = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
if (!address) console.warn("skipped: this machine has no IPv4 address but loopback, and a pod's address cannot be one");
const describeReal = address ? await describeWithApiServer() : describe.skip;

const main = resolve(import.meta.dirname, "../../operator/main.ts");
const everything = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");

const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
};

describeReal("controller, gateway and bridge together, with a real server over stdio", () => {
    let cluster: TestCluster;
    const processes: ChildProcess[] = [];
    let bridge: ChildProcess;

    const start = (args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess => {
        const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], ...env }, stdio: "ignore" });
        processes.push(child);
        return child;
    };
    const ports = { bridge: 0, health: 0 };
    const startBridge = (): ChildProcess => {
        const env = {
            BRIDGE_PORT: String(ports.bridge),
            BRIDGE_HEALTH_PORT: String(ports.health),
            BRIDGE_HOST: address,
            BRIDGE_LINGER_SECONDS: "0",
        };
        return start(["bridge", "--", process.execPath, everything, "stdio"], env);
    };
    const status = async () => (await cluster.admin.request<MCPServer>({ path: `${SERVERS_PATH}/everything` })).status;
    const ready = (wanted: string, reason?: string) =>
        until(`everything is Ready=${wanted} ${reason ?? ""}`, async () => {
            const found = await status();
            const condition = conditionOf(found, "Ready");
            return condition?.status === wanted && (!reason || condition.reason === reason) ? found : undefined;
        });
    const post = (path: string, body: unknown): Promise<unknown> => cluster.admin.request({ method: "POST", path, body });

    beforeAll(async () => {
        cluster = await startCluster();
        const [gateway, gatewayHealth, bridgePort, bridgeHealth] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
        Object.assign(ports, { bridge: bridgePort, health: bridgeHealth });
        const gatewayEnv = { GATEWAY_LISTEN: "127.0.0.1", GATEWAY_PORT: String(gateway), GATEWAY_HEALTH_PORT: String(gatewayHealth) };
        start(["gateway"], {
            KUBECONFIG: join(cluster.api.folder, "admin.kubeconfig"),
            SERVERS_NAMESPACE: NAMESPACE,
            ALLOWED_HOSTS: "mcp.localhost",
            ...gatewayEnv,
        });
        start(["controller"], { ...cluster.operatorEnv, GATEWAY_URL: `http://127.0.0.1:${gateway}`, PROBE_PERIOD_SECONDS: "1" });
        bridge = startBridge();
    });
    afterAll(async () => {
        await Promise.all(processes.map((child) => end(child, "SIGTERM")));
        await cluster.stop();
    });

    test("a server becomes Ready through the real route, and says so within the second", async () => {
        await post(SERVERS_PATH, manifestOf("everything"));
        const { metadata } = await until("the Deployment exists", () =>
            cluster.admin.request<{ metadata: { generation: number } }>({ path: `${DEPLOYMENTS_PATH}/everything` }),
        );
        await until("the bridge is ready", async () => (await fetch(`http://${address}:${ports.health}/readyz`)).ok);
        const begun = Date.now();
        await post(`/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`, {
            metadata: { name: "everything-1", labels: { "kubernetes.io/service-name": "everything" } },
            addressType: "IPv4",
            endpoints: [{ addresses: [address], conditions: { ready: true } }],
            ports: [{ name: "mcp", port: ports.bridge }],
        });
        const up = { observedGeneration: metadata.generation, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
        const contentType = "application/merge-patch+json";
        await cluster.admin.request({ method: "PATCH", path: `${DEPLOYMENTS_PATH}/everything/status`, body: { status: up }, contentType });
        const found = await ready("True", "Ready");
        expect(Date.now() - begun).toBeLessThan(2000);
        expect(found?.tools).toBeGreaterThan(5);
        expect(found?.serverInfo?.name).toContain("everything");
    });

    test("the probes leave no sessions and no processes behind", async () => {
        await new Promise((done) => setTimeout(done, 3000));
        const text = await (await fetch(`http://${address}:${ports.health}/metrics`)).text();
        const sessions = /^\S*sessions\S* ([0-9]+)$/m.exec(text)?.[1];
        expect(Number(sessions)).toBeLessThanOrEqual(1);
    });

    test("a killed server is no longer Ready, with a text that does not quote itself, and comes back", async () => {
        await end(bridge, "SIGKILL");
        await ready("False");
        await new Promise((done) => setTimeout(done, 3000));
        const message = conditionOf(await status(), "Verified")?.message ?? "";
        expect(message.length).toBeLessThan(200);
        bridge = startBridge();
        expect((await ready("True", "Ready"))?.url).toBe("http://mcp.localhost:8080/everything/mcp");
    });
});
