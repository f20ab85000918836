/** The semantics of names, namespaces, creation, deletion and refusals. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the rows that use them */
import { Secret, Unknown, type PropertyMap } from "../../../../embedded/engine/values.ts";
import { ruleOf } from "../../../../embedded/providers/kubernetes/await/rules.ts";
import { PartialError } from "../../../../embedded/engine/provider.ts";
import type { Row } from "../../command/support/semantics.ts";
import { eventually, rejection, Run, urnOf } from "../support.ts";
import { changelog, CONFIG_MAP, configMap, deployment, DEPLOYMENT, MAPS, official, type Lab } from "./lab.ts";

const definition = (group: string): PropertyMap => ({
    metadata: { name: `things.${group}` },
    spec: {
        group,
        scope: "Namespaced",
        names: { plural: "things", singular: "thing", kind: "Thing" },
        versions: [
            {
                name: "v1",
                served: true,
                storage: true,
                schema: { openAPIV3Schema: { type: "object", x_kubernetes_preserve_unknown_fields: true } },
            },
        ],
    },
});

export const lifecycleRows = (lab: () => Lab): Row[] => [
    {
        behaviour: "an object without a name gets one, which it keeps, and its replacement is created first",
        source: official("metadata/naming.go"),
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "auto", { data: { a: "1" } });
            expect(made.id).toMatch(/^default\/auto-[0-9a-f]{8}$/);
            const again = await lab().run.check(made.urn, { data: { a: "1" } }, made.inputs);
            expect(again).toEqual(made.inputs);
            expect(await lab().diff(made, { data: { a: "2" } })).toMatchObject({ replaces: ["data.a"], deleteBeforeReplace: false });
        },
    },
    {
        behaviour: "generateName is refused",
        source: official("provider/provider.go, Check: IsGenerateName"),
        proof: async () => {
            const check = lab().run.check(urnOf(CONFIG_MAP, "g"), { metadata: { generateName: "g-" } });
            expect((await rejection(check)).message).toMatch(/^metadata\.generateName: server-side apply needs a name/);
        },
    },
    {
        behaviour: "objects that name no namespace get that of the provider, cluster-scoped kinds none",
        source: official("provider/provider.go, Check: defaultNamespace"),
        proof: async () => {
            await lab().with({ namespace: "kube-public" }, async (run) => {
                expect((await run.check(urnOf(CONFIG_MAP, "n"), configMap("n")))["metadata"]).toMatchObject({ namespace: "kube-public" });
                const role = await run.check(urnOf("rbac.authorization.k8s.io/v1:ClusterRole", "n"), {
                    metadata: { name: "n", namespace: "x" },
                });
                expect(role["metadata"]).toEqual({ name: "n" });
            });
        },
    },
    {
        behaviour: "a create waits for a namespace and a kind that the same run makes",
        source: official("await/await.go, Creation: retry"),
        proof: async () => {
            const group = "soon.example.org";
            const made = await Promise.all([
                lab().run.create(`${group}/v1:Thing`, "soon", { metadata: { name: "soon", namespace: "soon" } }),
                lab().run.create("core/v1:Namespace", "soon", { metadata: { name: "soon" } }),
                lab().run.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "soon", definition(group)),
            ]);
            expect(made.map(({ id }) => id)).toEqual(["soon/soon", "soon", `things.${group}`]);
        },
    },
    {
        behaviour: "a definition of a kind",
        source: official("await/await.go, updateResource: IsCRD"),
        differs: {
            official: "CRDs return at once and are updated by replacing them whole",
            here: "CRDs are waited for until established, and applied like everything else",
        },
        proof: async () => {
            const type = "apiextensions.k8s.io/v1:CustomResourceDefinition";
            const made = await lab().run.create(type, "applied", definition("applied.example.org"));
            const { conditions } = made.outputs["status"] as { conditions: readonly PropertyMap[] };
            expect(conditions).toContainEqual(expect.objectContaining({ type: "Established", status: "True" }));
            const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.applied.example.org";
            const theirs = {
                apiVersion: "apiextensions.k8s.io/v1",
                kind: "CustomResourceDefinition",
                metadata: { name: "things.applied.example.org", labels: { theirs: "1" } },
            };
            await lab().apply(path, theirs, "somebody");
            await lab().run.update(made, {
                ...definition("applied.example.org"),
                metadata: { name: "things.applied.example.org", labels: { ours: "1" } },
            });
            expect((await lab().live(path)).metadata.labels).toEqual({ theirs: "1", ours: "1" });
        },
    },
    {
        behaviour: "a preview does not hold an object to a definition of its kind that the same run changes",
        source: official("provider/provider.go, Check: CRDCache"),
        proof: async () => {
            const group = "grows.example.org";
            const crd = (properties: PropertyMap): PropertyMap => ({
                metadata: { name: `things.${group}` },
                spec: {
                    group,
                    scope: "Namespaced",
                    names: { plural: "things", singular: "thing", kind: "Thing" },
                    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }],
                },
            });
            const thing = (rest: PropertyMap): PropertyMap => ({ metadata: { name: "grows" }, ...rest });
            await lab().with({}, async (run) => {
                const definition = await run.create(
                    "apiextensions.k8s.io/v1:CustomResourceDefinition",
                    "grows",
                    crd({ a: { type: "string" } }),
                );
                const made = await run.create(`${group}/v1:Thing`, "grows", thing({ a: "1" }));
                await lab().with({}, async (next) => {
                    const inputs = await next.check(made.urn, thing({ a: "1", b: "2" }), made.inputs);
                    const diff = () => next.provider.diff(made.id, made.urn, made, inputs, [], next.context({ preview: true }));
                    await expect(diff()).rejects.toThrow(/b is not a field of this kind/);
                    await next.check(definition.urn, crd({ a: { type: "string" }, b: { type: "string" } }), definition.inputs);
                    expect((await diff()).detailedDiff).toEqual({ b: "add" });
                    await next.create(`${group}/v1:Thing`, "another", { metadata: { name: "another" }, b: "1" }, { preview: true });
                });
            });
        },
    },
    {
        behaviour: "a Service whose pods are all ready",
        source: official("await/service.go"),
        differs: {
            official: "a Service always waits 10 seconds for its endpoints to settle",
            here: "it is ready as soon as all its pods are",
        },
        proof: async () => {
            const metadata = { name: "web", namespace: "default" };
            const spec = { clusterIP: "10.0.0.1", selector: { app: "web" } };
            const service = { apiVersion: "v1", kind: "Service", metadata, spec };
            const labels = { "kubernetes.io/service-name": "web" };
            const judged = (ready: boolean): string | undefined => {
                const endpoints = [{ conditions: { ready } }];
                const slice = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { ...metadata, labels }, endpoints };
                return ruleOf(service)?.judge(service, { slices: [slice] }).state;
            };
            expect([judged(true), judged(false)]).toEqual(["ready", "waiting"]);
        },
    },
    {
        behaviour: "the data of a Secret is secret wherever the state or the plan has it",
        source: changelog("4.24.0"),
        proof: async () => {
            const urn = urnOf("core/v1:Secret", "hidden");
            const inputs = await lab().run.check(urn, { metadata: { name: "hidden" }, stringData: { a: "hunter22" } });
            const { outs } = await lab().run.provider.create(urn, inputs, lab().run.context());
            const outputs = outs as PropertyMap;
            expect([outputs["data"], (outputs["__inputs"] as PropertyMap)["stringData"]]).toEqual([expect.any(Secret), expect.any(Secret)]);
        },
    },
    {
        behaviour: "a delete waits until the object is gone, one that is gone already is as good",
        source: official("await/await.go, Deletion"),
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "leaving", configMap("leaving"));
            await lab().run.delete(made);
            expect(await rejection(lab().live(`${MAPS}/leaving`))).toMatchObject({ code: 404 });
            await lab().run.delete(made);
        },
    },
    {
        behaviour: "a delete that does not end keeps the object in the state and says what holds it",
        source: changelog("4.18.0"),
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "held", configMap("held", {}, { finalizers: ["example.org/hold"] }));
            const error = await rejection(lab().run.delete(made, { timeoutSeconds: 1 }));
            expect(error).toBeInstanceOf(PartialError);
            expect(error.message).toMatch(/held by the finalizer example\.org\/hold/);
            const body = { metadata: { finalizers: null } };
            await lab().other.request("PATCH", `${MAPS}/held`, { body, contentType: "application/merge-patch+json" });
        },
    },
    {
        behaviour: "pulumi.com/deletionPropagationPolicy decides what becomes of dependents",
        source: official("metadata/overrides.go, DeletionPropagation"),
        proof: async () => {
            const orphaning = deployment("orphaning");
            const annotations = { "pulumi.com/skipAwait": "true", "pulumi.com/deletionPropagationPolicy": "orphan" };
            const made = await lab().run.create(DEPLOYMENT, "orphaning", { ...orphaning, metadata: { name: "orphaning", annotations } });
            const sets = async (): Promise<number> =>
                (
                    (await lab().other.get("/apis/apps/v1/namespaces/default/replicasets", { labelSelector: "app=orphaning" }))[
                        "items"
                    ] as unknown[]
                ).length;
            await eventually(async () => ((await sets()) ? true : undefined));
            await lab().run.delete(made);
            await eventually(async () => ((await lab().run.refresh(made)) ? undefined : true));
            expect(await sets()).toBe(1);
        },
    },
    {
        behaviour: "a cluster that cannot be reached does not fail a preview",
        source: official("provider/provider.go, Create: clusterUnreachable"),
        proof: async () => {
            const run = await Run.on("./no/such/kubeconfig");
            const made = await lab().run.create(CONFIG_MAP, "offline", configMap("offline", {}, { labels: { a: "1" } }));
            const changed = configMap("offline", {}, { labels: { a: "2" } });
            const checked = await run.check(made.urn, changed, made.inputs);
            const diff = await run.provider.diff(made.id, made.urn, made, checked, [], run.context({ preview: true }));
            expect(diff.detailedDiff).toEqual({ "metadata.labels.a": "update" });
            expect((await run.update(made, changed, { preview: true })).outputs).toMatchObject({ metadata: { labels: { a: "2" } } });
            expect(run.said.logs.filter((line) => line.startsWith("warning: cluster unreachable"))).toHaveLength(1);
            await run.provider.close();
        },
    },
    {
        behaviour: "another cluster replaces everything, unless clusterIdentifier says that it is the same",
        source: official("provider/provider.go, DiffConfig"),
        proof: async () => {
            const diff = (olds: PropertyMap, news: PropertyMap) => lab().run.provider.diffConfig("", olds, news);
            const kubeconfig = lab().server.kubeconfig();
            const elsewhere = kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://elsewhere:6443");
            expect((await diff({ kubeconfig }, { kubeconfig: elsewhere })).replaces).toEqual(["kubeconfig"]);
            expect((await diff({ kubeconfig }, { kubeconfig: Unknown.instance })).replaces).toEqual(["kubeconfig"]);
            const named = { clusterIdentifier: "a" };
            expect((await diff({ kubeconfig, ...named }, { kubeconfig: Unknown.instance, ...named })).replaces).toEqual([]);
            expect((await diff({ kubeconfig, ...named }, { kubeconfig, clusterIdentifier: "b" })).replaces).toEqual(["clusterIdentifier"]);
        },
    },
    {
        behaviour: "warnings about what is declared",
        source: official("provider/provider.go, helmHookWarning"),
        differs: {
            official: "Helm hooks and deprecated versions of kinds are warned about",
            here: "there are no such warnings",
        },
        proof: async () => {
            const before = lab().run.said.logs.length;
            await lab().run.create(CONFIG_MAP, "hook", configMap("hook", {}, { annotations: { "helm.sh/hook": "test" } }));
            expect(lab().run.said.logs.length).toBe(before);
        },
    },
    {
        behaviour: "types and functions that are no objects",
        source: official("provider/provider.go, Invoke"),
        differs: {
            official: "Helm charts and releases, Kustomize directories, `yaml/v2` types and their functions",
            here: "refused by name; `yaml.ConfigFile` and `yaml.ConfigGroup` work (`kubernetes:yaml:decode`)",
        },
        proof: async () => {
            for (const type of ["helm.sh/v3:Release", "helm.sh/v4:Chart", "kustomize/v2:Directory", "yaml/v2:ConfigGroup"]) {
                await expect(lab().run.check(urnOf(type, "x"), {})).rejects.toThrow(`kubernetes:${type} is not supported`);
            }
            await expect(lab().run.provider.invoke?.("kubernetes:helm:template", {})).rejects.toThrow(
                /kubernetes:helm:template is not supported/,
            );
            const text = "apiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: Namespace\n";
            const answer = await lab().run.provider.invoke?.("kubernetes:yaml:decode", { text });
            expect(answer?.outputs?.["result"]).toMatchObject([{ kind: "ConfigMap" }, { kind: "Namespace" }]);
        },
    },
];
