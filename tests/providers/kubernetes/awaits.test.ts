/** Waiting on a real control plane. No kubelet runs: the test writes what one would report of the pods. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { PartialError } from "../../../embedded/engine/provider.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import type { Client } from "../../../embedded/providers/kubernetes/client.ts";
import type { Json, JsonObject, Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { eventually, otherClient, rejection, Run, setStatus } from "./support.ts";

const at = (path: string): string => `/api/v1/namespaces/default/${path}`;

(await describeWithApiServer())("waiting", () => {
    let server: ApiServer;
    let other: Client;
    let runs: Run[] = [];

    beforeAll(async () => {
        server = await startApiServer({ controllers: true });
        other = otherClient(server.kubeconfig());
        await eventually(() => other.get(at("serviceaccounts/default")).catch(() => undefined));
    }, 90_000);
    afterEach(async () => {
        await Promise.all(runs.map((run) => run.provider.close()));
        runs = [];
    });
    afterAll(async () => {
        await other?.close();
        await server?.stop();
    });

    const start = async (): Promise<Run> => {
        const run = await Run.on(server.kubeconfig());
        runs.push(run);
        return run;
    };
    const podsOf = async (app: string, count: number): Promise<readonly Manifest[]> =>
        eventually(async () => {
            const { items } = (await other.get(at("pods"), { labelSelector: `app=${app}` })) as unknown as { items: readonly Manifest[] };
            return items.length >= count ? items : undefined;
        });
    const report = (pod: Manifest, status: JsonObject): Promise<Manifest> =>
        setStatus(other, at(`pods/${pod.metadata.name ?? ""}`), status);
    const running = (ip: string): JsonObject => ({
        phase: "Running",
        podIP: ip,
        podIPs: [{ ip }],
        conditions: [
            { type: "Ready", status: "True" },
            { type: "ContainersReady", status: "True" },
        ],
        containerStatuses: [{ name: "app", ready: true, image: "x", imageID: "x", restartCount: 0, state: { running: {} } }],
    });
    const waitingFor = (reason: string, message: string, rest: JsonObject = {}): JsonObject => ({
        phase: "Pending",
        containerStatuses: [
            { name: "app", ready: false, image: "x", imageID: "", restartCount: 0, state: { waiting: { reason, message } }, ...rest },
        ],
    });
    const workload = (app: string, spec: PropertyMap = {}, annotations: PropertyMap = {}): PropertyMap => ({
        metadata: { name: app, annotations },
        spec: {
            replicas: 1,
            selector: { matchLabels: { app } },
            template: {
                metadata: { labels: { app } },
                spec: {
                    containers: [
                        {
                            name: "app",
                            image: "x",
                            env: [{ name: "P", valueFrom: { secretKeyRef: { name: "app-secret", key: "p", optional: true } } }],
                        },
                    ],
                },
            },
            ...spec,
        },
    });
    const DEPLOYMENT = "apps/v1:Deployment";

    it("for a Deployment ends when its pods are available", async () => {
        const run = await start();
        const creating = run.create(DEPLOYMENT, "good", workload("good", { replicas: 2 }));
        for (const [i, pod] of (await podsOf("good", 2)).entries()) await report(pod, running(`10.1.0.${i + 1}`));
        const made = await creating;
        expect((made.outputs["status"] as PropertyMap)["availableReplicas"]).toBe(2);
        expect(run.said.status).toContainEqual(expect.stringMatching(/^waiting: 0 of 2 pods (created|available)$/));

        const { spec } = workload("good", { replicas: 2 }) as { spec: PropertyMap };
        expect(
            await run.provider.diff(
                made.id,
                made.urn,
                made,
                await run.check(made.urn, { metadata: { name: "good" }, spec }, made.inputs),
                [],
                run.context(),
            ),
        ).toMatchObject({ changes: true });
        const updated = await run.update(made, { ...workload("good", { replicas: 1 }) });
        expect((updated.outputs["status"] as PropertyMap)["replicas"]).toBe(1);
    });

    it("says which image cannot be pulled, while it waits and in the end", async () => {
        const run = await start();
        const creating = rejection(run.create(DEPLOYMENT, "pull", workload("pull", {}, { "pulumi.com/timeoutSeconds": "4" })));
        const [pod] = await podsOf("pull", 1);
        if (!pod) throw new Error("no pod");
        await report(pod, waitingFor("ImagePullBackOff", 'Back-off pulling image "x"'));
        await other.request("POST", at("events"), {
            body: {
                apiVersion: "v1",
                kind: "Event",
                metadata: { name: "pull-failed" },
                involvedObject: { kind: "Pod", name: pod.metadata.name ?? "", namespace: "default", uid: pod.metadata.uid ?? "" },
                type: "Warning",
                reason: "Failed",
                message: "pull access denied",
            },
        });
        await eventually(() =>
            run.said.status.find((text) => text.includes('container app: ImagePullBackOff: Back-off pulling image "x"')),
        );
        const error = await creating;
        expect(error).toBeInstanceOf(PartialError);
        expect(error.message.split("\n")).toEqual([
            "Deployment default/pull is not ready: timed out after 4 s while waiting: 0 of 1 pods available",
            `pod ${pod.metadata.name}: container app: ImagePullBackOff: Back-off pulling image "x"`,
            "event: Failed: pull access denied",
        ]);
        expect((error as PartialError).id).toBe("default/pull");
        expect((error as PartialError).outputs).toMatchObject({ kind: "Deployment", __fieldManager: expect.any(String) });
    }, 20_000);

    it("ends when the rollout does not progress", async () => {
        const run = await start();
        const creating = rejection(run.create(DEPLOYMENT, "stuck", workload("stuck", { progressDeadlineSeconds: 2 })));
        const [pod] = await podsOf("stuck", 1);
        if (!pod) throw new Error("no pod");
        await report(
            pod,
            waitingFor("CrashLoopBackOff", "back-off", { restartCount: 2, lastState: { terminated: { exitCode: 3, reason: "Error" } } }),
        );
        const lines = (await creating).message.split("\n");
        expect(lines[0]).toMatch(
            /^Deployment default\/stuck is not ready: the rollout does not progress: ReplicaSet "stuck-\w+" has timed out progressing/,
        );
        expect(lines[1]).toBe(
            `pod ${pod.metadata.name}: container app ended with exit code 3 and was started again 2 times (CrashLoopBackOff)`,
        );
    }, 20_000);

    it("is left at once when the run is interrupted, with the object in hand", async () => {
        const run = await start();
        const interrupt = new AbortController();
        const creating = rejection(run.create(DEPLOYMENT, "interrupted", workload("interrupted"), { signal: interrupt.signal }));
        await podsOf("interrupted", 1);
        const begun = Date.now();
        interrupt.abort();
        const error = await creating;
        expect(Date.now() - begun).toBeLessThan(500);
        expect(error).toBeInstanceOf(PartialError);
        expect(error.message).toMatch(/^Deployment default\/interrupted is not ready: the run was interrupted while waiting/);
    });

    it("ends when the object is deleted by somebody else", async () => {
        const run = await start();
        const creating = rejection(run.create(DEPLOYMENT, "vanishing", workload("vanishing")));
        await podsOf("vanishing", 1);
        await other.request("DELETE", "/apis/apps/v1/namespaces/default/deployments/vanishing");
        expect((await creating).message).toMatch(/^Deployment default\/vanishing was deleted while waiting/);
    });

    it("is left out for skipAwait", async () => {
        const run = await start();
        await run.create(DEPLOYMENT, "skipped", workload("skipped", {}, { "pulumi.com/skipAwait": "true" }));
        expect(run.said.status).toEqual([]);
    });

    it("for a StatefulSet, a DaemonSet and a Job follows their pods", async () => {
        const run = await start();
        const { replicas, ...spec } = (workload("daemon") as { spec: PropertyMap }).spec as PropertyMap & { replicas: number };
        expect(replicas).toBe(1);
        await run.create("apps/v1:DaemonSet", "daemon", { metadata: { name: "daemon" }, spec });
        const stateful = run.create("apps/v1:StatefulSet", "stateful", workload("stateful", { serviceName: "stateful" }));
        const [pod] = await podsOf("stateful", 1);
        if (pod) await report(pod, running("10.1.0.9"));
        expect((await stateful).id).toBe("default/stateful");

        const template = {
            metadata: { labels: { app: "job" } },
            spec: { restartPolicy: "Never", containers: [{ name: "app", image: "x" }] },
        };
        const failing = rejection(run.create("batch/v1:Job", "job", { metadata: { name: "job" }, spec: { backoffLimit: 0, template } }));
        const [jobPod] = await podsOf("job", 1);
        if (jobPod)
            await report(jobPod, {
                phase: "Failed",
                containerStatuses: [
                    { name: "app", ready: false, image: "x", imageID: "x", restartCount: 0, state: { terminated: { exitCode: 2 } } },
                ],
            });
        expect((await failing).message).toMatch(
            /^Job default\/job is not ready: the job failed: Job has reached the specified backoff limit\npod job-\w+: container app ended with exit code 2/,
        );
    }, 30_000);

    it("for a Service ends with the endpoints of its pods", async () => {
        const run = await start();
        const node = await run.create("core/v1:Node", "node", { metadata: { name: "node" } });
        const pod = await run.create("core/v1:Pod", "behind", {
            metadata: { name: "behind", labels: { app: "behind" }, annotations: { "pulumi.com/skipAwait": "true" } },
            spec: { nodeName: "node", containers: [{ name: "app", image: "x" }] },
        });
        await setStatus(other, at("pods/behind"), { ...running("10.1.0.7"), conditions: [{ type: "Ready", status: "False" }] });
        const creating = run.create("core/v1:Service", "behind", {
            metadata: { name: "behind" },
            spec: { selector: { app: "behind" }, ports: [{ port: 80 }] },
        });
        await eventually(() => run.said.status.find((text) => text === "waiting: 0 of 1 pods ready"));
        await setStatus(other, at("pods/behind"), running("10.1.0.7"));
        expect((await creating).id).toBe("default/behind");
        await run.delete(node);
        await other.request("DELETE", at("pods/behind"), { query: { gracePeriodSeconds: 0 } });
        expect(await run.refresh(pod)).toBeUndefined();
    }, 20_000);

    it("for an Ingress ends with a published address", async () => {
        const run = await start();
        const creating = run.create("networking.k8s.io/v1:Ingress", "edge", {
            metadata: { name: "edge" },
            spec: { defaultBackend: { service: { name: "x", port: { number: 80 } } } },
        });
        await eventually(() => run.said.status.find((text) => text.includes("to publish an address")));
        await setStatus(other, "/apis/networking.k8s.io/v1/namespaces/default/ingresses/edge", {
            loadBalancer: { ingress: [{ ip: "127.0.0.1" }] },
        });
        expect(((await creating).outputs["status"] as { loadBalancer: Json }).loadBalancer).toEqual({ ingress: [{ ip: "127.0.0.1" }] });
    });

    it("for a claim does not wait for a class that waits itself", async () => {
        const run = await start();
        await run.create("storage.k8s.io/v1:StorageClass", "lazy", {
            metadata: { name: "lazy" },
            provisioner: "example.org/none",
            volumeBindingMode: "WaitForFirstConsumer",
        });
        const spec = { storageClassName: "lazy", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
        expect((await run.create("core/v1:PersistentVolumeClaim", "lazy", { metadata: { name: "lazy" }, spec })).id).toBe("default/lazy");
        const error = await rejection(
            run.create(
                "core/v1:PersistentVolumeClaim",
                "eager",
                { metadata: { name: "eager" }, spec: { ...spec, storageClassName: "none" } },
                { timeoutSeconds: 1 },
            ),
        );
        expect(error.message).toBe(
            "PersistentVolumeClaim default/eager is not ready: timed out after 1 s while waiting for the StorageClass none",
        );
    });

    it("for a condition of a custom object survives a restart of the API server", async () => {
        const run = await start();
        const schema = { openAPIV3Schema: { type: "object", x_kubernetes_preserve_unknown_fields: true } };
        await run.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "crd", {
            metadata: { name: "slows.wait.example.org" },
            spec: {
                group: "wait.example.org",
                scope: "Namespaced",
                names: { plural: "slows", kind: "Slow" },
                versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema }],
            },
        });
        const creating = run.create("wait.example.org/v1:Slow", "slow", {
            metadata: { name: "slow", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
        });
        await eventually(() => run.said.status.find((text) => text === "waiting for the condition Ready"));
        await server.restart();
        await setStatus(other, "/apis/wait.example.org/v1/namespaces/default/slows/slow", {
            conditions: [{ type: "Ready", status: "True" }],
        });
        expect((await creating).id).toBe("default/slow");
    }, 60_000);
});
