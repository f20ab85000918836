import { startController, type RunningController } from "../../operator/controller/main.ts";
import { silentLogger } from "../../operator/common/log.ts";
import type { MCPServer } from "../../operator/api/mcpserver.ts";
import { buildDeployment } from "../../operator/controller/builders/deployment.ts";
import { describeWithApiServer } from "../support/apiserver.ts";
import {
    conditionOf,
    DEPLOYMENTS_PATH,
    manifestOf,
    NAMESPACE,
    SERVERS_PATH,
    SERVICES_PATH,
    serverOf,
    startCluster,
    startEverything,
    startGatewayDouble,
    until,
    type GatewayDouble,
    type RealServer,
    type TestCluster,
} from "./support.ts";

const describeReal = await describeWithApiServer();
const PERIOD = 1;

describeReal("the controller against a real API server", () => {
    let cluster: TestCluster;
    let gateway: GatewayDouble;
    let everything: RealServer;
    let controller: RunningController;
    let abort = new AbortController();

    const start = async (): Promise<void> => {
        abort = new AbortController();
        const env = {
            ...cluster.operatorEnv,
            GATEWAY_URL: gateway.url,
            PROBE_PERIOD_SECONDS: String(PERIOD),
            IMAGE_PULL_SECRET: "registry-pull",
        };
        controller = await startController(env, abort.signal, { logger: silentLogger });
    };
    const stop = async (): Promise<void> => {
        abort.abort();
        await controller.done;
    };
    const read = (name: string): Promise<MCPServer> => cluster.admin.request({ path: `${SERVERS_PATH}/${name}` });
    const create = (name: string, spec?: Record<string, unknown>): Promise<MCPServer> =>
        cluster.admin.request({ method: "POST", path: SERVERS_PATH, body: manifestOf(name, spec) });
    const patch = (path: string, body: unknown): Promise<unknown> =>
        cluster.admin.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
    const remove = (name: string): Promise<unknown> => cluster.admin.request({ method: "DELETE", path: `${SERVERS_PATH}/${name}` });
    const deployment = (name: string) =>
        until(`Deployment ${name} exists`, () =>
            cluster.admin.request<{ metadata: { generation: number; uid: string; resourceVersion: string }; spec: { replicas: number } }>({
                path: `${DEPLOYMENTS_PATH}/${name}`,
            }),
        );
    /** Plays the part of the Deployment controller and the kubelet. */
    const setAvailable = async (name: string, available: number): Promise<void> => {
        const { metadata, spec } = await deployment(name);
        const status = {
            observedGeneration: metadata.generation,
            replicas: spec.replicas,
            updatedReplicas: spec.replicas,
            availableReplicas: available,
            readyReplicas: available,
        };
        await patch(`${DEPLOYMENTS_PATH}/${name}/status`, { status });
    };
    const ready = (name: string, wanted: string, reason?: string) =>
        until(`${name} is Ready=${wanted} ${reason ?? ""}`, async () => {
            const server = await read(name);
            const condition = conditionOf(server.status, "Ready");
            return condition?.status === wanted && (!reason || condition.reason === reason) ? server : undefined;
        });

    beforeAll(async () => {
        [cluster, gateway, everything] = await Promise.all([startCluster(), startGatewayDouble(), startEverything()]);
        await start();
    });
    afterAll(async () => {
        await stop();
        await Promise.all([cluster.stop(), gateway.stop(), everything.stop()]);
    });

    test("makes a Deployment and a Service, and says Ready only after a handshake through the route", async () => {
        await create("first");
        const made = await deployment("first");
        const service = await until("the Service exists", () =>
            cluster.admin.request<{ spec: { ports: unknown[] }; metadata: { ownerReferences: { name: string; controller: boolean }[] } }>({
                path: `${SERVICES_PATH}/first`,
            }),
        );
        expect(service.spec.ports).toEqual([{ name: "mcp", port: 8080, protocol: "TCP", targetPort: "mcp" }]);
        expect(service.metadata.ownerReferences).toEqual([expect.objectContaining({ name: "first", controller: true })]);
        expect(made.metadata.generation).toBe(1);

        await ready("first", "False", "Progressing");
        await setAvailable("first", 1);
        const unrouted = await ready("first", "False", "ServerUnreachable");
        expect(conditionOf(unrouted.status, "Available")?.status).toBe("True");
        expect(conditionOf(unrouted.status, "Ready")?.message).toBe("the gateway has no ready pod of the server to lead to (503)");
        expect(unrouted.status?.url).toBeUndefined();

        gateway.routes.set("first", everything.port);
        const { status } = await ready("first", "True", "Ready");
        expect(status?.url).toBe("http://mcp.localhost:8080/first/mcp");
        expect(status?.tools).toBeGreaterThan(5);
        expect(status?.serverInfo?.name).toContain("everything");
        expect(status?.observedGeneration).toBe(1);
        expect(gateway.requests).toContain("POST /first/mcp mcp.localhost");
        // Probes go on within that session, which costs the server no new one.
        await until("another probe", () => gateway.requests.filter((line) => line === "POST /first/mcp mcp.localhost").length > 5);
        expect(gateway.requests).not.toContain("DELETE /first/mcp mcp.localhost");
    });

    test("is Ready about at once when the server is, and needs three writes for it", async () => {
        gateway.routes.set("quick", everything.port);
        const before = cluster.api.requests()["patch"] ?? 0;
        const begun = Date.now();
        await create("quick");
        await setAvailable("quick", 1);
        await ready("quick", "True");
        const took = Date.now() - begun;
        expect(took).toBeLessThan(4000);
        // One of the patches counted is this test's own, of the Deployment's status; past two seconds the operator says what it waits for.
        const writes = (cluster.api.requests()["patch"] ?? 0) - before - 1;
        expect(writes).toBeLessThanOrEqual(took < 2000 ? 3 : 4);
        await remove("quick");
    });

    test("writes nothing while nothing changes, also after a restart of the operator", async () => {
        await ready("first", "True");
        const { metadata } = await read("first");
        const before = cluster.api.requests();
        await new Promise((done) => setTimeout(done, 3000));
        await stop();
        await start();
        await until("the operator has synced", async () => (await fetch(`http://127.0.0.1:${controller.healthPort}/readyz`)).ok);
        await new Promise((done) => setTimeout(done, 2500));
        const after = cluster.api.requests();
        for (const verb of ["patch", "create", "update", "delete"]) expect([verb, after[verb]]).toEqual([verb, before[verb]]);
        expect((await read("first")).metadata.resourceVersion).toBe(metadata.resourceVersion);
    });

    test("stops saying Ready within one probe period when the server hangs, and says it again when it goes on", async () => {
        await ready("first", "True");
        everything.process.kill("SIGSTOP");
        const begun = Date.now();
        const { status } = await ready("first", "False");
        // A period and a little, and what a busy machine adds.
        expect(Date.now() - begun).toBeLessThan(PERIOD * 1000 + 2000);
        expect(conditionOf(status, "Verified")).toMatchObject({ status: "False", reason: "HandshakeTimeout" });
        expect(status?.tools).toBeGreaterThan(5);
        everything.process.kill("SIGCONT");
        await ready("first", "True");
    });

    test("undoes what others do to its objects", async () => {
        await patch(`${DEPLOYMENTS_PATH}/first`, { spec: { replicas: 5, template: { spec: { automountServiceAccountToken: true } } } });
        await until("the Deployment is as it was", async () => {
            const { spec } = await cluster.admin.request<{
                spec: { replicas: number; template: { spec: { automountServiceAccountToken: boolean } } };
            }>({ path: `${DEPLOYMENTS_PATH}/first` });
            return spec.replicas === 1 && !spec.template.spec.automountServiceAccountToken;
        });
        await cluster.admin.request({ method: "DELETE", path: `${SERVICES_PATH}/first` });
        await until("the Service is back", () => cluster.admin.request({ path: `${SERVICES_PATH}/first` }));
        await setAvailable("first", 1);
        expect(conditionOf((await ready("first", "True", "Ready")).status, "Available")?.message).toBe("1 of 1 pod is available");
    });

    test("keeps Ready during a change of the spec but does not claim the new generation before it runs", async () => {
        await patch(`${SERVERS_PATH}/first`, { spec: { args: ["--verbose"] } });
        const during = await until("the roll-out is reported", async () => {
            const server = await read("first");
            return conditionOf(server.status, "Available")?.reason === "RollingOut" ? server : undefined;
        });
        expect(conditionOf(during.status, "Ready")).toMatchObject({ status: "True", reason: "RollingOut", observedGeneration: 1 });
        expect([during.metadata.generation, during.status?.observedGeneration]).toEqual([2, 1]);
        await setAvailable("first", 1);
        const after = await until("the new generation is reported", async () => {
            const server = await read("first");
            return server.status?.observedGeneration === 2 ? server : undefined;
        });
        expect(conditionOf(after.status, "Ready")).toMatchObject({ status: "True", observedGeneration: 2 });
    });

    test("names the cause when an image cannot be pulled, and records an event", async () => {
        await create("bad-image", { image: "registry.local/nowhere:1", transport: "stdio", command: ["x"] });
        await deployment("bad-image");
        const labels = { "app.kubernetes.io/managed-by": "mcp-operator", "mcpruntime.org/server": "bad-image" };
        const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
        const body = {
            metadata: { name: "bad-image-1", labels },
            spec: { containers: [{ name: "server", image: "registry.local/nowhere:1" }] },
        };
        await cluster.admin.request({ method: "POST", path: pods, body });
        const waiting = {
            reason: "ImagePullBackOff",
            message: 'Back-off pulling image "registry.local/nowhere:1": ErrImagePull: not found',
        };
        const containerStatuses = [
            { name: "server", image: "registry.local/nowhere:1", imageID: "", ready: false, restartCount: 0, state: { waiting } },
        ];
        await patch(`${pods}/bad-image-1/status`, { status: { phase: "Pending", containerStatuses } });
        const { status } = await ready("bad-image", "False", "ImagePullFailed");
        expect(conditionOf(status, "Ready")?.message).toBe("image registry.local/nowhere:1 cannot be pulled: not found");
        const events = await until("the event is recorded", async () => {
            const { items } = await cluster.admin.request<{ items: { reason: string; type: string }[] }>({
                path: `/api/v1/namespaces/${NAMESPACE}/events`,
            });
            return items.find(({ reason }) => reason === "ImagePullFailed");
        });
        expect(events.type).toBe("Warning");
        await remove("bad-image");
    });

    test("leaves a Deployment of someone else alone and says whose name it is", async () => {
        const labels = { app: "other" };
        const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
        await cluster.admin.request({
            method: "POST",
            path: DEPLOYMENTS_PATH,
            body: { metadata: { name: "taken" }, spec: { replicas: 0, selector: { matchLabels: labels }, template } },
        });
        const before = await deployment("taken");
        await create("taken");
        const { status } = await ready("taken", "False", "NameTaken");
        expect(conditionOf(status, "Accepted")?.status).toBe("False");
        expect((await deployment("taken")).metadata).toEqual(before.metadata);
        await remove("taken");
        await cluster.admin.request({ method: "DELETE", path: `${DEPLOYMENTS_PATH}/taken` });
    });

    test("says why the API server refuses what follows from the spec", async () => {
        await create("greedy", {
            image: "a:1",
            transport: "streamable-http",
            resources: { requests: { memory: "2Gi" }, limits: { memory: "1Gi" } },
        });
        const { status } = await ready("greedy", "False", "Refused");
        expect(conditionOf(status, "Accepted")?.message).toContain("must be less than or equal to memory limit");
        await remove("greedy");
    });

    test("removes what a deleted server left behind, and only that", async () => {
        // Without a controller manager nothing is garbage collected.
        await create("leaving");
        await deployment("leaving");
        await remove("leaving");
        const left = await until("the orphans are gone", async () => {
            const { items } = await cluster.admin.request<{ items: { metadata: { name: string } }[] }>({ path: DEPLOYMENTS_PATH });
            const services = await cluster.admin.request<{ items: { metadata: { name: string } }[] }>({ path: SERVICES_PATH });
            const names = [...items, ...services.items].map(({ metadata }) => metadata.name);
            return names.includes("leaving") ? undefined : names;
        });
        expect(left).toContain("first");
    });

    test("takes over a new server of the same name once the old one's objects are gone", async () => {
        await remove("first");
        await create("first");
        await until("the objects belong to the new server", async () => {
            const { uid } = (await read("first")).metadata;
            const { metadata } = await cluster.admin.request<{ metadata: { ownerReferences: { uid: string }[] } }>({
                path: `${DEPLOYMENTS_PATH}/first`,
            });
            return metadata.ownerReferences[0]?.uid === uid;
        });
        await setAvailable("first", 1);
        expect((await ready("first", "True")).status?.observedGeneration).toBe(1);
    }, 30_000);

    test("goes on after the API server was killed", async () => {
        await cluster.api.restart();
        gateway.routes.set("later", everything.port);
        await create("later");
        await setAvailable("later", 1);
        expect((await ready("later", "True")).status?.url).toBe("http://mcp.localhost:8080/later/mcp");
    });

    test.each([
        ["an image that speaks stdio", { image: "a:1", transport: "stdio", command: ["a"] }],
        ["an image that speaks HTTP", { image: "a:1", transport: "streamable-http", replicas: 2 }],
        ["a package", { package: { name: "a", version: "1.0.0" }, transport: "stdio" }],
    ])("the pods of %s are admitted where Pod Security is restricted", async (_, spec) => {
        const name = "restricted";
        await patch(`/api/v1/namespaces/${NAMESPACE}`, { metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } } });
        const template = buildDeployment(serverOf(spec), { operatorImage: "o:1", imagePullSecret: "s" }).spec.template;
        const pod = { apiVersion: "v1", kind: "Pod", ...template, metadata: { ...template.metadata, name } };
        const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
        const query = { dryRun: "All", fieldValidation: "Strict" };
        const made = await cluster.admin.request<{ metadata: { name: string } }>({ method: "POST", path, query, body: pod });
        expect(made.metadata.name).toBe(name);
        const open = { ...pod, spec: { ...pod.spec, securityContext: {} } };
        await expect(
            cluster.admin.request({ method: "POST", path, query, body: { ...open, spec: { ...open.spec, hostNetwork: true } } }),
        ).rejects.toThrow(/violates PodSecurity/);
    });

    test("publishes metrics", async () => {
        const text = await (await fetch(`http://127.0.0.1:${controller.metricsPort}/metrics`)).text();
        expect(text).toMatch(/^mcp_operator_reconciles_total [1-9]/m);
        expect(text).toMatch(/^mcp_operator_missed_events_total 0$/m);
        expect(text).toMatch(/^mcp_operator_probe_failures_total [0-9]+$/m);
    });
});
