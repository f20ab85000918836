/** The semantics of what annotations, options and interrupts say about awaits, of awaits that fail, and of deletes. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { PartialError } from "../../../../embedded/engine/provider.ts";
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import type { JsonObject } from "../../../../embedded/providers/kubernetes/manifest.ts";
import type { Row } from "../../command/support/semantics.ts";
import { eventually, rejection, setStatus, type Made, type Run } from "../support.ts";
import { CONFIG_MAP, DEPLOYMENT, DEPLOYMENTS, deployment, MAPS, official, type Lab } from "./lab.ts";

const PODS = "/api/v1/namespaces/default/pods";
const overrides = (what: string): string => official(`metadata/overrides.go, ${what}`);
const pod = (name: string, annotations: PropertyMap = {}): PropertyMap => ({
    metadata: { name, annotations },
    spec: { containers: [{ name: "c", image: "x" }] },
});
const waitFor = (name: string, expression: string): PropertyMap => pod(name, { "pulumi.com/waitFor": expression });
const withDeadline = (name: string, seconds: string): PropertyMap => pod(name, { "pulumi.com/timeoutSeconds": seconds });

export const askedRows = (lab: () => Lab): Row[] => {
    /** With a provider of its own, so that what it says is of this alone. */
    const withRun = async (work: (run: Run) => Promise<void>): Promise<void> => lab().with({}, work);
    const report = (name: string, status: JsonObject): Promise<unknown> => setStatus(lab().other, `${PODS}/${name}`, status);
    const condition = (type: string, status: string): JsonObject => ({ conditions: [{ type, status }] });
    const saying = (run: Run, text: RegExp): Promise<string> => eventually(() => run.said.status.find((line) => text.test(line)));
    const drop = async (path: string): Promise<void> => {
        await lab().other.request("PATCH", path, { body: { metadata: { finalizers: null } }, contentType: "application/merge-patch+json" });
    };
    return [
        {
            behaviour: "skipAwait does not wait, neither for readiness nor, of workloads, for deletion",
            source: overrides("SkipAwaitLogic, allowsSkipAwaitWithDelete"),
            proof: async () => {
                const made = await lab().run.create(DEPLOYMENT, "skipped", deployment("skipped", { replicas: 1 }));
                await lab().run.delete(made);
                expect((await lab().live(`${DEPLOYMENTS}/skipped`)).metadata.finalizers).toEqual(["foregroundDeletion"]);
                await drop(`${DEPLOYMENTS}/skipped`);
            },
        },
        {
            behaviour: "waitFor: condition=TYPE wants True, condition=TYPE=STATUS that status, in capitals or not",
            source: official("await/condition/custom.go"),
            proof: () =>
                withRun(async (run) => {
                    const creating = run.create("core/v1:Pod", "conditioned", waitFor("conditioned", "condition=degraded=false"));
                    await saying(run, /for the condition degraded$/);
                    await report("conditioned", condition("Degraded", "True"));
                    await saying(run, /now True/);
                    await report("conditioned", condition("Degraded", "False"));
                    await creating;
                }),
        },
        {
            behaviour: "waitFor: a JSONPath is met when it selects something, or a value equal to the given one; an array wants all",
            source: overrides("ReadyCondition; jsonpath/jsonpath.go"),
            proof: () =>
                withRun(async (run) => {
                    const all = JSON.stringify([
                        "jsonpath={.status.podIP}",
                        'jsonpath={.status.conditions[?(@.type=="Warm")].status}=True',
                    ]);
                    const creating = run.create("core/v1:Pod", "selected", waitFor("selected", all));
                    await saying(run, /for \.status\.podIP/);
                    await report("selected", { podIP: "192.0.2.7", podIPs: [{ ip: "192.0.2.7" }], ...condition("Warm", "False") });
                    await saying(run, /to be True, now False/);
                    await report("selected", condition("Warm", "True"));
                    await creating;
                }),
        },
        {
            behaviour: "waitFor: what is neither condition= nor jsonpath= is refused",
            source: overrides("ReadyCondition"),
            proof: async () => {
                for (const wrong of ["Ready", "[]", "jsonpath=.status.phase"])
                    expect(
                        (await rejection(lab().run.create("core/v1:Pod", "wrong", waitFor(`wrong-${wrong.length}`, wrong)))).message,
                    ).toMatch(/pulumi\.com\/waitFor is/);
            },
        },
        {
            behaviour: "PULUMI_K8S_AWAIT_ALL waits for kinds that nobody else waits for, by their status",
            source: overrides("ReadyCondition; await/condition/ready.go"),
            proof: () =>
                withRun(async (run) => {
                    process.env["PULUMI_K8S_AWAIT_ALL"] = "true";
                    try {
                        await run.create(CONFIG_MAP, "any", { metadata: { name: "any" } });
                        const budget = { metadata: { name: "any" }, spec: { minAvailable: 1, selector: { matchLabels: { a: "b" } } } };
                        const creating = run.create("apps/v1:ReplicaSet", "any", {
                            metadata: { name: "any" },
                            spec: {
                                selector: { matchLabels: { a: "b" } },
                                template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x" }] } },
                            },
                        });
                        await run.create("policy/v1:PodDisruptionBudget", "any", budget);
                        await saying(run, /for the controller to take it up/);
                        const status = { observedGeneration: 1, replicas: 1, readyReplicas: 1, availableReplicas: 1 };
                        await setStatus(lab().other, "/apis/apps/v1/namespaces/default/replicasets/any", status);
                        await creating;
                    } finally {
                        delete process.env["PULUMI_K8S_AWAIT_ALL"];
                    }
                }),
        },
        {
            behaviour: "timeoutSeconds ends an await, and customTimeouts wins over it",
            source: overrides("TimeoutDuration"),
            proof: async () => {
                const { run } = lab();
                expect((await rejection(run.create("core/v1:Pod", "slow", withDeadline("slow", "1")))).message).toMatch(
                    /timed out after 1 s/,
                );
                const custom = run.create("core/v1:Pod", "slower", withDeadline("slower", "900"), { timeoutSeconds: 1 });
                expect((await rejection(custom)).message).toMatch(/timed out after 1 s/);
            },
        },
        {
            behaviour: "volumes, claims, quotas and tokens are waited for within their time",
            source: official("await/awaiters.go, WatchUntil"),
            differs: {
                official:
                    "volumes and claims are waited for five minutes, quotas one, tokens five seconds, whatever `timeoutSeconds` and `customTimeouts` say",
                here: "as long as everything else: ten minutes, or as these say",
            },
            proof: async () => {
                const claim = {
                    metadata: { name: "timed", annotations: { "pulumi.com/timeoutSeconds": "1" } },
                    spec: { storageClassName: "none", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
                };
                const error = await rejection(lab().run.create("core/v1:PersistentVolumeClaim", "timed", claim));
                expect(error.message).toMatch(/timed out after 1 s while waiting for the StorageClass none$/);
            },
        },
        {
            behaviour: "an await that fails leaves the object in the state, and the next update waits again",
            source: official("provider/provider.go, partialError"),
            proof: async () => {
                const { run } = lab();
                const inputs = withDeadline("partial", "1");
                const error = await rejection(run.create("core/v1:Pod", "partial", inputs));
                if (!(error instanceof PartialError)) throw error;
                expect(error).toMatchObject({ id: "default/partial", outputs: { kind: "Pod", metadata: { name: "partial" } } });
                const made: Made = {
                    id: error.id,
                    urn: "urn:pulumi:test::tests::kubernetes:core/v1:Pod::partial",
                    inputs: await run.check("urn:pulumi:test::tests::kubernetes:core/v1:Pod::partial", inputs),
                    outputs: error.outputs,
                };
                expect((await rejection(run.update(made, inputs))).message).toMatch(/timed out after 1 s/);
                await report("partial", { phase: "Running", ...condition("Ready", "True") });
                expect((await run.update(made, inputs)).outputs["status"]).toMatchObject({ phase: "Running" });
            },
        },
        {
            behaviour: "an interrupt ends an await, and the object is in the state",
            source: official("await/internal/awaiter.go"),
            proof: () =>
                withRun(async (run) => {
                    const interrupt = new AbortController();
                    const creating = rejection(run.create("core/v1:Pod", "cut", pod("cut"), { signal: interrupt.signal }));
                    await saying(run, /waiting/);
                    interrupt.abort();
                    const error = await creating;
                    expect(error).toBeInstanceOf(PartialError);
                    expect(error.message).toMatch(/^Pod default\/cut is not ready: the run was interrupted/);
                }),
        },
        {
            behaviour: "a refresh of a workload that is not ready says so, and not of one with skipAwait",
            source: official("await/await.go, Read; awaitRead"),
            proof: async () => {
                const { run } = lab();
                const made = await run.create("core/v1:Pod", "sick", pod("sick", { "pulumi.com/skipAwait": "true" }));
                expect(await run.refresh(made)).toBeDefined();
                await lab().other.request("PATCH", `${PODS}/sick`, {
                    body: { metadata: { annotations: null } },
                    contentType: "application/merge-patch+json",
                });
                const error = await rejection(run.refresh(made));
                expect(error).toBeInstanceOf(PartialError);
                expect(error.message).toMatch(/^Pod default\/sick is not ready: waiting Pending, not ready/);
            },
        },
        {
            behaviour: "a delete waits until the object is gone, and says what holds it",
            source: official("await/condition/deleted.go"),
            proof: () =>
                withRun(async (run) => {
                    const inputs = { metadata: { name: "held", finalizers: ["example.org/archive"] } };
                    const made = await run.create(CONFIG_MAP, "held", inputs);
                    const error = await rejection(run.delete(made, { timeoutSeconds: 1 }));
                    expect(error.message).toBe(
                        "ConfigMap default/held is still there after 1 s: held by the finalizer example.org/archive",
                    );
                    expect(error).toBeInstanceOf(PartialError);
                    const deleting = run.delete(made);
                    await saying(run, /waiting until it is gone: held by the finalizer/);
                    await drop(`${MAPS}/held`);
                    await deleting;
                }),
        },
        {
            behaviour: "the delete of a workload says which of its pods are still terminating",
            source: official("await/deployment.go, and await/await.go, Deletion"),
            proof: () =>
                withRun(async (run) => {
                    const inputs = { ...deployment("ending"), metadata: { name: "ending" } };
                    const skipped = { ...inputs, metadata: { name: "ending", annotations: { "pulumi.com/skipAwait": "true" } } };
                    const made = await run.create(DEPLOYMENT, "ending", skipped);
                    const path = `${PODS}/ending-1`;
                    const metadata = { name: "ending-1", labels: { app: "ending" }, finalizers: ["example.org/drain"] };
                    const body = { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "c", image: "x" }] } };
                    await lab().other.request("POST", PODS, { body });
                    await lab().other.request("DELETE", path);
                    const deleting = run.delete({ ...made, inputs });
                    await saying(
                        run,
                        /gone: what it owns goes first; pod ending-1 is terminating for \d+ s \(\d+ s grace, held by the finalizer example\.org\/drain\)$/,
                    );
                    await drop(path);
                    await drop(`${DEPLOYMENTS}/ending`);
                    await deleting;
                }),
        },
        {
            behaviour: "deletionPropagationPolicy is foreground, background or orphan",
            source: overrides("DeletionPropagation"),
            proof: async () => {
                const { run, live } = { run: lab().run, live: (name: string) => lab().live(`${DEPLOYMENTS}/${name}`) };
                const annotations = (policy: string): PropertyMap => ({
                    "pulumi.com/skipAwait": "true",
                    "pulumi.com/deletionPropagationPolicy": policy,
                });
                for (const [policy, finalizer] of [
                    ["foreground", "foregroundDeletion"],
                    ["orphan", "orphan"],
                ] as const) {
                    const inputs = { ...deployment(policy), metadata: { name: policy, annotations: annotations(policy) } };
                    await run.delete(await run.create(DEPLOYMENT, policy, inputs));
                    expect((await live(policy)).metadata.finalizers).toEqual([finalizer]);
                    await drop(`${DEPLOYMENTS}/${policy}`);
                }
                const inputs = { ...deployment("background"), metadata: { name: "background", annotations: annotations("background") } };
                await run.delete(await run.create(DEPLOYMENT, "background", inputs));
                expect((await rejection(live("background"))).message).toMatch(/not found/);
            },
        },
    ];
};
