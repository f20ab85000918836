import { describe, expect, test } from "@jest/globals";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { deploymentArgs } from "../../components/workloads/deployment.ts";
import type { Workload } from "../../components/workloads/pod.ts";
import { REPLICA_PROFILES, RESOURCE_PROFILES } from "../../components/workloads/resources.ts";
import { statefulSetArgs } from "../../components/workloads/stateful-set.ts";
import { createVolume, type VolumePlace } from "../../components/workloads/volume.ts";
import { houseViolations, violations } from "../program/podsecurity.ts";
import { runProgram, type Properties } from "../program/run.ts";
import { runMesh, runRegistry } from "./registry-program.ts";

const resources = RESOURCE_PROFILES.light.registry;
const workload = (more: Partial<Workload> = {}): Workload => ({
    name: "it",
    namespace: "mcp-runtime",
    image: "it:1",
    args: ["serve"],
    ports: { http: 8080 },
    readiness: { port: "http", path: "/readyz" },
    liveness: { port: "http", path: "/healthz" },
    resources,
    ...more,
});

type Template = { metadata: Properties; spec: Properties & { containers: [Properties] } };
interface Controller {
    readonly spec: Properties & { readonly template: Template };
}
const deployment = (more?: Parameters<typeof workload>[0]) => deploymentArgs(workload(more)) as unknown as Controller;
const statefulSet = (more?: Parameters<typeof workload>[0]) => statefulSetArgs(workload(more)) as unknown as Controller;

describe.each([
    ["a Deployment", deployment],
    ["a StatefulSet", statefulSet],
])("the pods of %s", (_name, build) => {
    const { spec } = build().spec.template;

    test("keep the restricted standard and the platform's own rules", () => {
        expect([...violations(spec), ...houseViolations(spec)]).toEqual([]);
    });

    test.each<[string, (spec: Template["spec"]) => void]>([
        ["seccompProfile", (pod) => delete (pod["securityContext"] as Properties)["seccompProfile"]],
        ["allowPrivilegeEscalation", ({ containers: [one] }) => delete (one["securityContext"] as Properties)["allowPrivilegeEscalation"]],
        ["capabilities.drop", ({ containers: [one] }) => delete (one["securityContext"] as Properties)["capabilities"]],
        ["readOnlyRootFilesystem", ({ containers: [one] }) => delete (one["securityContext"] as Properties)["readOnlyRootFilesystem"]],
        ["enableServiceLinks", (pod) => delete pod["enableServiceLinks"]],
        ["startupProbe", ({ containers: [one] }) => delete one["startupProbe"]],
    ])("are told apart from pods without %s", (broken, mutate) => {
        const mutated = structuredClone(spec);
        mutate(mutated);
        expect([...violations(mutated), ...houseViolations(mutated)]).toEqual([broken]);
    });

    test("run as the user that their image is made for", () => {
        const ids = { runAsUser: 999, runAsGroup: 999, fsGroup: 999 };
        expect(build({ user: 999 }).spec.template.spec["securityContext"]).toMatchObject(ids);
        expect(spec["securityContext"]).toMatchObject({ runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 });
    });

    test("are spread over nodes when there are several, those of one version apart", () => {
        expect(spec).not.toHaveProperty("topologySpreadConstraints");
        const several = build({ replicas: 2 }).spec;
        expect(several["replicas"]).toBe(2);
        expect(several.template.spec["topologySpreadConstraints"]).toEqual([
            {
                topologyKey: "kubernetes.io/hostname",
                maxSkew: 1,
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: { "app.kubernetes.io/name": "it" } },
                matchLabelKeys: [build === deployment ? "pod-template-hash" : "controller-revision-hash"],
            },
        ]);
    });

    test.each<[string, Workload["readiness"], Properties]>([
        ["HTTP", { port: "http", path: "/x" }, { httpGet: { port: "http", path: "/x" } }],
        ["HTTPS", { port: "http", path: "/x", scheme: "HTTPS" }, { httpGet: { port: "http", path: "/x", scheme: "HTTPS" } }],
        ["TCP", { tcp: "http" }, { tcpSocket: { port: "http" } }],
        ["a program", { command: ["is-it-ready", "--quiet"] }, { exec: { command: ["is-it-ready", "--quiet"] } }],
    ])("are probed over %s", (_kind, probe, action) => {
        const [container] = build({ readiness: probe, liveness: probe }).spec.template.spec.containers;
        for (const name of ["startupProbe", "readinessProbe", "livenessProbe"]) {
            const { periodSeconds: _p, failureThreshold: _f, timeoutSeconds: _t, ...rest } = container[name] as Properties;
            expect(rest).toEqual(action);
        }
    });

    test("may take as long to start as their workload says", () => {
        const probes = [build(), build({ startSeconds: 300 })].map(({ spec: built }) => built.template.spec.containers[0]["startupProbe"]);
        expect(probes.map((probe) => (probe as Properties)["failureThreshold"])).toEqual([120, 300]);
    });
});

describe("controllers", () => {
    test("a Deployment is told of later than a first start may take", () => {
        expect([deployment(), deployment({ startSeconds: 300 })].map(({ spec }) => spec["progressDeadlineSeconds"])).toEqual([180, 360]);
    });

    test("a StatefulSet gives its pods names under its own Service", () => {
        expect(statefulSet().spec).toMatchObject({ serviceName: "it", selector: { matchLabels: { "app.kubernetes.io/name": "it" } } });
    });
});

/** What the resources of a volume are protected from, by their names. */
async function protectedOf(place: VolumePlace, protect: boolean): Promise<Record<string, unknown>> {
    const seen: Record<string, unknown> = {};
    await runProgram({}, "words", () => {
        pulumi.runtime.registerStackTransformation(({ name, opts }) => {
            if (opts.protect !== undefined) seen[name] = opts.protect;
            return undefined;
        });
        const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
        const claim: kubernetes.core.v1.PersistentVolumeClaim = createVolume(
            "it",
            { workload: "it", namespace: "registry", size: "1Gi", place, protect },
            parent,
        );
        return { claim: claim.metadata.name };
    });
    return seen;
}

describe("volumes", () => {
    test.each([true, false])("are protected when their owner says so: %s", async (protect) => {
        expect(await protectedOf({ mode: "class" }, protect)).toEqual({ "it-storage": protect });
        expect(await protectedOf({ mode: "hostPath", path: "/srv", node: "n1" }, protect)).toEqual({
            "it-storage": protect,
            "it-volume": protect,
        });
    });
});

test("every pod of registry and mesh keeps the restricted standard and the platform's own rules", async () => {
    const runs = [await runRegistry({ mode: "bundled-https", route: "traefik" }), await runMesh({ replicas: 2 })];
    const pods = runs.flatMap((run) =>
        run.resources
            .filter(({ type }) => /:(Deployment|StatefulSet)$/.test(type))
            .map(({ name, inputs }) => [name, (inputs as unknown as Controller).spec.template.spec] as const),
    );
    expect(pods.map(([name]) => name)).toEqual(["registry-deployment", "mesh-postgres-stateful-set", "mesh-registry-deployment"]);
    for (const [, spec] of pods) expect([...violations(spec), ...houseViolations(spec)]).toEqual([]);
});

test("both profiles size the same workloads, and only what keeps nothing has several pods", () => {
    expect(Object.keys(RESOURCE_PROFILES.light)).toEqual(Object.keys(RESOURCE_PROFILES.standard));
    expect(REPLICA_PROFILES).toEqual({ light: { "mcp-mesh-registry": 1 }, standard: { "mcp-mesh-registry": 2 } });
});
