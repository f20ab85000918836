/** The semantics of updates: what is a change, what replaces, what a preview promises. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the rows that use them */
import { Unknown, type PropertyMap } from "../../../../embedded/engine/values.ts";
import type { Row } from "../../command/support/semantics.ts";
import { rejection, urnOf } from "../support.ts";
import { changelog, CONFIG_MAP, configMap, deployment, DEPLOYMENT, MAPS, official, type Lab } from "./lab.ts";

const claim = (name: string, volumeMode: string, labels: PropertyMap = {}): PropertyMap => ({
    metadata: { name, labels, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: { accessModes: ["ReadWriteOnce"], volumeMode, resources: { requests: { storage: "1Gi" } } },
});
const job = (name: string, container: PropertyMap = {}, annotations: PropertyMap = {}): PropertyMap => ({
    metadata: { name, annotations: { "pulumi.com/skipAwait": "true", ...annotations } },
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x", ...container }] } } },
});

export const updateRows = (lab: () => Lab): Row[] => [
    {
        behaviour: "unchanged inputs are no change, and nothing is asked",
        source: official("provider/provider.go, Diff"),
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "same", configMap("same", { a: "1" }));
            const before = await lab().requests();
            expect(await lab().diff(made, configMap("same", { a: "1" }))).toMatchObject({ changes: false });
            expect(await lab().requests()).toBe(before);
        },
    },
    {
        behaviour: "what is only written in another way is no change",
        source: official("provider/provider.go, normalizeInputs"),
        differs: {
            official: "whether two values are the same is decided by types that are compiled in, for built-in kinds only",
            here: "the server decides, with a dry run: defaults that are written out, quantities and whatever webhooks do are no change, for any kind",
        },
        proof: async () => {
            const made = await lab().run.create(
                DEPLOYMENT,
                "quantity",
                deployment("quantity", {}, { resources: { limits: { cpu: "1000m" } } }),
            );
            const other = deployment("quantity", { progressDeadlineSeconds: 600 }, { resources: { limits: { cpu: "1" } } });
            expect(await lab().diff(made, other)).toEqual({ changes: false, replaces: [], detailedDiff: {} });
        },
    },
    {
        behaviour: "a field that must not change replaces only when it really changes",
        source: official("provider/diff.go"),
        proof: async () => {
            const made = await lab().run.create("batch/v1:Job", "steady", job("steady", { resources: { limits: { cpu: "1000m" } } }));
            expect(await lab().diff(made, job("steady", { resources: { limits: { cpu: "1" } } }))).toMatchObject({ changes: false });
            expect(await lab().diff(made, job("steady", { image: "y", resources: { limits: { cpu: "1" } } }))).toMatchObject({
                replaces: expect.arrayContaining(["spec.template.spec.containers[0].image"]),
                deleteBeforeReplace: true,
            });
        },
    },
    {
        behaviour: "a field that the API does not let change replaces the object, whether it is in the list or not",
        source: official("provider/diff.go"),
        differs: {
            official: "a change of a field that the API does not let change, but that is not in the provider's list, fails",
            here: "the server's own refusal replaces the object, naming the field",
        },
        proof: async () => {
            const made = await lab().run.create("core/v1:PersistentVolumeClaim", "mode", claim("mode", "Filesystem"));
            expect(await lab().diff(made, claim("mode", "Block", { a: "b" }))).toEqual({
                changes: true,
                replaces: ["spec.volumeMode"],
                detailedDiff: { "spec.volumeMode": "update-replace", "metadata.labels.a": "add" },
                deleteBeforeReplace: true,
            });
            const set = (spec: PropertyMap): PropertyMap => ({ ...deployment("set", spec), apiVersion: undefined as never });
            const stateful = await lab().run.create("apps/v1:StatefulSet", "set", set({ serviceName: "a" }));
            expect((await lab().diff(stateful, set({ serviceName: "b", replicas: 1 }))).replaces).toEqual(["spec.serviceName"]);
        },
    },
    {
        behaviour: "a change of a custom kind that its own rules forbid replaces the object",
        source: "kubernetes.io, CRD validation rules: transition rules",
        proof: async () => {
            const type = "fixed.example.org/v1:Thing";
            const thing = (size: number): PropertyMap => ({ metadata: { name: "fixed" }, spec: { size } });
            await lab().run.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "fixed", {
                metadata: { name: "things.fixed.example.org" },
                spec: {
                    group: "fixed.example.org",
                    scope: "Namespaced",
                    names: { plural: "things", singular: "thing", kind: "Thing" },
                    versions: [
                        {
                            name: "v1",
                            served: true,
                            storage: true,
                            schema: {
                                openAPIV3Schema: {
                                    type: "object",
                                    properties: {
                                        spec: {
                                            type: "object",
                                            properties: {
                                                size: {
                                                    type: "integer",
                                                    x_kubernetes_validations: [{ rule: "self == oldSelf", message: "size is immutable" }],
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    ],
                },
            });
            const made = await lab().run.create(type, "fixed", thing(1));
            expect((await lab().diff(made, thing(2))).replaces).toEqual(["spec.size"]);
        },
    },
    {
        behaviour: "data of ConfigMaps and Secrets replace them, unless the provider makes them mutable and they are not immutable",
        source: changelog("4.18.0"),
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "data", configMap("data", { a: "1" }));
            expect((await lab().diff(made, configMap("data", { a: "2" }))).replaces).toEqual(["data.a"]);
            const fixed = { ...configMap("fixed-data", { a: "1" }), immutable: true };
            await lab().with({ enableConfigMapMutable: true }, async (run) => {
                const checked = await run.check(made.urn, configMap("data", { a: "2" }), made.inputs);
                expect(await run.provider.diff(made.id, made.urn, made, checked, [], run.context())).toMatchObject({
                    changes: true,
                    replaces: [],
                });
                const immutable = await run.create(CONFIG_MAP, "fixed-data", fixed);
                const other = await run.check(immutable.urn, { ...fixed, data: { a: "2" } }, immutable.inputs);
                const diff = await run.provider.diff(immutable.id, immutable.urn, immutable, other, [], run.context());
                expect(diff.replaces).toEqual(["data.a"]);
            });
        },
    },
    {
        behaviour: "stringData that comes to the same data is no change of a Secret",
        source: changelog("4.5.0"),
        proof: async () => {
            const secret = (rest: PropertyMap): PropertyMap => ({ metadata: { name: "words" }, ...rest });
            const made = await lab().run.create("core/v1:Secret", "words", secret({ stringData: { a: "plain" } }));
            const data = { a: Buffer.from("plain").toString("base64") };
            expect(await lab().diff(made, secret({ data }))).toMatchObject({ changes: false });
        },
    },
    {
        behaviour: "the preview of an update promises what the server says, but for what the update itself decides",
        source: official("provider/provider.go, Update"),
        differs: {
            official: "a preview of an update shows the revision and the status of before",
            here: "they are unknown; the status only when something else is wanted of the object",
        },
        proof: async () => {
            const made = await lab().run.create(DEPLOYMENT, "foreseen", deployment("foreseen"));
            const outputs = await lab().foresee(made, deployment("foreseen", {}, { ports: [{ containerPort: 80 }] }));
            expect(outputs).toMatchObject({
                metadata: { resourceVersion: Unknown.instance },
                status: Unknown.instance,
                spec: { template: { spec: { containers: [{ ports: [{ containerPort: 80, protocol: "TCP" }] }] } } },
            });
            const labelled = { ...deployment("foreseen"), metadata: { name: "foreseen", labels: { a: "b" } } };
            expect((await lab().foresee(made, labelled))["status"]).not.toBe(Unknown.instance);
        },
    },
    {
        behaviour: "the preview of a create promises what is declared",
        source: official("provider/provider.go, Create"),
        differs: {
            official: "a preview of a create shows what a dry run made up: a uid, an address, a node port",
            here: "it shows what is declared; the rest is unknown",
        },
        proof: async () => {
            const made = await lab().run.create(
                "core/v1:Service",
                "not-yet",
                { metadata: { name: "not-yet" }, spec: { ports: [{ port: 80 }] } },
                { preview: true },
            );
            expect(made).toMatchObject({ id: "", outputs: { spec: { ports: [{ port: 80 }] } } });
            expect((made.outputs["metadata"] as PropertyMap)["uid"]).toBeUndefined();
        },
    },
    {
        behaviour: "an update of an object that is gone",
        source: official("await/await.go, Update"),
        differs: {
            official: "an update of an object that was deleted by hand fails",
            here: "the object is made again, with a warning",
        },
        proof: async () => {
            const made = await lab().run.create(CONFIG_MAP, "vanished", configMap("vanished", {}, { labels: { a: "1" } }));
            await lab().other.request("DELETE", `${MAPS}/vanished`);
            await lab().run.update(made, configMap("vanished", {}, { labels: { a: "2" } }));
            expect((await lab().live(`${MAPS}/vanished`)).metadata.labels).toEqual({ a: "2" });
            expect(lab().run.said.logs.at(-1)).toMatch(/^warning: default\/vanished had been deleted outside of this program/);
        },
    },
    {
        behaviour: "a field that does not exist is refused by its path, before anything is written",
        source: "kubernetes.io, field validation: Strict",
        differs: {
            official: "fields that the server does not know are a warning of the server or are dropped",
            here: "they are refused by their path, in previews too",
        },
        proof: async () => {
            const made = await lab().run.create(DEPLOYMENT, "strict", deployment("strict"));
            expect((await rejection(lab().diff(made, deployment("strict", { replica: 1 })))).message).toMatch(
                /spec\.replica is not a field of this kind/,
            );
        },
    },
    {
        behaviour: "what admission refuses in a preview is a warning, since the same run may change it",
        source: official("provider/provider.go, Create: IsForbidden"),
        differs: {
            official: "a preview says nothing of what a quota, a policy or a webhook refuses",
            here: "it warns about it",
        },
        proof: async () => {
            await lab().other.request("POST", "/api/v1/namespaces", {
                body: {
                    apiVersion: "v1",
                    kind: "Namespace",
                    metadata: { name: "full", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
                },
            });
            const pod = { metadata: { name: "root", namespace: "full" }, spec: { containers: [{ name: "c", image: "x" }] } };
            await lab().run.create("core/v1:Pod", "root", pod, { preview: true });
            expect(lab().run.said.logs.at(-1)).toMatch(/^warning: cannot create Pod full\/root: .*PodSecurity/);
        },
    },
    {
        behaviour: "pulumi.com/replaceUnready replaces a Job that has not completed",
        source: official("provider/provider.go, Diff: ReplaceUnready"),
        proof: async () => {
            const annotated = job("unready", {}, { "pulumi.com/replaceUnready": "true" });
            const made = await lab().run.create("batch/v1:Job", "unready", annotated);
            expect((await lab().diff(made, annotated)).replaces).toEqual(['metadata.annotations["pulumi.com/replaceUnready"]']);
            const conditions = ["SuccessCriteriaMet", "Complete"].map((type) => ({ type, status: "True" }));
            const time = new Date().toISOString().replace(/\.\d+/, "");
            await lab().other.request("PATCH", "/apis/batch/v1/namespaces/default/jobs/unready/status", {
                body: { status: { conditions, startTime: time, completionTime: time, succeeded: 1 } },
                contentType: "application/merge-patch+json",
            });
            expect(await lab().diff(made, annotated)).toMatchObject({ changes: false });
        },
    },
    {
        behaviour: "a List is refused",
        source: official("provider/provider.go, Check"),
        proof: async () => {
            await expect(lab().run.check(urnOf("core/v1:ConfigMapList", "list"), {})).rejects.toThrow(/lists only exist/);
        },
    },
];
