import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { setTimeout as delay } from "node:timers/promises";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { apiOf, collectionOf, kubernetesOf, type Api } from "./api.ts";
import { reveal, runProgram, stackConfig, type Properties, type Registered } from "./run.ts";

const describeApi = await describeWithApiServer();

const isServer = ({ type }: Registered) => type.endsWith(":MCPServer");

interface PodTemplate {
    readonly metadata: Properties;
    readonly spec: { readonly containers: [{ readonly securityContext: Properties }] };
}

function podOf(deployment: Registered): { readonly namespace: string; readonly pod: PodTemplate } {
    const { metadata, spec } = reveal(deployment.inputs) as { metadata: { namespace: string }; spec: { template: PodTemplate } };
    return {
        namespace: metadata.namespace,
        pod: { ...spec.template, metadata: { ...spec.template.metadata, name: `pod-${deployment.name}` } },
    };
}

describeApi("a real API server", () => {
    let server: ApiServer;
    let api: Api;
    let objects: Registered[];

    beforeAll(async () => {
        [server, objects] = await Promise.all([
            startApiServer(),
            stackConfig("embedded")
                .then((config) => runProgram(config, "certificates"))
                .then(kubernetesOf),
        ]);
        api = apiOf(server.kubeconfig());
    }, 120_000);
    afterAll(async () => {
        api?.close();
        await server?.stop();
    });

    const create = (object: Registered) => api.request("POST", `${collectionOf(object)}?fieldValidation=Strict`, reveal(object.inputs));

    test("takes every object as it is, without a warning", async () => {
        for (const object of objects.filter((candidate) => !isServer(candidate))) {
            const { status, warnings, body } = await create(object);
            expect({ name: object.name, status, warnings, message: body["message"] }).toEqual({
                name: object.name,
                status: 201,
                warnings: [],
                message: undefined,
            });
        }
        for (const object of objects.filter(isServer)) {
            let answer = await create(object);
            for (let attempt = 0; answer.status === 404 && attempt < 50; attempt++) {
                await delay(100);
                answer = await create(object);
            }
            expect({ name: object.name, status: answer.status, warnings: answer.warnings }).toEqual({
                name: object.name,
                status: 201,
                warnings: [],
            });
        }
    });

    const dryRun = (namespace: string, pod: unknown) => api.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);

    test("admits the pods of every Deployment, and not one with a loosened security context", async () => {
        for (const object of objects.filter(({ type }) => type.endsWith(":Deployment"))) {
            const { namespace, pod } = podOf(object);
            const { status, warnings } = await dryRun(namespace, pod);
            expect({ name: object.name, status, warnings }).toEqual({ name: object.name, status: 201, warnings: [] });
            const loosened = structuredClone(pod);
            loosened.spec.containers[0].securityContext["allowPrivilegeEscalation"] = true;
            expect((await dryRun(namespace, loosened)).status).toBe(403);
        }
    });

    test.each([
        ["traefik:traefik", "list", "", "secrets", "mcp-runtime", true],
        ["traefik:traefik", "list", "", "secrets", "registry", false],
        ["traefik:traefik", "list", "", "secrets", "mcp-servers", false],
        ["traefik:traefik", "list", "networking.k8s.io", "ingressclasses", "", true],
        ["mcp-runtime:mcp-operator", "patch", "apps", "deployments", "mcp-servers", true],
        ["mcp-runtime:mcp-operator", "patch", "apps", "deployments", "mcp-runtime", false],
        ["mcp-runtime:mcp-operator", "get", "", "secrets", "mcp-servers", false],
        ["mcp-runtime:mcp-operator", "create", "coordination.k8s.io", "leases", "mcp-runtime", false],
        ["mcp-runtime:mcp-gateway", "watch", "mcpruntime.org", "mcpservers", "mcp-servers", true],
        ["mcp-runtime:mcp-gateway", "watch", "discovery.k8s.io", "endpointslices", "mcp-servers", true],
        ["mcp-runtime:mcp-gateway", "patch", "mcpruntime.org", "mcpservers", "mcp-servers", false],
        ["registry:registry", "get", "", "secrets", "registry", false],
    ])("the right of %s to %s %s/%s in %s is %s", async (account, verb, group, resource, namespace, allowed) => {
        const review = {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            spec: { user: `system:serviceaccount:${account}`, resourceAttributes: { verb, group, resource, namespace } },
        };
        const { body } = await api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
        expect((body["status"] as { allowed: boolean }).allowed).toBe(allowed);
    });
});
