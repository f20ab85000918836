/** Objects on a real API server: what the provider writes, reads, refuses and leaves alone. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { PartialError } from "../../../embedded/engine/provider.ts";
import { Secret, type PropertyMap } from "../../../embedded/engine/values.ts";
import type { Client } from "../../../embedded/providers/kubernetes/client.ts";
import type { Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { eventually, otherClient, rejection, Run, urnOf } from "./support.ts";

const CONFIG_MAP = "core/v1:ConfigMap";
const apply = (client: Client, path: string, body: Manifest, manager: string, force = false): Promise<unknown> =>
    client.request("PATCH", path, { query: { fieldManager: manager, force }, body, contentType: "application/apply-patch+yaml" });

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
                subresources: { status: {} },
                schema: {
                    openAPIV3Schema: {
                        type: "object",
                        properties: {
                            spec: { type: "object", properties: { size: { x_kubernetes_int_or_string: true } } },
                            status: { type: "object", x_kubernetes_preserve_unknown_fields: true },
                        },
                    },
                },
            },
        ],
    },
});

(await describeWithApiServer())("objects", () => {
    let server: ApiServer;
    let run: Run;
    let other: Client;

    beforeAll(async () => {
        server = await startApiServer({ controllers: true });
        run = await Run.on(server.kubeconfig());
        other = otherClient(server.kubeconfig());
    }, 90_000);
    afterAll(async () => {
        await run?.provider.close();
        await other?.close();
        await server?.stop();
    });

    const live = (path: string): Promise<Manifest> => other.get<Manifest>(path);
    const writes = (): number => {
        const { patch = 0, create = 0, update = 0, delete: deleted = 0 } = server.requests();
        return patch + create + update + deleted;
    };

    it("are created, found the same without a request, and deleted", async () => {
        const namespace = await run.create("core/v1:Namespace", "thin", { metadata: { name: "thin" } });
        const map = await run.create(CONFIG_MAP, "map", { metadata: { name: "map", namespace: "thin" }, data: { a: "b" } });
        expect([namespace.id, map.id]).toEqual(["thin", "thin/map"]);
        expect(map.outputs).toMatchObject({
            kind: "ConfigMap",
            data: { a: "b" },
            metadata: { uid: expect.any(String) },
            __fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/),
        });
        expect((map.outputs["metadata"] as PropertyMap)["managedFields"]).toBeUndefined();

        const fresh = await Run.on(server.kubeconfig());
        const before = server.requests();
        for (const made of [namespace, map]) {
            const checked = await fresh.check(made.urn, made.inputs, made.inputs);
            expect(await fresh.provider.diff(made.id, made.urn, made, checked, [], fresh.context())).toMatchObject({ changes: false });
        }
        expect(server.requests()).toEqual(before);
        await fresh.provider.close();

        await run.delete(map);
        await run.delete(namespace);
        expect(await rejection(live("/api/v1/namespaces/thin"))).toMatchObject({ code: 404 });
        await run.delete(namespace);
    });

    it("get a generated name and the default namespace of the provider", async () => {
        const map = await run.create(CONFIG_MAP, "auto", { data: {} });
        expect(map.id).toMatch(/^default\/auto-[0-9a-f]{8}$/);
        expect((await live(`/api/v1/namespaces/default/configmaps/${map.id.split("/")[1]}`)).metadata.annotations).toEqual({
            "pulumi.com/autonamed": "true",
        });
    });

    it("that exist already are not taken over, unless the provider is told to", async () => {
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs" }, data: { a: "1" } };
        await apply(other, "/api/v1/namespaces/default/configmaps/theirs", body, "somebody");
        const before = await live("/api/v1/namespaces/default/configmaps/theirs");
        const inputs = { metadata: { name: "theirs" }, data: { b: "2" } };
        const error = await rejection(run.create(CONFIG_MAP, "theirs", inputs));
        expect(error.message).toMatch(
            /^ConfigMap default\/theirs exists already and was not made by this resource\..*upsertExistingObjects/,
        );
        expect(error).not.toBeInstanceOf(PartialError);
        expect(await live("/api/v1/namespaces/default/configmaps/theirs")).toEqual(before);

        const upserting = await Run.on(server.kubeconfig(), { upsertExistingObjects: "true" });
        expect((await upserting.create(CONFIG_MAP, "theirs", inputs)).outputs["data"]).toEqual({ a: "1", b: "2" });
        await upserting.provider.close();
    });

    it("of the same resource are taken up again after a run that was killed before it could remember", async () => {
        const first = await run.create(CONFIG_MAP, "killed", { metadata: { name: "killed" }, data: { a: "1" } });
        const again = await run.create(CONFIG_MAP, "killed", { metadata: { name: "killed" }, data: { a: "1", b: "2" } });
        expect(again.outputs["data"]).toEqual({ a: "1", b: "2" });
        expect((again.outputs["metadata"] as PropertyMap)["uid"]).toBe((first.outputs["metadata"] as PropertyMap)["uid"]);
        expect(run.said.logs).toContainEqual(expect.stringContaining("interrupted: taken up again"));
    });

    it("that are to be replaced are not mistaken for those of a killed run", async () => {
        const made = await run.create(CONFIG_MAP, "replaced", { metadata: { name: "replaced" }, data: { a: "1" } });
        const checked = await run.check(made.urn, { metadata: { name: "replaced" }, data: { a: "2" } }, made.inputs);
        const create = (): Promise<unknown> => run.provider.create(made.urn, checked, run.context());
        expect((await rejection(create())).message).toMatch(/exists already/);
        expect(await run.provider.diff(made.id, made.urn, made, checked, [], run.context())).toMatchObject({
            replaces: ["data.a"],
            deleteBeforeReplace: true,
        });
        expect((await rejection(create())).message).toMatch(/exists already/);
        await run.delete(made);
        await create();
        await create(); // As after a run that was killed between the two halves of the replacement.
        expect((await live("/api/v1/namespaces/default/configmaps/replaced"))["data"]).toEqual({ a: "2" });
    });

    it("are won by one of two that create them at the same time", async () => {
        const inputs = (value: string): PropertyMap => ({ metadata: { name: "race" }, data: { [value]: value } });
        const outcomes = await Promise.allSettled([
            run.create(CONFIG_MAP, "race-a", inputs("a")),
            run.create(CONFIG_MAP, "race-b", inputs("b")),
        ]);
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
        const winner = outcomes[0]?.status === "fulfilled" ? "a" : "b";
        expect((await live("/api/v1/namespaces/default/configmaps/race"))["data"]).toEqual({ [winner]: winner });
    });

    it("lose the fields that are no longer declared and keep those of others", async () => {
        const map = await run.create(CONFIG_MAP, "fields", { metadata: { name: "fields" }, data: { a: "1", b: "2" } });
        const path = "/api/v1/namespaces/default/configmaps/fields";
        await apply(other, path, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "fields" }, data: { theirs: "x" } }, "somebody");
        const updated = await run.update(map, { metadata: { name: "fields" }, data: { b: "3" } });
        expect(updated.outputs["data"]).toEqual({ b: "3", theirs: "x" });
        expect(updated.outputs["__fieldManager"]).toBe(map.outputs["__fieldManager"]);
    });

    it("that somebody else wrote to say who and where, and are overwritten only by force", async () => {
        const map = await run.create(CONFIG_MAP, "contested", { metadata: { name: "contested" }, data: { a: "1" } });
        const path = "/api/v1/namespaces/default/configmaps/contested";
        await apply(
            other,
            path,
            { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "contested" }, data: { a: "2" } },
            "their-controller",
            true,
        );
        const inputs = { metadata: { name: "contested" }, data: { a: "3" } };
        expect((await rejection(run.update(map, inputs))).message).toBe(
            'cannot update ConfigMap default/contested: another field manager owns data.a (managed by "their-controller"). Leave these fields out, or take them over with the annotation pulumi.com/patchForce: "true"',
        );
        expect((await live(path))["data"]).toEqual({ a: "2" });
        const forced = await run.update(map, {
            ...inputs,
            metadata: { name: "contested", annotations: { "pulumi.com/patchForce": "true" } },
        });
        expect(forced.outputs["data"]).toEqual({ a: "3" });
    });

    it("are made again by an update when they were deleted by hand", async () => {
        const map = await run.create(CONFIG_MAP, "lost", { metadata: { name: "lost" }, data: { a: "1" } });
        await other.request("DELETE", "/api/v1/namespaces/default/configmaps/lost");
        expect(await run.refresh(map)).toBeUndefined();
        await run.update(map, { metadata: { name: "lost" }, data: { a: "2" } });
        expect(run.said.logs).toContainEqual("warning: default/lost had been deleted outside of this program: created again");
        expect((await live("/api/v1/namespaces/default/configmaps/lost"))["data"]).toEqual({ a: "2" });
    });

    it("show drift, and no drift where there is none", async () => {
        const inputs = {
            metadata: { name: "drift" },
            spec: { selector: { app: "a" }, ports: [{ port: 80 }] },
        };
        const service = await run.create("core/v1:Service", "drift", {
            ...inputs,
            metadata: { name: "drift", annotations: { "pulumi.com/skipAwait": "true" } },
        });
        expect((await run.refresh(service))?.inputs).toEqual(service.inputs);
        await other.request("PATCH", "/api/v1/namespaces/default/services/drift", {
            body: { spec: { selector: { app: "b" } } },
            contentType: "application/merge-patch+json",
        });
        const drifted = await run.refresh(service);
        expect(drifted?.inputs["spec"]).toEqual({ selector: { app: "b" }, ports: [{ port: 80 }] });
        const diff = await run.provider.diff(service.id, service.urn, drifted ?? service, service.inputs, [], run.context());
        expect(diff.detailedDiff).toEqual({ "spec.selector.app": "update" });
    });

    it("keep quantities and stringData as they were declared", async () => {
        await run.create("core/v1:Namespace", "quota", { metadata: { name: "quota" } });
        const quota = await run.create("core/v1:ResourceQuota", "quota", {
            metadata: { name: "quota", namespace: "quota" },
            spec: { hard: { "requests.cpu": "1000m" } },
        });
        expect((await run.refresh(quota))?.inputs).toEqual(quota.inputs);
        const secret = await run.create("core/v1:Secret", "string-data", { metadata: { name: "string-data" }, stringData: { a: "plain" } });
        expect((await run.refresh(secret))?.inputs).toEqual(secret.inputs);
    });

    it("that were never declared are read by id", async () => {
        const urn = urnOf("core/v1:Namespace", "known");
        const { id, props, inputs } = await run.provider.read("kube-system", urn, undefined, run.context());
        expect([id, (props as PropertyMap)["kind"], inputs]).toEqual([
            "kube-system",
            "Namespace",
            {
                apiVersion: "v1",
                kind: "Namespace",
                metadata: { name: "kube-system", labels: { "kubernetes.io/metadata.name": "kube-system" } },
                spec: { finalizers: ["kubernetes"] },
            },
        ]);
        expect((await run.provider.read("nothing", urn, undefined, run.context())).id).toBe("");
    });

    it("of kind Secret never show their data", async () => {
        const urn = urnOf("core/v1:Secret", "hidden");
        const inputs = await run.check(urn, { metadata: { name: "hidden" }, stringData: { password: "hunter22" } });
        const { outs } = await run.provider.create(urn, inputs, run.context());
        expect((outs as PropertyMap)["data"]).toEqual(new Secret({ password: Buffer.from("hunter22").toString("base64") }));
        const preview = await run.provider.update(
            "default/hidden",
            urn,
            { inputs, outputs: outs as PropertyMap },
            inputs,
            [],
            run.context({ preview: true }),
        );
        expect((preview.outs as PropertyMap)["stringData"]).toBeInstanceOf(Secret);
    });

    it("are validated in a preview, which writes nothing", async () => {
        const before = writes();
        const deployment = (spec: PropertyMap): PropertyMap => ({
            metadata: { name: "typo" },
            spec: {
                selector: { matchLabels: { a: "b" } },
                template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x" }] } },
                ...spec,
            },
        });
        const preview = (spec: PropertyMap): Promise<unknown> =>
            run.create("apps/v1:Deployment", "typo", deployment(spec), { preview: true });
        expect((await rejection(preview({ replica: 1 }))).message).toBe(
            "cannot create Deployment default/typo: spec.replica is not a field of this kind. Check the spelling",
        );
        const homeless = run.create(
            "apps/v1:Deployment",
            "typo",
            { ...deployment({ replica: 1 }), metadata: { name: "typo", namespace: "not-yet" } },
            { preview: true },
        );
        expect((await rejection(homeless)).message).toBe(
            "cannot create Deployment not-yet/typo: spec.replica is not a field of this kind. Check the spelling",
        );
        expect((await rejection(preview({ replicas: "two" }))).message).toMatch(/spec\.replicas: expected numeric/);
        expect((await rejection(preview({ replicas: -1 }))).message).toMatch(
            /^cannot create Deployment default\/typo: spec\.replicas: Invalid value: -1/,
        );
        const { id, outputs } = (await preview({ replicas: 1 })) as { id: string; outputs: PropertyMap };
        expect([id, outputs["status"], (outputs["metadata"] as PropertyMap)["uid"]]).toEqual(["", undefined, undefined]);
        expect((await rejection(live("/apis/apps/v1/namespaces/default/deployments/typo"))).message).toMatch(/not found/);
        // Dry runs are counted among the writes of the audit log, so the objects themselves are what is looked at.
        expect(writes()).toBeGreaterThanOrEqual(before);
    });

    it("may in a preview miss their namespace, their kind and values", async () => {
        await run.create(CONFIG_MAP, "early", { metadata: { name: "early", namespace: "not-yet" } }, { preview: true });
        await run.create("example.org/v1:Unheard", "early", { metadata: { name: "early" } }, { preview: true });
        expect(run.said.logs.filter((line) => line.includes("unreachable"))).toEqual([]);
    });

    it("wait a little for a namespace and a kind that the same run makes", async () => {
        const group = "late.example.org";
        const [, , thing, map] = await Promise.all([
            run.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "late", definition(group)),
            run.create("core/v1:Namespace", "late", { metadata: { name: "late" } }),
            run.create(`${group}/v1:Thing`, "late", { metadata: { name: "late", namespace: "late" }, spec: { size: 1 } }),
            run.create(CONFIG_MAP, "late", { metadata: { name: "late", namespace: "late" } }),
        ]);
        expect([thing.id, map.id]).toEqual(["late/late", "late/late"]);
    }, 40_000);

    it("of custom kinds are validated strictly, are gone with their definition, and say after a while that it is missing", async () => {
        const group = "strict.example.org";
        const crd = await run.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "strict", definition(group));
        expect((await run.refresh(crd))?.inputs).toEqual(crd.inputs);
        const type = `${group}/v1:Thing`;
        const error = await rejection(run.create(type, "typo", { metadata: { name: "typo" }, spec: { sizes: 1 } }));
        expect(error.message).toBe("cannot create Thing default/typo: spec.sizes is not a field of this kind. Check the spelling");
        const thing = await run.create(type, "good", { metadata: { name: "good" }, spec: { size: "1" } });
        await run.delete(crd);
        expect(await run.refresh(thing)).toBeUndefined();
        await run.delete(thing);
        const [unknown, homeless] = await Promise.all([
            rejection(run.create(type, "after", { metadata: { name: "after" } })),
            rejection(run.create(CONFIG_MAP, "never", { metadata: { name: "never", namespace: "never" } })),
        ]);
        expect(unknown.message).toMatch(
            /^the cluster does not know the kind Thing of strict\.example\.org\/v1\. Create the CustomResourceDefinition first/,
        );
        expect(homeless.message).toBe(
            'cannot create ConfigMap never/never: namespaces "never" not found. Declare the namespace as a resource and refer to it, or create it',
        );
    }, 60_000);

    it("that do not go are waited for, and say what holds them", async () => {
        const namespace = await run.create("core/v1:Namespace", "held", { metadata: { name: "held" } });
        const map = await run.create(CONFIG_MAP, "held", {
            metadata: { name: "held", namespace: "held", finalizers: ["example.org/hold"] },
        });
        const error = await rejection(run.delete(namespace, { timeoutSeconds: 8 }));
        expect(error).toBeInstanceOf(PartialError);
        expect(error.message).toMatch(
            /^Namespace held is still there after 8 s: .*configmaps\. has 1 resource instances.*example\.org\/hold/s,
        );
        const interrupt = new AbortController();
        setTimeout(() => interrupt.abort(), 200);
        expect((await rejection(run.delete(map, { signal: interrupt.signal }))).message).toMatch(
            /ConfigMap held\/held is being deleted, but the run was interrupted.*finalizer example\.org\/hold/,
        );
        const deleting = run.delete(namespace);
        await other.request("PATCH", "/api/v1/namespaces/held/configmaps/held", {
            body: { metadata: { finalizers: null } },
            contentType: "application/merge-patch+json",
        });
        await deleting;
        expect(await run.refresh(namespace)).toBeUndefined();
    }, 40_000);

    it("leave their dependents behind when they are deleted as orphaning", async () => {
        const annotations = { "pulumi.com/deletionPropagationPolicy": "orphan", "pulumi.com/skipAwait": "true" };
        const spec = {
            replicas: 1,
            selector: { matchLabels: { app: "orphan" } },
            template: { metadata: { labels: { app: "orphan" } }, spec: { containers: [{ name: "c", image: "x" }] } },
        };
        const set = await run.create("apps/v1:ReplicaSet", "orphan", { metadata: { name: "orphan", annotations }, spec });
        const pods = async (): Promise<number> =>
            ((await other.get("/api/v1/namespaces/default/pods", { labelSelector: "app=orphan" }))["items"] as readonly unknown[]).length;
        await eventually(async () => ((await pods()) ? true : undefined));
        await run.delete(set);
        expect(await pods()).toBe(1);
    });

    it("survive a restart of the API server in the middle of a run", async () => {
        await run.create(CONFIG_MAP, "before", { metadata: { name: "before" } });
        const restarted = server.restart();
        const map = await run.create(CONFIG_MAP, "during", { metadata: { name: "during" }, data: { a: "b" } });
        await restarted;
        expect(map.id).toBe("default/during");
    }, 60_000);
});
