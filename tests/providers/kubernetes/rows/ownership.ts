/** The semantics of ownership: creates, conflicts, hand-overs, patches, and state of the official provider. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the rows that use them */
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import type { Row } from "../../command/support/semantics.ts";
import { rejection, urnOf, type Made } from "../support.ts";
import { changelog, CONFIG_MAP, configMap, deployment, DEPLOYMENT, DEPLOYMENTS, MAPS, official, type Lab } from "./lab.ts";

const PATCH = "core/v1:ConfigMapPatch";
const manifest = (name: string, data: PropertyMap): { [key: string]: never } =>
    ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }) as never;
const patchOf = (name: string, data: PropertyMap, annotations: PropertyMap = {}): PropertyMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, annotations },
    data,
});
const scaled = (name: string, replicas: number): { [key: string]: never } =>
    ({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec: { replicas } }) as never;

export const ownershipRows = (lab: () => Lab): Row[] => {
    const data = async (name: string): Promise<unknown> => (await lab().live(`${MAPS}/${name}`))["data"];
    const replicas = async (name: string): Promise<unknown> =>
        ((await lab().live(`${DEPLOYMENTS}/${name}`))["spec"] as PropertyMap)["replicas"];
    return [
        {
            behaviour: "each resource has a field manager of its own, kept in the state",
            source: official("provider/provider.go, fieldManagerName"),
            differs: {
                official: "the field manager is random",
                here: "it is derived from the resource's URN, so that interrupted creates can be taken up",
            },
            proof: async () => {
                const made = await lab().run.create(CONFIG_MAP, "managed", configMap("managed", { a: "1" }));
                expect(made.outputs["__fieldManager"]).toMatch(/^pulumi-kubernetes-[0-9a-f]{8}$/);
                const again = await lab().run.create(CONFIG_MAP, "managed", configMap("managed", { a: "1" }));
                expect(again.outputs["__fieldManager"]).toBe(made.outputs["__fieldManager"]);
            },
        },
        {
            behaviour: "a create of what exists fails and leaves it as it is",
            source: changelog("4.29.0"),
            differs: {
                official: "a create is a plain POST",
                here: "a create is a server-side apply, after a look whether the object exists",
            },
            proof: async () => {
                await lab().apply(`${MAPS}/taken`, manifest("taken", { a: "1" }), "somebody");
                const create = lab().run.create(CONFIG_MAP, "taken", configMap("taken", { b: "2" }));
                expect((await rejection(create)).message).toMatch(/^ConfigMap default\/taken exists already/);
                expect(await data("taken")).toEqual({ a: "1" });
                await lab().with({ upsertExistingObjects: true }, async (run) => {
                    await run.create(CONFIG_MAP, "taken", configMap("taken", { b: "2" }));
                });
                expect(await data("taken")).toEqual({ a: "1", b: "2" });
            },
        },
        {
            behaviour: "a conflict fails naming field and manager, in a preview as well, unless patchForce or enablePatchForce is set",
            source: changelog("4.29.0"),
            proof: async () => {
                const made = await lab().run.create(CONFIG_MAP, "fought", configMap("fought", {}, { labels: { a: "1" } }));
                const theirs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "fought", labels: { a: "2" } } };
                await lab().apply(`${MAPS}/fought`, theirs, "somebody", true);
                const wanted = configMap("fought", {}, { labels: { a: "3" } });
                const said = /owns metadata\.labels\.a \(managed by "somebody"\)/;
                await expect(lab().foresee(made, wanted)).rejects.toThrow(said);
                await expect(lab().run.update(made, wanted)).rejects.toThrow(said);
                await lab().with({ enablePatchForce: true }, async (run) => void (await run.update(made, wanted)));
                expect((await lab().live(`${MAPS}/fought`)).metadata.labels).toEqual({ a: "3" });
            },
        },
        {
            behaviour: "ignoreChanges leaves a field to whoever else owns it, and keeps what it is otherwise",
            source: official("await/await.go, handleSSAIgnoreFields"),
            proof: async () => {
                const made = await lab().run.create(DEPLOYMENT, "ignored", deployment("ignored"));
                await lab().apply(`${DEPLOYMENTS}/ignored`, scaled("ignored", 5), "autoscaler", true);
                const inputs = await lab().run.check(made.urn, deployment("ignored", { minReadySeconds: 3 }), made.inputs);
                await lab().run.provider.update(made.id, made.urn, made, inputs, ["spec.replicas"], lab().run.context());
                expect(await replicas("ignored")).toBe(5);
                const { metadata } = await lab().live(`${DEPLOYMENTS}/ignored`);
                const own = metadata.managedFields?.find(({ manager }) => manager === made.outputs["__fieldManager"]);
                expect(JSON.stringify(own)).not.toContain("f:replicas");
            },
        },
        {
            behaviour: "a field that is no longer declared is given up, also when another owner keeps its value",
            source: "kubernetes.io, server-side apply: transferring ownership",
            proof: async () => {
                const made = await lab().run.create(DEPLOYMENT, "shared", deployment("shared", { replicas: 2 }));
                await lab().apply(`${DEPLOYMENTS}/shared`, scaled("shared", 2), "autoscaler");
                const { replicas: _, ...spec } = deployment("shared")["spec"] as Record<string, never>;
                const without = { ...deployment("shared"), spec };
                expect((await lab().diff(made, without)).detailedDiff).toEqual({ "spec.replicas": "delete" });
                await lab().run.update(made, without);
                await lab().apply(`${DEPLOYMENTS}/shared`, scaled("shared", 3), "autoscaler");
                expect(await replicas("shared")).toBe(3);
            },
        },
        {
            behaviour: "what kubectl applied before is taken over by the first update, and what is not declared of it is removed",
            source: changelog("3.22.2"),
            proof: async () => {
                const body = manifest("kubectled", { a: "1", b: "1" });
                await lab().other.request("POST", MAPS, { query: { fieldManager: "kubectl-client-side-apply" }, body });
                const urn = urnOf(CONFIG_MAP, "kubectled");
                const read = await lab().run.provider.read("default/kubectled", urn, undefined, lab().run.context());
                const made: Made = { id: "default/kubectled", urn, inputs: read.inputs as PropertyMap, outputs: read.props as PropertyMap };
                await lab().run.update(made, configMap("kubectled", { b: "2" }));
                expect(await data("kubectled")).toEqual({ b: "2" });
                const { metadata } = await lab().live(`${MAPS}/kubectled`);
                expect(metadata.managedFields?.map(({ manager }) => manager)).toEqual([made.outputs["__fieldManager"]]);
            },
        },
        {
            behaviour: "a state that the official engine made is continued with its field manager",
            source: official("provider/provider.go, checkpointObject"),
            proof: async () => {
                const body = manifest("official", { a: "1", b: "1" });
                const { body: live } = await lab().other.request<PropertyMap>("POST", MAPS, {
                    query: { fieldManager: "pulumi-kubernetes" },
                    body,
                });
                const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "official" }, data: { a: "1", b: "1" } };
                const internal = { __inputs: inputs, __initialApiVersion: "v1", __fieldManager: "pulumi-kubernetes-1f2e3d4c" };
                const made: Made = { id: "official", urn: urnOf(CONFIG_MAP, "official"), inputs, outputs: { ...live, ...internal } };
                expect(await lab().diff(made, inputs)).toMatchObject({ changes: false });
                const updated = await lab().run.update(made, configMap("official", { b: "1" }, { labels: { a: "b" } }));
                expect(updated.outputs).toMatchObject({
                    data: { b: "1" },
                    __fieldManager: "pulumi-kubernetes-1f2e3d4c",
                    __initialApiVersion: "v1",
                });
                expect([updated.outputs["data"], updated.outputs["__inputs"]]).toEqual([{ b: "1" }, updated.inputs]);
            },
        },
        {
            behaviour: "another pulumi.com/patchFieldManager takes the fields of the one before",
            source: official("provider/provider.go, Update: fieldManagerOld"),
            proof: async () => {
                const named = (manager: string, values: PropertyMap): PropertyMap =>
                    configMap("renamed", values, { annotations: { "pulumi.com/patchFieldManager": manager } });
                const made = await lab().run.create(CONFIG_MAP, "renamed", named("first", { a: "1", b: "1" }));
                const updated = await lab().run.update(made, named("second", { b: "1" }));
                expect(updated.outputs["__fieldManager"]).toBe("second");
                const { metadata, ...rest } = await lab().live(`${MAPS}/renamed`);
                expect([metadata.managedFields?.map(({ manager }) => manager), rest["data"]]).toEqual([["second"], { b: "1" }]);
            },
        },
        {
            behaviour: "a Patch owns its fields of somebody else's object, and gives them up when it is deleted",
            source: changelog("3.20.0"),
            proof: async () => {
                await lab().apply(`${MAPS}/patched`, manifest("patched", { theirs: "1" }), "somebody");
                const made = await lab().run.create(PATCH, "patched", patchOf("patched", { ours: "1" }));
                expect(made.id).toBe("default/patched");
                expect(await data("patched")).toEqual({ theirs: "1", ours: "1" });
                const diff = await lab().diff(made, patchOf("patched", { ours: "2" }));
                expect(diff).toMatchObject({ replaces: [], detailedDiff: { "data.ours": "update" } });
                const updated = await lab().run.update(made, patchOf("patched", { ours: "2" }));
                expect((await lab().run.refresh(updated))?.inputs).toEqual(updated.inputs);
                await lab().run.delete(updated);
                expect(await data("patched")).toEqual({ theirs: "1" });
            },
        },
        {
            behaviour: "a Patch does not take over what kubectl wrote beside it",
            source: changelog("4.5.2"),
            proof: async () => {
                await lab().apply(`${MAPS}/beside`, manifest("beside", { theirs: "1" }), "kubectl");
                const made = await lab().run.create(PATCH, "beside", patchOf("beside", { ours: "1" }));
                await lab().run.update(made, patchOf("beside", { ours: "2" }));
                expect(await data("beside")).toEqual({ theirs: "1", ours: "2" });
            },
        },
        {
            behaviour: "a Patch fails for fields of others, unless it is forced",
            source: official("await/await.go, Creation"),
            proof: async () => {
                await lab().apply(`${MAPS}/guarded`, manifest("guarded", { theirs: "1" }), "somebody");
                const create = (annotations: PropertyMap): Promise<Made> =>
                    lab().run.create(PATCH, "guarded", patchOf("guarded", { theirs: "2" }, annotations));
                expect((await rejection(create({}))).message).toMatch(/another field manager owns data\.theirs \(managed by "somebody"\)/);
                await create({ "pulumi.com/patchForce": "true" });
                expect(await data("guarded")).toEqual({ theirs: "2" });
            },
        },
        {
            behaviour: "a Patch is not asked of the server in the preview of its create, and needs a name",
            source: official("provider/provider.go, Create: skipPreview"),
            proof: async () => {
                const before = await lab().requests();
                await lab().run.create(PATCH, "early", patchOf("not-there", { a: "1" }), { preview: true });
                expect(await lab().requests()).toBe(before);
                const nameless = lab().run.check(urnOf(PATCH, "nameless"), { apiVersion: "v1", kind: "ConfigMap", data: {} });
                expect((await rejection(nameless)).message).toMatch(/^metadata\.name: a Patch resource/);
            },
        },
        {
            behaviour: "a Patch of an object that does not exist makes it",
            source: official("await/await.go, Creation"),
            proof: async () => {
                const made = await lab().run.create(PATCH, "first", patchOf("first", { a: "1" }));
                expect(await data("first")).toEqual({ a: "1" });
                expect(lab().run.said.logs.at(-1)).toMatch(/^warning: ConfigMap default\/first did not exist, so the patch made it/);
                await lab().run.delete(made);
                expect((await lab().live(`${MAPS}/first`))["data"]).toBeUndefined();
            },
        },
        {
            behaviour: "the delete of a Patch of a required field fails and says what to do",
            source: official("provider/provider.go, Delete: IsDeleteRequiredFieldErr"),
            proof: async () => {
                const patch = { apiVersion: "apps/v1", kind: "Deployment", ...deployment("required") };
                const made = await lab().run.create("apps/v1:DeploymentPatch", "required", patch);
                expect((await rejection(lab().run.delete(made))).message).toMatch(
                    /^Deployment default\/required cannot be without .*retainOnDelete/,
                );
            },
        },
        {
            behaviour: "the delete of a Patch whose object is gone",
            source: official("ssa/actions.go, Relinquish"),
            differs: {
                official: "the delete of a Patch whose object is gone makes an empty object, or fails",
                here: "it has nothing to do",
            },
            proof: async () => {
                await lab().apply(`${MAPS}/away`, manifest("away", { theirs: "1" }), "somebody");
                const made = await lab().run.create(PATCH, "away", patchOf("away", { ours: "1" }));
                await lab().other.request("DELETE", `${MAPS}/away`);
                await lab().run.delete(made);
                expect(await rejection(lab().live(`${MAPS}/away`))).toMatchObject({ code: 404 });
            },
        },
        {
            behaviour: "a Patch is not imported",
            source: official("provider/provider.go, Read"),
            differs: {
                official: "a Patch can be read by id, with all of the object as what it declares",
                here: "refused by name: its program declares what it owns",
            },
            proof: async () => {
                const read = lab().run.provider.read("default/kube-root-ca.crt", urnOf(PATCH, "import"), undefined, lab().run.context());
                expect((await rejection(read)).message).toMatch(/a Patch resource owns what its program declares/);
            },
        },
        {
            behaviour: "an import of what was applied has as inputs the fields that were applied",
            source: official("provider/provider.go, Read: readFromCluster"),
            differs: {
                official: "an imported object has all its fields as inputs, defaults included",
                here: "one that was applied, by kubectl or on the server, has the fields that were; any other one has all",
            },
            proof: async () => {
                const body = { apiVersion: "apps/v1", kind: "Deployment", ...deployment("applied") };
                const { annotations } = deployment("applied")["metadata"] as { annotations: PropertyMap };
                const last = { ...annotations, "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(body) };
                const annotated = { ...body, metadata: { name: "applied", annotations: last } };
                await lab().other.request("POST", DEPLOYMENTS, {
                    query: { fieldManager: "kubectl-client-side-apply" },
                    body: annotated as never,
                });
                await lab().apply(`${DEPLOYMENTS}/ssa`, { ...body, ...deployment("ssa") } as never, "somebody");
                for (const name of ["applied", "ssa"]) {
                    const { inputs } = await lab().run.provider.read(
                        `default/${name}`,
                        urnOf(DEPLOYMENT, name),
                        undefined,
                        lab().run.context(),
                    );
                    const { metadata, ...rest } = deployment(name);
                    expect(inputs).toEqual({
                        apiVersion: "apps/v1",
                        kind: "Deployment",
                        ...rest,
                        metadata: { ...(metadata as PropertyMap), namespace: "default" },
                    });
                }
            },
        },
    ];
};
