import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { setTimeout as delay } from "node:timers/promises";
import { POD_SECURITY } from "../../components/namespaces/namespace.ts";
import { apiOf, collectionOf, kubernetesOf, type Api } from "../program/api.ts";
import { reveal, type Properties, type Registered } from "../program/run.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../support/apiserver.ts";
import { PRODUCTION, runEdge } from "./edge-program.ts";

const describeApi = await describeWithApiServer();

/** A double of the definition that k3s ships. */
const HELM_CHART_CONFIG = {
    metadata: { name: "helmchartconfigs.helm.cattle.io" },
    spec: {
        group: "helm.cattle.io",
        names: { kind: "HelmChartConfig", listKind: "HelmChartConfigList", plural: "helmchartconfigs", singular: "helmchartconfig" },
        scope: "Namespaced",
        versions: [
            {
                name: "v1",
                served: true,
                storage: true,
                schema: {
                    openAPIV3Schema: {
                        type: "object",
                        properties: { spec: { type: "object", properties: { valuesContent: { type: "string" } } } },
                    },
                },
            },
        ],
    },
};

const isDefinition = ({ type }: Registered) => type.endsWith(":CustomResourceDefinition");

describeApi("a real API server with the definitions of cert-manager, Traefik and k3s", () => {
    let server: ApiServer;
    let api: Api;
    let objects: Registered[];

    beforeAll(async () => {
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        const production = kubernetesOf(await runEdge(PRODUCTION));
        const packaged = kubernetesOf(await runEdge({ ...PRODUCTION, ingress: { owner: "packaged" }, certificates: { mode: "internal" } }));
        objects = [...production, ...packaged.filter(({ type }) => type.endsWith(":HelmChartConfig"))];
        const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        await api.request("POST", definitions, HELM_CHART_CONFIG);
        for (const name of ["mcp-runtime", "mcp-servers", "registry", "traefik", "cert-manager"])
            await api.request("POST", "/api/v1/namespaces", { metadata: { name, labels: POD_SECURITY } });
    }, 120_000);
    afterAll(async () => {
        api?.close();
        await server?.stop();
    });

    /** Creates an object; of a kind that was only just defined, as soon as the API server serves it. */
    async function create(object: Registered) {
        const path = `${collectionOf(object)}?fieldValidation=Strict`;
        for (let attempt = 0; ; attempt++) {
            const { status, warnings, body } = await api.request("POST", path, reveal(object.inputs));
            if (status !== 404 || attempt === 50) return { name: object.name, status, warnings, message: body["message"] };
            await delay(100);
        }
    }

    test("takes every object as it is, without a warning", async () => {
        // A webhook that is configured is called, and there is none here.
        const last = objects.filter(({ type }) => type.endsWith("WebhookConfiguration"));
        const ordered = [
            ...objects.filter(isDefinition),
            ...objects.filter((object) => !isDefinition(object) && !last.includes(object)),
            ...last,
        ];
        expect(last).toHaveLength(2);
        for (const object of ordered)
            expect(await create(object)).toEqual({ name: object.name, status: 201, warnings: [], message: undefined });
    });

    interface PodSpec {
        readonly securityContext: Properties;
        readonly containers: { securityContext: Properties }[];
    }

    const dryRun = (namespace: string, pod: { readonly metadata?: object; readonly spec: PodSpec }) =>
        api.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`, {
            ...pod,
            metadata: { ...pod.metadata, name: "pod" },
        });

    test("admits the pods of every Deployment, and not one with a loosened security context", async () => {
        const deployments = objects.filter(({ type }) => type.endsWith(":Deployment"));
        expect(deployments.map(({ name }) => name).toSorted()).toEqual([
            "cert-manager-cainjector-deployment",
            "cert-manager-controller-deployment",
            "cert-manager-webhook-deployment",
            "edge-deployment",
            "gateway-deployment",
        ]);
        for (const { name, inputs } of deployments) {
            const { metadata, spec } = reveal(inputs) as { metadata: { namespace: string }; spec: { template: { spec: PodSpec } } };
            const { status, warnings } = await dryRun(metadata.namespace, spec.template);
            expect({ name, status, warnings }).toEqual({ name, status: 201, warnings: [] });
            const loosened = structuredClone(spec.template);
            for (const container of loosened.spec.containers) container.securityContext["allowPrivilegeEscalation"] = true;
            expect((await dryRun(metadata.namespace, loosened)).status).toBe(403);
        }
    });

    test("admits the pods that answer ACME challenges, with the labels that NetworkPolicies select", async () => {
        const issuer = reveal(objects.find(({ type }) => type.endsWith(":ClusterIssuer"))?.inputs) as {
            spec: { acme: { solvers: [{ http01: { ingress: { podTemplate: { metadata: { labels: Properties }; spec: PodSpec } } } }] } };
        };
        const { podTemplate } = issuer.spec.acme.solvers[0].http01.ingress;
        expect(podTemplate.metadata.labels).toMatchObject({ "app.kubernetes.io/name": "acme-solver" });
        // What cert-manager adds to the template: https://cert-manager.io/docs/configuration/acme/http01/#podtemplate
        const securityContext = { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
        const containers = [{ name: "acmesolver", image: "solver:1", securityContext }];
        for (const namespace of ["mcp-runtime", "registry"]) {
            const pod = { metadata: podTemplate.metadata, spec: { securityContext: podTemplate.spec.securityContext, containers } };
            expect((await dryRun(namespace, pod)).status).toBe(201);
            const { seccompProfile: _, ...loosened } = podTemplate.spec.securityContext;
            expect((await dryRun(namespace, { spec: { securityContext: loosened, containers } })).status).toBe(403);
        }
    });

    const controller = "cert-manager:cert-manager";
    const cainjector = "cert-manager:cert-manager-cainjector";
    const webhook = "cert-manager:cert-manager-webhook";
    const configurations = "validatingwebhookconfigurations";

    test.each<[string, string, string, string, string, boolean, string?]>([
        ["traefik:traefik", "list", "", "secrets", "registry", true],
        ["traefik:traefik", "list", "", "secrets", "cert-manager", false],
        ["traefik:traefik", "get", "", "services", "traefik", true],
        ["traefik:traefik", "watch", "traefik.io", "serverstransports", "registry", true],
        ["traefik:traefik", "watch", "traefik.io", "middlewares", "", false],
        ["traefik:traefik", "patch", "traefik.io", "middlewares", "mcp-runtime", false],
        [controller, "watch", "", "secrets", "", true],
        [controller, "patch", "", "secrets", "registry", true],
        [controller, "patch", "", "secrets", "mcp-servers", false],
        [controller, "create", "", "secrets", "cert-manager", true],
        [controller, "delete", "", "secrets", "cert-manager", false],
        [controller, "create", "", "pods", "mcp-runtime", true],
        [controller, "create", "", "pods", "mcp-servers", false],
        [controller, "create", "", "pods/exec", "mcp-runtime", false],
        [controller, "update", "cert-manager.io", "clusterissuers/status", "", true],
        [controller, "update", "cert-manager.io", "clusterissuers", "", false],
        [controller, "approve", "cert-manager.io", "signers", "", true, "clusterissuers.cert-manager.io/mcp-platform"],
        [controller, "approve", "cert-manager.io", "signers", "", false, "clusterissuers.cert-manager.io/other"],
        [controller, "update", "coordination.k8s.io", "leases", "cert-manager", true, "cert-manager-controller"],
        [controller, "update", "coordination.k8s.io", "leases", "kube-system", false, "cert-manager-controller"],
        [cainjector, "patch", "admissionregistration.k8s.io", configurations, "", true, "cert-manager-webhook"],
        [cainjector, "patch", "admissionregistration.k8s.io", configurations, "", false, "other"],
        [cainjector, "get", "", "secrets", "cert-manager", true],
        [cainjector, "get", "", "secrets", "registry", false],
        [webhook, "update", "", "secrets", "cert-manager", true, "cert-manager-webhook-ca"],
        [webhook, "get", "", "secrets", "cert-manager", false, "mcp-platform-account-production"],
        [webhook, "create", "authorization.k8s.io", "subjectaccessreviews", "", true],
    ])("the right of %s to %s %s/%s in %s is %s %s", async (account, verb, group, path, namespace, allowed, name = "") => {
        const [resource, subresource = ""] = path.split("/");
        const { body } = await api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SubjectAccessReview",
            spec: {
                user: `system:serviceaccount:${account}`,
                resourceAttributes: { verb, group, resource, subresource, namespace, name },
            },
        });
        expect((body["status"] as { allowed: boolean }).allowed).toBe(allowed);
    });
});
