/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import * as fc from "fast-check";
import { ruleOf } from "../../../embedded/providers/kubernetes/await/rules.ts";
import { troubleOf } from "../../../embedded/providers/kubernetes/await/explain.ts";
import { secretsOf, withoutValues } from "../../../embedded/providers/kubernetes/await/secrets.ts";
import { selects, type Related, type Verdict } from "../../../embedded/providers/kubernetes/await/verdict.ts";
import type { Json, JsonObject, Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";

const object = (apiVersion: string, kind: string, rest: JsonObject, metadata: JsonObject = {}): Manifest => ({
    apiVersion,
    kind,
    ...rest,
    metadata: { name: "web", namespace: "apps", uid: "1", generation: 1, ...metadata },
});

function judge(of: Manifest, related: Related = {}): Verdict | undefined {
    return ruleOf(of)?.judge(of, related);
}

/** What is said of each object of a sequence: `ready`, or `state: text`. */
const story = (...objects: readonly Manifest[]): string[] =>
    objects.map((of) => {
        const verdict = judge(of);
        return verdict && "text" in verdict ? `${verdict.state}: ${verdict.text}` : (verdict?.state ?? "not awaited");
    });

const condition = (type: string, status: string, rest: JsonObject = {}): Json => ({ type, status, ...rest });

describe("a Deployment", () => {
    const deployment = (status: JsonObject, spec: JsonObject = { replicas: 2 }, generation = 2): Manifest =>
        object("apps/v1", "Deployment", { spec, status }, { generation });

    it("is ready once every pod is new and available and no old one is left", () => {
        expect(
            story(
                deployment({}),
                deployment({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
                deployment({ observedGeneration: 2, replicas: 2 }),
                deployment({ observedGeneration: 2, replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
                deployment({ observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3 }),
                deployment({ observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
                deployment({ observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
            ),
        ).toEqual([
            "waiting: for the controller to take it up",
            "waiting: for the controller to take it up",
            "waiting: 0 of 2 pods created",
            "waiting: 1 old pods to go",
            "waiting: 1 pods to go",
            "waiting: 1 of 2 pods available",
            "ready",
        ]);
    });

    it("fails when the rollout does not progress, and says why no pods are created", () => {
        const stuck = condition("Progressing", "False", { reason: "ProgressDeadlineExceeded", message: "has timed out progressing" });
        const quota = condition("ReplicaFailure", "True", { message: "exceeded quota: small" });
        expect(
            story(deployment({ observedGeneration: 2, conditions: [stuck] }), deployment({ observedGeneration: 2, conditions: [quota] })),
        ).toEqual([
            "failed: the rollout does not progress: has timed out progressing",
            "waiting: 0 of 2 pods created: exceeded quota: small",
        ]);
    });

    it("is ready without pods when it wants none or is paused", () => {
        expect(story(deployment({ observedGeneration: 2 }, { replicas: 0 }), deployment({}, { replicas: 2, paused: true }))).toEqual([
            "ready",
            "ready",
        ]);
    });

    it("is never ready with fewer available pods than wanted", () => {
        const count = fc.nat(4);
        const counts = fc.record({ replicas: count, total: count, updated: count, available: count });
        const isWrong = ({
            replicas,
            total,
            updated,
            available,
        }: Record<"replicas" | "total" | "updated" | "available", number>): boolean => {
            const status = { observedGeneration: 2, replicas: total, updatedReplicas: updated, availableReplicas: available };
            return judge(deployment(status, { replicas }))?.state === "ready" && Math.min(updated, available) < replicas;
        };
        expect(fc.check(fc.property(counts, (given) => !isWrong(given)))).toMatchObject({ failed: false });
    });
});

describe("other workloads", () => {
    const set = (status: JsonObject, spec: JsonObject = { replicas: 2 }): Manifest =>
        object("apps/v1", "StatefulSet", { spec, status: { observedGeneration: 1, ...status } });

    it("a StatefulSet is ready once all pods are ready and of the new revision", () => {
        expect(
            story(
                set({ observedGeneration: 0 }),
                set({ replicas: 1, readyReplicas: 0, currentRevision: "a", updateRevision: "a" }),
                set({ replicas: 2, readyReplicas: 2, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" }),
                set({ replicas: 2, readyReplicas: 2, updatedReplicas: 2, currentRevision: "a", updateRevision: "b" }),
                set({ replicas: 2, readyReplicas: 2, updatedReplicas: 2, currentRevision: "b", updateRevision: "b" }),
            ),
        ).toEqual([
            "waiting: for the controller to take it up",
            "waiting: 0 of 2 pods ready",
            "waiting: 1 of 2 pods updated",
            "waiting: for the last pods to be of the new revision",
            "ready",
        ]);
    });

    it("a StatefulSet that updates on delete is not waited for to be updated", () => {
        const spec = { replicas: 2, updateStrategy: { type: "OnDelete" } };
        expect(story(set({ replicas: 2, readyReplicas: 2, currentRevision: "a", updateRevision: "b" }, spec))).toEqual(["ready"]);
    });

    it("a DaemonSet is ready once it is on every node", () => {
        const daemon = (status: JsonObject): Manifest => object("apps/v1", "DaemonSet", { spec: {}, status });
        expect(
            story(
                daemon({}),
                daemon({ observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 1 }),
                daemon({ observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }),
                daemon({ observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }),
                daemon({ observedGeneration: 1, desiredNumberScheduled: 0 }),
            ),
        ).toEqual([
            "waiting: for the controller to take it up",
            "waiting: 1 of 2 pods updated",
            "waiting: 1 of 2 pods available",
            "ready",
            "ready",
        ]);
    });

    it("a Job is ready when it is complete and fails when it has failed", () => {
        const job = (status: JsonObject, spec: JsonObject = {}): Manifest => object("batch/v1", "Job", { spec, status });
        expect(
            story(
                job({ active: 1, failed: 1 }),
                job({ conditions: [condition("Complete", "True")] }),
                job({
                    conditions: [
                        condition("Failed", "True", {
                            reason: "BackoffLimitExceeded",
                            message: "Job has reached the specified backoff limit",
                        }),
                    ],
                }),
                job({}, { suspend: true }),
            ),
        ).toEqual([
            "waiting: pods: 1 active, 0 succeeded, 1 failed",
            "ready",
            "failed: the job failed: Job has reached the specified backoff limit",
            "ready",
        ]);
    });

    it("a Pod is ready when it says so or has succeeded", () => {
        const pod = (status: JsonObject): Manifest => object("v1", "Pod", { spec: {}, status });
        expect(
            story(
                pod({ phase: "Pending", conditions: [condition("PodScheduled", "False", { message: "0/1 nodes are available" })] }),
                pod({ phase: "Running", conditions: [condition("Ready", "False")] }),
                pod({ phase: "Running", conditions: [condition("Ready", "True")] }),
                pod({ phase: "Succeeded", conditions: [condition("Ready", "False")] }),
                pod({ phase: "Failed", reason: "Evicted" }),
            ),
        ).toEqual([
            "waiting: to be scheduled: 0/1 nodes are available",
            "waiting: Running, not ready",
            "ready",
            "ready",
            "failed: the pod failed: Evicted",
        ]);
    });
});

describe("network kinds", () => {
    const service = (spec: JsonObject, status: JsonObject = {}): Manifest => object("v1", "Service", { spec, status });
    const slice = (...ready: readonly boolean[]): Manifest => ({
        ...object("discovery.k8s.io/v1", "EndpointSlice", { endpoints: ready.map((is) => ({ conditions: { ready: is } })) }),
        metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
    });
    const selecting = { type: "ClusterIP", clusterIP: "10.0.0.1", selector: { app: "web" } };

    it("a Service is ready once all its pods are", () => {
        expect(judge(service(selecting), { slices: [slice(true, false)] })).toEqual({ state: "waiting", text: "1 of 2 pods ready" });
        expect(judge(service(selecting), { slices: [slice(true), slice(true)] })).toEqual({ state: "ready" });
        expect(judge(service(selecting), { slices: [] })).toMatchObject({ state: "settling", ms: 10_000 });
    });

    it.each([
        ["with an external name", { type: "ExternalName", selector: { a: "b" } }],
        ["that is headless", { clusterIP: "None", selector: { a: "b" } }],
        ["without selector", { clusterIP: "10.0.0.1" }],
    ])("a Service %s is ready at once", (_what, spec) => {
        expect(ruleOf(service(spec))?.related?.(service(spec))).toEqual({});
        expect(judge(service(spec))).toEqual({ state: "ready" });
    });

    it("a LoadBalancer needs an address", () => {
        const balancer = { ...selecting, type: "LoadBalancer" };
        expect(judge(service(balancer), { slices: [slice(true)] })).toMatchObject({ state: "waiting" });
        expect(judge(service(balancer, { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } }), { slices: [slice(true)] })).toEqual({
            state: "ready",
        });
    });

    it("an Ingress needs an address and the Services behind it", () => {
        const spec = {
            rules: [{ http: { paths: [{ backend: { service: { name: "web" } } }, { backend: { service: { name: "far" } } }] } }],
        };
        const published = { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } };
        const ingress = (status: JsonObject): Manifest => object("networking.k8s.io/v1", "Ingress", { spec, status });
        const far = { ...object("v1", "Service", { spec: { type: "ExternalName" } }), metadata: { name: "far" } };
        expect(judge(ingress({}))).toMatchObject({ state: "waiting", text: expect.stringContaining("skipAwait") });
        expect(judge(ingress(published), { services: [], slices: [slice(true)] })).toMatchObject({
            state: "settling",
            text: "no Service far so far",
        });
        expect(judge(ingress(published), { services: [far], slices: [slice(true)] })).toEqual({ state: "ready" });
    });
});

describe("storage and definitions", () => {
    const claim = (phase: string): Manifest =>
        object("v1", "PersistentVolumeClaim", { spec: { storageClassName: "standard" }, status: { phase } });
    const storageClass = (mode: string): Manifest => ({
        ...object("storage.k8s.io/v1", "StorageClass", { volumeBindingMode: mode }),
        metadata: { name: "standard" },
    });

    it("a claim is ready when bound, or when its class waits for the first pod", () => {
        expect(judge(claim("Bound"), { classes: [] })).toEqual({ state: "ready" });
        expect(judge(claim("Pending"), { classes: [storageClass("WaitForFirstConsumer")] })).toEqual({ state: "ready" });
        expect(judge(claim("Pending"), { classes: [storageClass("Immediate")] })).toEqual({
            state: "waiting",
            text: "to be bound by the StorageClass standard",
        });
        expect(judge(claim("Pending"), { classes: [] })).toEqual({ state: "waiting", text: "for the StorageClass standard" });
        expect(judge(claim("Lost"), { classes: [] })).toMatchObject({ state: "failed" });
    });

    it("a definition is ready when established and fails when its names are taken", () => {
        const crd = (...conditions: readonly Json[]): Manifest =>
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", { status: { conditions } });
        expect(
            story(
                crd(),
                crd(condition("NamesAccepted", "False", { message: '"things" is already in use' })),
                crd(condition("Established", "True")),
            ),
        ).toEqual(["waiting: to be established", 'failed: its names are taken: "things" is already in use', "ready"]);
    });

    it("Secrets are waited for only when a controller fills them", () => {
        const secret = (rest: JsonObject): Manifest => object("v1", "Secret", rest);
        const type = "kubernetes.io/service-account-token";
        expect(story(secret({ type: "Opaque" }), secret({ type }), secret({ type, data: { token: "eA==" } }))).toEqual([
            "ready",
            "waiting: for the token",
            "ready",
        ]);
    });

    it("most kinds are not awaited", () => {
        expect(story(object("v1", "ConfigMap", {}), object("example.org/v1", "Thing", {}), object("v1", "ServiceAccount", {}))).toEqual(
            Array(3).fill("not awaited"),
        );
    });
});

describe("annotations", () => {
    const thing = (annotations: Record<string, string>, status: JsonObject = {}): Manifest =>
        object("example.org/v1", "Thing", { status }, { annotations, generation: 2 });
    const waitFor = (expression: string, status: JsonObject = {}): string =>
        story(thing({ "pulumi.com/waitFor": expression }, status))[0] ?? "";

    it("skipAwait waits for nothing", () => {
        expect(ruleOf(object("apps/v1", "Deployment", {}, { annotations: { "pulumi.com/skipAwait": "true" } }))).toBeUndefined();
    });

    it.each([
        ["condition=Ready", {}, "waiting: for the condition Ready"],
        [
            "condition=Ready",
            { conditions: [condition("Ready", "False", { reason: "Starting", message: "no handshake yet" })] },
            "waiting: for the condition Ready=True, now False (Starting: no handshake yet)",
        ],
        ["condition=Ready", { conditions: [condition("Ready", "True")] }, "ready"],
        ["condition=ready", { conditions: [condition("Ready", "true")] }, "ready"],
        [
            "condition=Ready",
            { observedGeneration: 1, conditions: [condition("Ready", "True")] },
            "waiting: for the controller to take it up",
        ],
        [
            "condition=Ready",
            { conditions: [condition("Ready", "True", { observedGeneration: 1 })] },
            "waiting: for the controller to take it up",
        ],
        ["condition=Degraded=False", { conditions: [condition("Degraded", "False")] }, "ready"],
        ["jsonpath={.status.phase}=Running", { phase: "Pending" }, "waiting: for .status.phase to be Running, now Pending"],
        ["jsonpath={.status.phase}=Running", { phase: "Running" }, "ready"],
        ["jsonpath={.status.phase}", {}, "waiting: for .status.phase"],
        ["jsonpath={.status.replicas}=3", { replicas: 3 }, "ready"],
        ['["condition=Ready", "jsonpath={.status.url}"]', { conditions: [condition("Ready", "True")] }, "waiting: for .status.url"],
        ['["condition=Ready", "jsonpath={.status.url}"]', { conditions: [condition("Ready", "True")], url: "x" }, "ready"],
        [
            'jsonpath={.status.conditions[?(@.type=="Ready")].status}=True',
            { conditions: [condition("Other", "False"), condition("Ready", "True")] },
            "ready",
        ],
        ["jsonpath={.status.conditions[*].type}=Ready", { conditions: [condition("Ready", "True")] }, "ready"],
        ["jsonpath={$.status['a.b'][-1]}=2", { "a.b": [1, 2] }, "ready"],
        ["jsonpath={..deep}=1", { a: [{ deep: 1 }] }, "ready"],
    ] as const)("waitFor %s", (expression, status, expected) => {
        expect(waitFor(expression, status)).toBe(expected);
    });

    it.each([
        ["Ready"],
        ["condition="],
        ["jsonpath=.status"],
        ["jsonpath={.a}="],
        ["[]"],
        ['["x"]'],
        ["jsonpath={.a[?@.b=c]}"],
        ["jsonpath={.a!}"],
    ])("refuses waitFor %s with the reason", (expression) => {
        expect(() => waitFor(expression)).toThrow(/pulumi\.com\/waitFor/);
    });
});

describe("the explanation", () => {
    const pod = (...containerStatuses: readonly JsonObject[]): Manifest =>
        object("v1", "Pod", { status: { phase: "Pending", containerStatuses } });

    it("is silent while a pod starts", () => {
        expect(troubleOf(pod({ name: "app", state: { waiting: { reason: "ContainerCreating" } } }))).toBeUndefined();
        expect(troubleOf(pod({ name: "app", ready: true, state: { running: {} }, restartCount: 0 }))).toBeUndefined();
    });

    it("names the image that cannot be pulled and the container that crashes", () => {
        const pull = { name: "app", state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' } } };
        expect(troubleOf(pod(pull))).toMatchObject({ text: 'container app: ImagePullBackOff: Back-off pulling image "x"' });
        const crash = {
            name: "app",
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
        };
        expect(troubleOf(pod(crash))).toMatchObject({
            text: "container app ended with exit code 137 (OOMKilled) and was started again 3 times (CrashLoopBackOff)",
            log: { container: "app" },
        });
        expect(troubleOf(pod({ name: "app", state: { terminated: { exitCode: 1, reason: "Error" } } }))).toMatchObject({
            text: "container app ended with exit code 1",
        });
    });

    it("knows the Secrets that a pod sees, wherever they are named", () => {
        const spec = {
            containers: [{ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "one" } } }], envFrom: [{ secretRef: { name: "two" } }] }],
            initContainers: [{ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "one" } } }] }],
            volumes: [{ secret: { secretName: "three" } }, { projected: { sources: [{ secret: { name: "four" } }] } }],
        };
        expect(secretsOf({ spec })).toEqual(["one", "two", "three", "four"]);
    });

    it("never shows a value, wherever it is in a line", () => {
        fc.assert(
            fc.property(fc.string(), fc.string({ minLength: 4 }), fc.string(), (before, value, after) => {
                fc.pre(!"[secret]".includes(value));
                expect(
                    withoutValues(before + value + after, [value])
                        .split("[secret]")
                        .join("\u0000"),
                ).not.toContain(value);
            }),
        );
    });

    it("asks for the pods of any selector", () => {
        const labelled = (labels: Record<string, string>): Manifest => object("v1", "Pod", {}, { labels });
        const selector = {
            matchLabels: { app: "web" },
            matchExpressions: [
                { key: "tier", operator: "In", values: ["x", "y"] },
                { key: "zone", operator: "NotIn", values: ["z"] },
                { key: "on", operator: "Exists" },
                { key: "off", operator: "DoesNotExist" },
            ],
        };
        const labels = { app: "web", tier: "y", on: "" };
        expect(selects(selector, labelled(labels))).toBe(true);
        for (const wrong of [{ app: "db" }, { tier: "w" }, { zone: "z" }, { off: "" }])
            expect(selects(selector, labelled({ ...labels, ...wrong } as Record<string, string>))).toBe(false);
        expect(selects(selector, labelled({ app: "web", tier: "y" }))).toBe(false);
        expect(selects({}, labelled(labels))).toBe(false);
    });
});
