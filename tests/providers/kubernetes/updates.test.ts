/** What an update would come to, as a real API server sees it, and what it takes over from those who wrote before. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";
import type { DiffResult } from "../../../embedded/engine/provider.ts";
import type { Client } from "../../../embedded/providers/kubernetes/client.ts";
import type { JsonObject, Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { otherClient, rejection, Run, urnOf, type Made } from "./support.ts";

const CONFIG_MAP = "core/v1:ConfigMap";
const MAPS = "/api/v1/namespaces/default/configmaps";

(await describeWithApiServer())("an update", () => {
    let server: ApiServer;
    let run: Run;
    let other: Client;

    beforeAll(async () => {
        server = await startApiServer();
        run = await Run.on(server.kubeconfig(), { enableConfigMapMutable: true, enableSecretMutable: true });
        other = otherClient(server.kubeconfig());
    }, 90_000);
    afterAll(async () => {
        await run?.provider.close();
        await other?.close();
        await server?.stop();
    });

    const live = (path: string): Promise<Manifest> => other.get<Manifest>(path);
    const diff = async (made: Made, inputs: PropertyMap, preview = true): Promise<DiffResult> => {
        const checked = await run.check(made.urn, inputs, made.inputs);
        return run.provider.diff(made.id, made.urn, made, checked, [], run.context({ preview }));
    };

    describe("is no change", () => {
        const deployment = (container: PropertyMap, spec: PropertyMap = {}): PropertyMap => ({
            metadata: { name: "defaults", annotations: { "pulumi.com/skipAwait": "true" } },
            spec: {
                replicas: 0,
                selector: { matchLabels: { a: "b" } },
                template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x", ...container }] } },
                ...spec,
            },
        });
        let made: Made;
        beforeAll(async () => {
            made = await run.create("apps/v1:Deployment", "defaults", deployment({ resources: { limits: { cpu: "1000m" } } }));
        });

        it.each([
            ["a quantity written in another way", deployment({ resources: { limits: { cpu: "1" } } })],
            [
                "a default that is declared",
                deployment({ resources: { limits: { cpu: "1000m" } }, imagePullPolicy: "Always" }, { progressDeadlineSeconds: 600 }),
            ],
            ["a null", deployment({ resources: { limits: { cpu: "1000m" } }, command: null })],
        ])("when it is only %s", async (_, inputs) => {
            expect(await diff(made, inputs)).toEqual({ changes: false, replaces: [], detailedDiff: {} });
        });

        it("in what the server sees as the same, and is one in the rest", async () => {
            const inputs = deployment({ resources: { limits: { cpu: "1" } }, image: "y" });
            expect(await diff(made, inputs)).toMatchObject({
                changes: true,
                replaces: [],
                detailedDiff: { "spec.template.spec.containers[0].image": "update" },
            });
        });
    });

    it("is asked of the server only when the inputs have changed, and writes nothing", async () => {
        const map = await run.create(CONFIG_MAP, "quiet", { metadata: { name: "quiet" }, data: { a: "1" } });
        const before = await live(`${MAPS}/quiet`);
        const requests = (): number => Object.values(server.requests()).reduce((sum, n) => sum + n, 0);
        const asked = requests();
        expect((await diff(map, { metadata: { name: "quiet" }, data: { a: "1" } })).changes).toBe(false);
        expect(requests()).toBe(asked);
        const changed = { metadata: { name: "quiet" }, data: { a: "2" } };
        expect((await diff(map, changed)).detailedDiff).toEqual({ "data.a": "update" });
        expect(requests()).toBeGreaterThan(asked);
        const previewed = await run.update(map, changed, { preview: true });
        expect(previewed.outputs).toMatchObject({
            data: { a: "2" },
            metadata: { uid: before.metadata.uid, resourceVersion: Unknown.instance },
        });
        expect(await live(`${MAPS}/quiet`)).toEqual(before);
    });

    it("replaces where only the server knows that a field cannot change", async () => {
        const map = (inputs: PropertyMap): PropertyMap => ({ metadata: { name: "fixed" }, data: { a: "1" }, ...inputs });
        const made = await run.create(CONFIG_MAP, "fixed", map({ immutable: true }));
        expect(await diff(made, map({ metadata: { name: "fixed", labels: { a: "b" } } }))).toEqual({
            changes: true,
            replaces: ["immutable"],
            detailedDiff: { immutable: "delete-replace", "metadata.labels": "add" },
            deleteBeforeReplace: true,
        });
    });

    it("that the server refuses is refused before anything is done", async () => {
        const map = await run.create(CONFIG_MAP, "refused", { metadata: { name: "refused" }, data: { a: "1" } });
        const message = (await rejection(diff(map, { metadata: { name: "refused" }, data: { a: "1" }, dta: {} }))).message;
        expect(message).toContain("cannot update ConfigMap default/refused");
        expect(message).toContain("dta");
    });

    it("says in a preview with whom it is going to conflict", async () => {
        const map = await run.create(CONFIG_MAP, "conflict", { metadata: { name: "conflict" }, data: { a: "1" } });
        await other.request("PATCH", `${MAPS}/conflict`, {
            query: { fieldManager: "their-controller", force: true },
            body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "conflict" }, data: { a: "2" } },
            contentType: "application/apply-patch+yaml",
        });
        const inputs = { metadata: { name: "conflict" }, data: { a: "3" } };
        expect((await diff(map, inputs)).changes).toBe(true);
        expect((await rejection(run.update(map, inputs, { preview: true }))).message).toContain(
            'cannot update ConfigMap default/conflict: another field manager owns data.a (managed by "their-controller")',
        );
    });

    it("of an object that is gone is what the inputs say", async () => {
        const map = await run.create(CONFIG_MAP, "gone", { metadata: { name: "gone" }, data: { a: "1" } });
        await other.request("DELETE", `${MAPS}/gone`);
        expect((await diff(map, { metadata: { name: "gone" }, data: { a: "2" } })).detailedDiff).toEqual({ "data.a": "update" });
    });

    describe("continues what the official provider made", () => {
        /** As its version 4.34 creates and stores: with a plain POST, inputs as the program has them, and a random manager. */
        const official = async (name: string, data: PropertyMap): Promise<Made> => {
            const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
            const { body } = await other.request<Manifest>("POST", MAPS, {
                query: { fieldManager: "pulumi-kubernetes" },
                body: inputs as JsonObject,
            });
            const outputs = {
                ...(body as unknown as PropertyMap),
                __inputs: inputs,
                __initialApiVersion: "v1",
                __fieldManager: "pulumi-kubernetes-0f1e2d3c",
            };
            return { id: `default/${name}`, urn: urnOf(CONFIG_MAP, name), inputs, outputs };
        };

        it("without changes when nothing has changed", async () => {
            const made = await official("official-same", { a: "1" });
            expect((await diff(made, { metadata: { name: "official-same" }, data: { a: "1" } })).changes).toBe(false);
        });

        it("removes what is no longer declared, under the manager in the state", async () => {
            const made = await official("official-fields", { a: "1", b: "2" });
            const inputs = { metadata: { name: "official-fields" }, data: { b: "3" } };
            expect((await diff(made, inputs)).detailedDiff).toEqual({ "data.a": "delete", "data.b": "update" });
            const updated = await run.update(made, inputs);
            expect(updated.outputs).toMatchObject({
                data: { b: "3" },
                __fieldManager: "pulumi-kubernetes-0f1e2d3c",
                __inputs: { ...inputs, metadata: { name: "official-fields", namespace: "default" } },
            });
            const { data, metadata } = (await live(`${MAPS}/official-fields`)) as Manifest & { data: unknown };
            expect(data).toEqual({ b: "3" });
            expect(metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toEqual([
                ["pulumi-kubernetes-0f1e2d3c", "Apply"],
            ]);
        });
    });

    it("takes over what kubectl has applied, and leaves to others what is theirs", async () => {
        const map = await run.create(CONFIG_MAP, "kubectl", { metadata: { name: "kubectl" }, data: { a: "1" } });
        for (const [manager, data] of [
            ["kubectl-client-side-apply", { k: "1" }],
            ["their-controller", { t: "1" }],
        ] as const)
            await other.request("PATCH", `${MAPS}/kubectl`, {
                query: { fieldManager: manager },
                body: { data },
                contentType: "application/merge-patch+json",
            });
        await run.update(map, { metadata: { name: "kubectl" }, data: { a: "2" } });
        expect((await live(`${MAPS}/kubectl`))["data"]).toEqual({ a: "2", t: "1" });
    });
});
