import { beforeAll, describe, expect, test } from "@jest/globals";
import { POD_SECURITY } from "../../components/namespaces/namespace.ts";
import { RESOURCE_PROFILES } from "../../components/workloads/resources.ts";
import { houseViolations, violations } from "./podsecurity.ts";
import { reveal, runProgram, stackConfig, type Properties } from "./run.ts";

interface Pod {
    readonly name: string;
    readonly spec: Properties;
}

let pods: Pod[];
let namespaces: Properties[];
beforeAll(async () => {
    const { resources } = await runProgram(await stackConfig("embedded"));
    const inputs = (type: string) =>
        resources
            .filter((resource) => resource.type.endsWith(type))
            .map(({ name, inputs: sent }) => ({ name, inputs: reveal(sent) as Properties }));
    pods = inputs(":Deployment").map(({ name, inputs: deployment }) => ({
        name,
        spec: (deployment as { spec: { template: { spec: Properties } } }).spec.template.spec,
    }));
    namespaces = inputs(":Namespace").map(({ inputs: namespace }) => namespace);
});

const container = (pod: Properties) =>
    (pod["containers"] as [Properties & { securityContext: Properties; resources: { limits: Properties } }])[0];

describe("pods", () => {
    test("every pod template keeps the restricted standard and the platform's own rules", () => {
        expect(pods.map(({ name }) => name).toSorted()).toEqual([
            "edge-deployment",
            "gateway-deployment",
            "operator-deployment",
            "registry-deployment",
        ]);
        for (const { spec } of pods) expect([...violations(spec), ...houseViolations(spec)]).toEqual([]);
    });

    const mutations: [string, (spec: Properties) => void][] = [
        ["seccompProfile", (spec) => delete (spec["securityContext"] as Properties)["seccompProfile"]],
        ["allowPrivilegeEscalation", (spec) => delete container(spec).securityContext["allowPrivilegeEscalation"]],
        ["capabilities.drop", (spec) => delete container(spec).securityContext["capabilities"]],
        ["readOnlyRootFilesystem", (spec) => delete container(spec).securityContext["readOnlyRootFilesystem"]],
        ["limits.memory", (spec) => delete container(spec).resources.limits["memory"]],
        ["livenessProbe", (spec) => delete container(spec)["livenessProbe"]],
        ["automountServiceAccountToken", (spec) => delete spec["automountServiceAccountToken"]],
        ["volume data", (spec) => void (spec["volumes"] = [{ name: "data", hostPath: { path: "/" } }])],
        ["hostNetwork", (spec) => void (spec["hostNetwork"] = true)],
    ];

    test.each(mutations)("a pod without its %s would be noticed", (broken, mutate) => {
        for (const { spec } of pods) {
            const mutated = structuredClone(spec);
            mutate(mutated);
            expect([...violations(mutated), ...houseViolations(mutated)]).toEqual([broken]);
        }
    });
});

describe("namespaces", () => {
    test("all of them enforce, audit and warn about the restricted standard", () => {
        expect(namespaces).toHaveLength(4);
        for (const namespace of namespaces) {
            expect((namespace as { metadata: { labels: Properties } }).metadata.labels).toMatchObject({
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/audit": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            });
        }
        expect(Object.keys(POD_SECURITY)).toHaveLength(6);
    });
});

/** Thousandths of a CPU, or mebibytes. */
function amount(text: string): number {
    const units: Readonly<Record<string, number>> = { m: 1, Mi: 1, Gi: 1024 };
    return Number.parseInt(text, 10) * (units[/[A-Za-z]+$/.exec(text)?.[0] ?? ""] ?? 1000);
}

describe("resource profiles", () => {
    test("requests are not above limits, and light is nowhere above standard", () => {
        for (const profile of Object.values(RESOURCE_PROFILES)) {
            for (const { requests, limits } of Object.values(profile)) {
                for (const name of ["cpu", "memory"] as const) expect(amount(requests[name])).toBeLessThanOrEqual(amount(limits[name]));
            }
        }
        for (const [workload, { limits }] of Object.entries(RESOURCE_PROFILES.light)) {
            const standard = RESOURCE_PROFILES.standard[workload as keyof typeof RESOURCE_PROFILES.light];
            expect(amount(limits.memory)).toBeLessThanOrEqual(amount(standard.limits.memory));
        }
    });
});
