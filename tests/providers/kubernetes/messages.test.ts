/** The sentence for each thing that a real API server refuses. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import type { Client } from "../../../embedded/providers/kubernetes/client.ts";
import { ApiError, explain } from "../../../embedded/providers/kubernetes/errors.ts";
import type { JsonObject } from "../../../embedded/providers/kubernetes/manifest.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { eventually, otherClient, rejection, Run, setStatus } from "./support.ts";

const map = (name: string, rest: PropertyMap = {}, namespace = "default"): PropertyMap => ({ metadata: { name, namespace }, ...rest });
const container = (rest: PropertyMap = {}): PropertyMap => ({ name: "app", image: "x", ...rest });
const pod = (name: string, namespace: string, rest: PropertyMap = {}): PropertyMap => ({
    metadata: { name, namespace, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: { containers: [container(rest)] },
});
const deployment = (name: string, spec: PropertyMap): PropertyMap => ({
    metadata: { name, namespace: "default", annotations: { "pulumi.com/skipAwait": "true" } },
    spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [container()] } },
        ...spec,
    },
});

(await describeWithApiServer())("a request that is refused", () => {
    let server: ApiServer;
    let other: Client;
    let run: Run;

    const make = async (path: string, body: JsonObject): Promise<unknown> => (await other.request("POST", path, { body })).body;
    const namespace = (name: string, rest: JsonObject = {}): Promise<unknown> =>
        make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, ...rest } });

    beforeAll(async () => {
        server = await startApiServer();
        other = otherClient(server.kubeconfig());
        run = await Run.on(server.kubeconfig());
        await Promise.all([
            namespace("strict", { labels: { "pod-security.kubernetes.io/enforce": "restricted" } }),
            namespace("limited"),
            namespace("full"),
            namespace("frugal"),
            namespace("leaving", { finalizers: ["example.org/archive"] }),
        ]);
        const quota = (name: string, hard: JsonObject): Promise<unknown> =>
            make(`/api/v1/namespaces/${name}/resourcequotas`, {
                apiVersion: "v1",
                kind: "ResourceQuota",
                metadata: { name: "team" },
                spec: { hard },
            });
        await quota("full", { configmaps: "1" });
        await setStatus(other, "/api/v1/namespaces/full/resourcequotas/team", { hard: { configmaps: "1" }, used: { configmaps: "1" } });
        await quota("frugal", { "limits.memory": "1Gi" });
        await setStatus(other, "/api/v1/namespaces/frugal/resourcequotas/team", {
            hard: { "limits.memory": "1Gi" },
            used: { "limits.memory": "0" },
        });
        await make("/api/v1/namespaces/limited/limitranges", {
            apiVersion: "v1",
            kind: "LimitRange",
            metadata: { name: "small" },
            spec: { limits: [{ type: "Container", max: { cpu: "1" } }] },
        });
        await other.request("DELETE", "/api/v1/namespaces/leaving");
        await make("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingAdmissionPolicy",
            metadata: { name: "no-latest" },
            spec: {
                failurePolicy: "Fail",
                matchConstraints: {
                    resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
                },
                validations: [
                    { expression: "!has(object.data) || !('latest' in object.data)", message: "name a version instead of latest" },
                ],
            },
        });
        await make("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingAdmissionPolicyBinding",
            metadata: { name: "everywhere" },
            spec: { policyName: "no-latest", validationActions: ["Deny"] },
        });
        await make("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingWebhookConfiguration",
            metadata: { name: "gone" },
            webhooks: [
                {
                    name: "gone.example.org",
                    clientConfig: { url: "https://127.0.0.1:1/" },
                    rules: [
                        { apiGroups: ["scheduling.k8s.io"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["priorityclasses"] },
                    ],
                    sideEffects: "None",
                    admissionReviewVersions: ["v1"],
                    failurePolicy: "Fail",
                },
            ],
        });
        const denied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" }, data: { latest: "" } };
        await eventually(async () => {
            try {
                await other.request("POST", "/api/v1/namespaces/default/configmaps", { body: denied, query: { dryRun: "All" } });
                return undefined;
            } catch {
                return true;
            }
        }, 30);
    }, 90_000);
    afterAll(async () => {
        await run?.provider.close();
        await other?.close();
        await server?.stop();
    });

    const CREATES: readonly (readonly [what: string, type: string, inputs: PropertyMap, sentence: RegExp])[] = [
        [
            "an unknown field",
            "apps/v1:Deployment",
            deployment("a", { replica: 2 }),
            /^cannot create Deployment default\/a: spec\.replica is not a field of this kind\. Check the spelling$/,
        ],
        [
            "a wrong type",
            "apps/v1:Deployment",
            deployment("a", { replicas: "two" }),
            /^cannot create Deployment default\/a: spec\.replicas: expected numeric.*, got string$/,
        ],
        [
            "a missing field",
            "core/v1:Pod",
            { metadata: { name: "a", namespace: "default" }, spec: { containers: [{ name: "app" }] } },
            /^cannot create Pod default\/a: spec\.containers\[0\]\.image: Required value$/,
        ],
        [
            "a name that is none",
            "core/v1:ConfigMap",
            map("A_b"),
            /^cannot create ConfigMap default\/A_b: metadata\.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain must/,
        ],
        [
            "too much",
            "core/v1:ConfigMap",
            map("large", { data: { a: "x".repeat(1_100_000) } }),
            /^cannot create ConfigMap default\/large: Too long: may not be more than 1048576 bytes/,
        ],
        [
            "far too much",
            "core/v1:ConfigMap",
            map("large", { data: { a: "x".repeat(3_200_000) } }),
            /^cannot create ConfigMap default\/large: it is too large.*limit is 3145728/,
        ],
        [
            "a used up quota",
            "core/v1:ConfigMap",
            map("a", {}, "full"),
            /^cannot create ConfigMap full\/a: the ResourceQuota team of its namespace does not allow it: requested configmaps=1; used configmaps=1; limit configmaps=1\. Raise/,
        ],
        [
            "a quota that wants limits",
            "core/v1:Pod",
            pod("a", "frugal"),
            /^cannot create Pod frugal\/a: the ResourceQuota team of its namespace wants limits\.memory for: app to be given/,
        ],
        [
            "a LimitRange",
            "core/v1:Pod",
            pod("a", "limited", { resources: { limits: { cpu: "2" } } }),
            /^cannot create Pod limited\/a: a LimitRange of its namespace does not allow it: maximum cpu usage per Container is 1, but limit is 2\. Change/,
        ],
        [
            "PodSecurity",
            "core/v1:Pod",
            pod("a", "strict"),
            /^cannot create Pod strict\/a: PodSecurity "restricted:latest" of its namespace does not allow it: allowPrivilegeEscalation != false/,
        ],
        [
            "an admission policy",
            "core/v1:ConfigMap",
            map("a", { data: { latest: "" } }),
            /^cannot create ConfigMap default\/a: the ValidatingAdmissionPolicy no-latest \(binding everywhere\) denies it: name a version instead of latest$/,
        ],
        [
            "a webhook that is not there",
            "scheduling.k8s.io/v1:PriorityClass",
            { metadata: { name: "a" }, value: 1 },
            /^cannot create PriorityClass a: the admission webhook gone\.example\.org cannot be asked: .*connection refused\. See whether/,
        ],
        [
            "a namespace that is being deleted",
            "core/v1:ConfigMap",
            map("a", {}, "leaving"),
            /^cannot create ConfigMap leaving\/a: its namespace is being deleted\. Run again when it is gone; the namespace leaving is still there: held by the finalizer example\.org\/archive/,
        ],
    ];

    it.each(CREATES)("for %s says what, where and why", async (_what, type, inputs, sentence) => {
        expect((await rejection(run.create(type, "a", inputs))).message).toMatch(sentence);
    });

    it("for an immutable field says which, and how to get there", async () => {
        const made = await run.create("apps/v1:Deployment", "fixed", deployment("fixed", {}));
        const selector = { matchLabels: { app: "other" } };
        const template = { metadata: { labels: { app: "other" } }, spec: { containers: [container()] } };
        expect((await rejection(run.update(made, deployment("fixed", { selector, template })))).message).toMatch(
            /^cannot update Deployment default\/fixed: spec\.selector: Invalid value: .*field is immutable\. .*replaceOnChanges: \["spec\.selector"\]$/,
        );
    });

    it("for a field of another manager says which, and whose", async () => {
        const made = await run.create("core/v1:ConfigMap", "shared", map("shared", { data: { a: "1" } }));
        await other.request("PATCH", "/api/v1/namespaces/default/configmaps/shared", {
            query: { fieldManager: "somebody", force: true },
            body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "shared" }, data: { a: "2" } },
            contentType: "application/apply-patch+yaml",
        });
        expect((await rejection(run.update(made, map("shared", { data: { a: "3" } })))).message).toMatch(
            /^cannot update ConfigMap default\/shared: another field manager owns data\.a \(managed by "somebody"\)\. .*pulumi\.com\/patchForce/,
        );
    });
});

describe("what only a cluster with more in it refuses", () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "n" } };
    it.each([
        [
            400,
            'admission webhook "w.example.org" denied the request: no such team',
            "the admission webhook w.example.org denies it: no such team",
        ],
        [
            400,
            'admission webhook "w.example.org" denied the request without explanation',
            "the admission webhook w.example.org denies it, without saying why",
        ],
        [
            500,
            "etcdserver: request is too large",
            "it is too large for the cluster: etcdserver: request is too large. Move what it holds into several objects",
        ],
        [
            400,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            "spec.replicas is a string, and should be of the type int32",
        ],
        [
            403,
            'nodes "a" is forbidden: User "u" cannot delete resource "nodes" in API group "" at the cluster scope',
            'the user "u" may not delete nodes in this cluster. Bind a ClusterRole to it with the verb "delete" for "nodes" of the API group ""',
        ],
    ])("%i %s", (code, message, sentence) => {
        expect(explain("create", object, new ApiError({ message }, code)).message).toBe(`cannot create ConfigMap n/a: ${sentence}`);
    });
});
