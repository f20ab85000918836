import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { definitions } from "../../components/definitions/read.ts";
import { POD_SECURITY } from "../../components/namespaces/namespace.ts";
import { apiOf, collectionOf, kubernetesOf, type Api } from "../program/api.ts";
import { reveal, type Properties, type Registered } from "../program/run.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { runMesh, runRegistry } from "./registry-program.ts";
import { created } from "./traefik.ts";

const describeApi = await describeWithApiServer();

const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const NODE = { mode: "hostPath", path: "/srv/mcp", node: "mcp-worker-1" } as const;

const collection = (object: Registered) => `${collectionOf(object)}?fieldValidation=Strict`;

interface Template {
    readonly metadata: Properties;
    readonly spec: { readonly containers: { securityContext: Properties }[] };
}

describeApi("a real API server with Traefik's definitions", () => {
    let server: ApiServer;
    let api: Api;
    let objects: Registered[];

    beforeAll(async () => {
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        for (const definition of definitions("traefik")) await api.request("POST", DEFINITIONS, definition);
        for (const name of ["mcp-servers", "registry", "mcp-mesh"])
            await created(api, "/api/v1/namespaces", { metadata: { name, labels: POD_SECURITY } });
        objects = [
            ...kubernetesOf(await runRegistry({ mode: "bundled-https", route: "traefik", place: NODE }, "certificates")),
            ...kubernetesOf(await runMesh({ replicas: 2, place: NODE })),
        ];
    }, 120_000);
    afterAll(async () => {
        api?.close();
        await server?.stop();
    });

    test("takes every object as it is, without a warning", async () => {
        // As soon as the API server serves the kind.
        await created(api, "/apis/traefik.io/v1alpha1/namespaces/registry/serverstransports?dryRun=All", {
            apiVersion: "traefik.io/v1alpha1",
            kind: "ServersTransport",
            metadata: { name: "served" },
            spec: {},
        });
        for (const object of objects) {
            const { status, warnings, body } = await api.request("POST", collection(object), reveal(object.inputs));
            expect({ name: object.name, status, warnings, message: body["message"] }).toEqual({
                name: object.name,
                status: 201,
                warnings: [],
                message: undefined,
            });
        }
    });

    test.each<[string, string, (inputs: Properties) => void]>([
        ["a field that its kind does not have", "mesh-registry-service", (inputs) => (inputs["spec"] = { clusterIp: "None" })],
        ["a transport without the shape of its definition", "registry-route-transport", (inputs) => (inputs["spec"] = { rootCAs: ["x"] })],
    ])("refuses %s", async (_what, name, mutate) => {
        const object = objects.find((one) => one.name === name);
        if (!object) throw new Error(`nothing is called ${name}`);
        const inputs = reveal(object.inputs) as Properties & { metadata: Properties };
        inputs.metadata["name"] = "other";
        mutate(inputs);
        const { status } = await api.request("POST", `${collection(object)}&dryRun=All`, inputs);
        expect([400, 422]).toContain(status);
    });

    test("admits their pods, and not one with a loosened security context", async () => {
        const controllers = objects.filter(({ type }) => /:(Deployment|StatefulSet)$/.test(type));
        expect(controllers.map(({ name }) => name)).toEqual([
            "registry-deployment",
            "mesh-postgres-stateful-set",
            "mesh-registry-deployment",
        ]);
        for (const { name, inputs } of controllers) {
            const { metadata, spec } = reveal(inputs) as { metadata: { namespace: string }; spec: { template: Template } };
            const pod = { ...spec.template, metadata: { ...spec.template.metadata, name: "pod" } };
            const path = `/api/v1/namespaces/${metadata.namespace}/pods?dryRun=All&fieldValidation=Strict`;
            const { status, warnings } = await api.request("POST", path, pod);
            expect({ name, status, warnings }).toEqual({ name, status: 201, warnings: [] });
            for (const container of pod.spec.containers) container.securityContext["allowPrivilegeEscalation"] = true;
            expect((await api.request("POST", path, pod)).status).toBe(403);
        }
    });
});
