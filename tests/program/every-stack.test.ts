/** Every object of every stack, against a real API server with all definitions: a dry run, strictly validated. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { projectRoot } from "../../embedded/common/paths.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { apiOf, collectionOf, kubernetesOf, type Api } from "./api.ts";
import { reveal, runProgram, stackConfig, type Properties, type Registered } from "./run.ts";

const describeApi = await describeWithApiServer();

/** All stacks of the repository. */
const STACKS = readdirSync(projectRoot).flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? []);

const isOf =
    (kind: string) =>
    ({ type }: Registered) =>
        type.endsWith(`:${kind}`);
const isDefinition = isOf("CustomResourceDefinition");
const isNamespace = isOf("Namespace");
const isPatch = isOf("NodePatch");

interface Template {
    readonly metadata: Properties;
    readonly spec: { readonly containers: Properties[] };
}

test("all of them are looked at", () => {
    expect(STACKS.toSorted()).toEqual(["dev", "embedded", "existing", "minikube", "prod", "prod-five", "prod-ha"]);
});

describeApi("a real API server with every definition", () => {
    let server: ApiServer;
    let api: Api;
    const objects = new Map<string, readonly Registered[]>();
    /** What was said of the objects that are made. */
    const created: { readonly name: string; readonly status: number; readonly warnings: readonly string[]; readonly message: unknown }[] =
        [];

    beforeAll(async () => {
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        for (const stack of STACKS) objects.set(stack, kubernetesOf(await runProgram(await stackConfig(stack), "certificates")));
        // What other objects need to be there is made; it is the same in every stack that has it.
        const made = new Map<string, Registered>();
        for (const object of [...objects.values()].flat()) if (isDefinition(object) || isNamespace(object)) made.set(object.name, object);
        for (const object of made.values()) {
            const { status, warnings, body } = await send(object, "");
            created.push({ name: object.name, status, warnings, message: body["message"] });
        }
    }, 240_000);
    afterAll(async () => {
        api?.close();
        await server?.stop();
    });

    /** Creates an object; of a kind that was only just defined, as soon as the API server serves it. */
    async function send(object: Registered, query: string) {
        for (let attempt = 0; ; attempt++) {
            const answer = await api.request("POST", `${collectionOf(object)}?fieldValidation=Strict${query}`, reveal(object.inputs));
            if (answer.status !== 404 || attempt === 50) return answer;
            await delay(100);
        }
    }

    test("takes the definitions and namespaces, without a warning", () => {
        expect(created.length).toBeGreaterThan(20);
        expect(created).toEqual(created.map(({ name }) => ({ name, status: 201, warnings: [], message: undefined })));
    });

    test.each(STACKS)("takes every object of %s, without a warning", async (stack) => {
        const own = (objects.get(stack) ?? []).filter((object) => !isDefinition(object) && !isNamespace(object) && !isPatch(object));
        expect(own.length).toBeGreaterThan(25);
        const answers = await Promise.all(
            own.map(async (object) => {
                const { status, warnings, body } = await send(object, "&dryRun=All");
                return { name: object.name, status, warnings, message: body["message"] };
            }),
        );
        expect(answers).toEqual(own.map(({ name }) => ({ name, status: 201, warnings: [], message: undefined })));
        const [policy] = own.filter(isOf("NetworkPolicy"));
        const { metadata, spec } = (policy?.inputs ?? {}) as { metadata?: Properties; spec?: Properties };
        const misspelt = { ...policy, inputs: { metadata, spec: { ...spec, policytypes: [] } } } as Registered;
        expect((await send(misspelt, "&dryRun=All")).status).toBe(400);
    });

    test.each(STACKS)("admits every pod of %s, and none with a loosened security context", async (stack) => {
        const workloads = (objects.get(stack) ?? []).filter((object) => isOf("Deployment")(object) || isOf("StatefulSet")(object));
        expect(workloads.length).toBeGreaterThan(2);
        for (const object of workloads) {
            const { metadata, spec } = reveal(object.inputs) as { metadata: { namespace: string }; spec: { template: Template } };
            const pod = { ...spec.template, metadata: { ...spec.template.metadata, name: `pod-${object.name}` } };
            const dryRun = (body: unknown) => api.request("POST", `/api/v1/namespaces/${metadata.namespace}/pods?dryRun=All`, body);
            const { status, warnings, body } = await dryRun(pod);
            expect({ name: object.name, status, warnings, message: body["message"] }).toMatchObject({ status: 201, warnings: [] });
            const loosened = structuredClone(pod);
            for (const container of loosened.spec.containers) container["securityContext"] = { allowPrivilegeEscalation: true };
            expect((await dryRun(loosened)).status).toBe(403);
        }
    });

    test("labels the nodes that take traffic, over what people said by hand", async () => {
        const [patch] = (objects.get("prod") ?? []).filter(isPatch);
        const { metadata } = reveal(patch?.inputs) as { metadata: { name: string; labels: Properties; annotations: Properties } };
        await api.request("POST", "/api/v1/nodes", { metadata: { name: metadata.name } });
        const { annotations: _forProviders, ...rest } = metadata;
        const { status, body } = await api.request(
            "PATCH",
            `/api/v1/nodes/${metadata.name}?fieldManager=test&force=true&dryRun=All&fieldValidation=Strict`,
            { apiVersion: "v1", kind: "Node", metadata: rest },
            { "content-type": "application/apply-patch+yaml" },
        );
        expect([status, (body["metadata"] as Properties | undefined)?.["labels"]]).toEqual([200, metadata.labels]);
    });
});
