/** The semantics of awaits. No controllers run: each row writes the status that one would. */
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import type { JsonObject } from "../../../../embedded/providers/kubernetes/manifest.ts";
import type { Row } from "../../command/support/semantics.ts";
import { eventually, rejection, Run, setStatus } from "../support.ts";
import { DEPLOYMENT, DEPLOYMENTS, official, type Lab } from "./lab.ts";

type Stages = readonly (readonly [status: JsonObject, said: RegExp])[];

const core = (plural: string, name: string, namespace = "default"): string =>
    `/api/v1/${namespace ? `namespaces/${namespace}/` : ""}${plural}/${name}`;
const apps = (plural: string, name: string): string => `/apis/apps/v1/namespaces/default/${plural}/${name}`;
const awaited = (name: string, spec: PropertyMap = {}, annotations: PropertyMap = {}): PropertyMap => ({
    metadata: { name, annotations },
    spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "x" }] } },
        ...spec,
    },
});
const replicas = (name: string, count = 2, annotations: PropertyMap = {}): PropertyMap => awaited(name, { replicas: count }, annotations);
const volumeSpec = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" }, storageClassName: "none" };
const claimSpec = { storageClassName: "none", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x" }] } };

/** Creates an object, takes it through stages in which it is not ready, and sees that it ends with the last status. */
async function becomes(lab: Lab, type: string, inputs: PropertyMap, path: string, stages: Stages, ready: JsonObject): Promise<void> {
    const run = await Run.on(lab.server.kubeconfig());
    const end = new AbortController();
    try {
        let isDone = false;
        const creating = run.create(type, path, inputs, { signal: end.signal }).finally(() => (isDone = true));
        creating.catch(() => {});
        await eventually(() => lab.live(path).catch(() => undefined));
        for (const [status, said] of stages) {
            await setStatus(lab.other, path, status);
            await eventually(() => run.said.status.find((text) => said.test(text)));
        }
        expect(isDone).toBe(false);
        await setStatus(lab.other, path, ready);
        await creating;
    } finally {
        end.abort();
        await run.provider.close();
    }
}

/** Rows of one kind each: what is not enough, and what is. */
export const kindRows = (lab: () => Lab): Row[] => [
    {
        behaviour: "a Deployment is ready when the rollout of its current generation is complete",
        source: official("await/deployment.go"),
        differs: {
            official: "a Deployment is ready with its conditions Progressing and Available, its ReplicaSet and its claims",
            here: "with its counts, as `kubectl rollout status` has it: every pod is current and available, and none of the old ones is left",
        },
        proof: () =>
            becomes(
                lab(),
                DEPLOYMENT,
                replicas("rollout"),
                apps("deployments", "rollout"),
                [
                    [{ observedGeneration: 1, replicas: 3, updatedReplicas: 1 }, /1 of 2 pods created/],
                    [
                        { observedGeneration: 1, replicas: 3, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
                        /1 old pods to go/,
                    ],
                    [
                        { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 },
                        /1 of 2 pods available/,
                    ],
                ],
                { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
            ),
    },
    {
        behaviour: "a StatefulSet is ready when all pods are and the current revision is the updated one",
        source: official("await/statefulset.go"),
        proof: () =>
            becomes(
                lab(),
                "apps/v1:StatefulSet",
                awaited("stateful", { replicas: 1, serviceName: "stateful" }),
                apps("statefulsets", "stateful"),
                [
                    [
                        { observedGeneration: 1, replicas: 1, readyReplicas: 1, currentRevision: "a", updateRevision: "b" },
                        /0 of 1 pods updated/,
                    ],
                    [{ replicas: 1, readyReplicas: 0, updatedReplicas: 1, currentRevision: "b", updateRevision: "b" }, /0 of 1 pods ready/],
                ],
                { observedGeneration: 1, replicas: 1, readyReplicas: 1, updatedReplicas: 1, currentRevision: "b", updateRevision: "b" },
            ),
    },
    {
        behaviour: "a DaemonSet is ready when every pod that is wanted is updated and available",
        source: official("await/daemonset.go"),
        proof: () => {
            const counts = {
                currentNumberScheduled: 2,
                numberMisscheduled: 0,
                desiredNumberScheduled: 2,
                numberReady: 2,
                observedGeneration: 1,
            };
            return becomes(
                lab(),
                "apps/v1:DaemonSet",
                awaited("daemon"),
                apps("daemonsets", "daemon"),
                [
                    [{ ...counts, updatedNumberScheduled: 1, numberAvailable: 2 }, /1 of 2 pods updated/],
                    [{ ...counts, updatedNumberScheduled: 2, numberAvailable: 1 }, /1 of 2 pods available/],
                ],
                { ...counts, updatedNumberScheduled: 2, numberAvailable: 2 },
            );
        },
    },
    {
        behaviour: "a Job is ready when it is complete",
        source: official("await/job.go"),
        proof: () => {
            const startTime = "2026-01-01T00:00:00Z";
            const done = { startTime, completionTime: "2026-01-01T00:00:01Z", succeeded: 1, uncountedTerminatedPods: {} };
            const condition = (type: string): JsonObject => ({
                type,
                status: "True",
                lastTransitionTime: startTime,
                lastProbeTime: startTime,
            });
            return becomes(
                lab(),
                "batch/v1:Job",
                { metadata: { name: "job" }, spec: { template } },
                "/apis/batch/v1/namespaces/default/jobs/job",
                [[{ startTime, active: 1 }, /pods: 1 active/]],
                { ...done, active: 0, conditions: [condition("SuccessCriteriaMet"), condition("Complete")] },
            );
        },
    },
    {
        behaviour: "a Pod is ready with its condition Ready",
        source: official("await/pod.go"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:Pod",
                { metadata: { name: "pod" }, spec: template.spec },
                core("pods", "pod"),
                [[{ phase: "Running", conditions: [{ type: "Ready", status: "False" }] }, /Running, not ready/]],
                { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
            ),
    },
    {
        behaviour: "a ReplicationController is ready when as many pods are available as it wants",
        source: official("await/awaiters.go, untilCoreV1ReplicationControllerInitialized"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:ReplicationController",
                {
                    metadata: { name: "rc" },
                    spec: {
                        replicas: 1,
                        selector: { a: "b" },
                        template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x" }] } },
                    },
                },
                core("replicationcontrollers", "rc"),
                [[{ replicas: 1, availableReplicas: 0 }, /0 of 1 pods available/]],
                { replicas: 1, fullyLabeledReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
            ),
    },
    {
        behaviour: "a Service of type LoadBalancer is ready with an address",
        source: official("await/service.go"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:Service",
                { metadata: { name: "balanced" }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } },
                core("services", "balanced"),
                [[{}, /for the load balancer's address/]],
                { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
            ),
    },
    {
        behaviour: "a Service without selector, without cluster IP or of type ExternalName is ready at once",
        source: official("await/service.go, shouldWaitForPods"),
        proof: async () => {
            const specs = {
                plain: { ports: [{ port: 80 }] },
                headless: { clusterIP: "None", selector: { a: "b" }, ports: [{ port: 80 }] },
                external: { type: "ExternalName", externalName: "example.org", selector: { a: "b" } },
            };
            for (const [name, spec] of Object.entries(specs)) await lab().run.create("core/v1:Service", name, { metadata: { name }, spec });
        },
    },
    {
        behaviour: "an Ingress is ready with a published address",
        source: official("await/ingress.go"),
        proof: () =>
            becomes(
                lab(),
                "networking.k8s.io/v1:Ingress",
                { metadata: { name: "edge" }, spec: { rules: [{ host: "example.org" }] } },
                "/apis/networking.k8s.io/v1/namespaces/default/ingresses/edge",
                [[{}, /for the ingress controller to publish an address/]],
                { loadBalancer: { ingress: [{ hostname: "example.org" }] } },
            ),
    },
    {
        behaviour: "a PersistentVolumeClaim is ready when it is bound",
        source: official("await/awaiters.go, untilCoreV1PersistentVolumeClaimReady"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:PersistentVolumeClaim",
                { metadata: { name: "claim" }, spec: claimSpec },
                core("persistentvolumeclaims", "claim"),
                [[{ phase: "Pending" }, /for the StorageClass none/]],
                { phase: "Bound" },
            ),
    },
    {
        behaviour: "a PersistentVolume is ready when it is available or bound",
        source: official("await/awaiters.go, untilCoreV1PersistentVolumeInitialized"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:PersistentVolume",
                { metadata: { name: "volume" }, spec: volumeSpec },
                core("persistentvolumes", "volume", ""),
                [[{ phase: "Pending" }, /Pending/]],
                { phase: "Available" },
            ),
    },
    {
        behaviour: "a ResourceQuota is ready when its controller has taken it up",
        source: official("await/awaiters.go, untilCoreV1ResourceQuotaInitialized"),
        proof: () =>
            becomes(
                lab(),
                "core/v1:ResourceQuota",
                { metadata: { name: "quota" }, spec: { hard: { services: "50" } } },
                core("resourcequotas", "quota"),
                [[{ hard: { services: "40" } }, /for the quota to be taken up/]],
                { hard: { services: "50" } },
            ),
    },
    {
        behaviour: "a Secret is ready at once, but for a service account's token, which is waited for; a ServiceAccount is",
        source: official("await/awaiters.go, untilCoreV1SecretInitialized, untilCoreV1ServiceAccountInitialized"),
        proof: async () => {
            const { run, other } = lab();
            await run.create("core/v1:ServiceAccount", "robot", { metadata: { name: "robot" } });
            await run.create("core/v1:Secret", "plain", { metadata: { name: "plain" }, stringData: { a: "b" } });
            const annotations = { "kubernetes.io/service-account.name": "robot" };
            const type = "kubernetes.io/service-account-token";
            const creating = run.create("core/v1:Secret", "token", { metadata: { name: "token", annotations }, type });
            await eventually(() => run.said.status.find((text) => text === "waiting for the token"));
            await other.request("PATCH", core("secrets", "token"), {
                body: { data: { token: "eA==" } },
                contentType: "application/merge-patch+json",
            });
            await creating;
        },
    },
    {
        behaviour: "a failed Job, and a rollout over its deadline, fail without further waiting",
        source: official("await/deployment.go, await/job.go"),
        proof: async () => {
            const run = await Run.on(lab().server.kubeconfig());
            const creating = rejection(run.create(DEPLOYMENT, "late", replicas("late")));
            await eventually(() =>
                lab()
                    .live(`${DEPLOYMENTS}/late`)
                    .catch(() => undefined),
            );
            const condition = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "too slow" };
            await setStatus(lab().other, `${DEPLOYMENTS}/late`, { observedGeneration: 1, conditions: [condition] });
            expect((await creating).message).toMatch(/^Deployment default\/late is not ready: the rollout does not progress: too slow/);
            await run.provider.close();
        },
    },
];
