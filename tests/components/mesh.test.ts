import { beforeAll, describe, expect, test } from "@jest/globals";
import { MESH_DATABASE } from "../../components/mesh/names.ts";
import type { NetworkFacts } from "../../components/network/facts.ts";
import { flows } from "../../components/network/flows.ts";
import { isSecret, nameOf, reveal, type ProgramRun, type Properties } from "../program/run.ts";
import { named, resourcesOf, runMesh } from "./registry-program.ts";

const at = (value: unknown, ...path: (string | number)[]): unknown =>
    path.reduce<unknown>((inner, part) => (inner as Properties | undefined)?.[part], reveal(value));

const podOf = (run: ProgramRun, name: string) => at(named(run, name).inputs, "spec", "template", "spec") as Properties;
const containerOf = (run: ProgramRun, name: string) => at(podOf(run, name), "containers", 0) as Properties;
const environment = (container: Properties) =>
    Object.fromEntries(
        (container["env"] as { name: string; value?: string; valueFrom?: unknown }[]).map((one) => [one.name, one.value ?? one.valueFrom]),
    );

const RESOURCES = [
    "ConfigMap mesh-agent-configuration",
    "Deployment mesh-registry-deployment",
    "PersistentVolumeClaim mesh-postgres-storage",
    "RandomPassword mesh-postgres-password",
    "Secret mesh-postgres-secret",
    "Service mesh-postgres-service",
    "Service mesh-registry-service",
    "ServiceAccount mesh-postgres-account",
    "ServiceAccount mesh-registry-account",
    "StatefulSet mesh-postgres-stateful-set",
];

describe("what the mesh makes", () => {
    test.each([
        ["one pod", {}, []],
        ["two pods, which a drain may not take at once", { replicas: 2 }, ["PodDisruptionBudget mesh-registry-disruption-budget"]],
        [
            "a database in a folder of a node",
            { place: { mode: "hostPath", path: "/srv/mcp", node: "n1" } },
            ["PersistentVolume mesh-postgres-volume"],
        ],
    ] as const)("%s", async (_name, choices, more) => {
        expect(resourcesOf(await runMesh(choices))).toEqual([...RESOURCES, ...more].toSorted());
        expect(resourcesOf(await runMesh(choices, "preview"))).toEqual([...RESOURCES, ...more].toSorted());
    });
});

test("policies let the mesh's flows to the ports that its pods listen on", async () => {
    const run = await runMesh();
    const facts: NetworkFacts = { features: ["mesh"], ingress: { namespace: "traefik", labels: {} }, servers: {} };
    const portOf = (role: string) =>
        flows(facts)
            .filter(({ to }) => to === role)
            .map(({ from, ports }) => [from, ports]);
    const listens = (name: string) =>
        (containerOf(run, name)["ports"] as { containerPort: number }[]).map(({ containerPort: port }) => port);
    expect([listens("mesh-registry-deployment"), listens("mesh-postgres-stateful-set")]).toEqual([[8000], [5432]]);
    expect(portOf("mesh-registry")).toEqual([["agents", [{ protocol: "TCP", port: 8000 }]]]);
    expect(portOf("postgres")).toEqual([["mesh-registry", [{ protocol: "TCP", port: 5432 }]]]);
});

describe("the mesh registry", () => {
    let run: ProgramRun;
    beforeAll(async () => {
        run = await runMesh({ replicas: 2 });
    });

    test("answers where agents of the seed documents look for it", () => {
        expect(at(named(run, "mesh-agent-configuration").inputs)).toMatchObject({
            metadata: { name: "mcp-agent-config", namespace: "mcp-mesh" },
            data: {
                REGISTRY_HOST: "mcp-mesh-registry",
                REGISTRY_PORT: "8000",
                MCP_MESH_REGISTRY_URL: "http://mcp-mesh-registry:8000",
            },
        });
        const { metadata, spec } = reveal(named(run, "mesh-registry-service").inputs) as { metadata: Properties; spec: Properties };
        expect(metadata).toMatchObject({ name: "mcp-mesh-registry", labels: { "app.kubernetes.io/name": "mcp-mesh-registry" } });
        expect(spec["ports"]).toEqual([{ name: "http", port: 8000, targetPort: "http", protocol: "TCP" }]);
        expect(spec["selector"]).toEqual({
            "app.kubernetes.io/name": "mcp-mesh-registry",
            "app.kubernetes.io/part-of": "mcp-platform",
            "app.kubernetes.io/managed-by": "pulumi",
        });
    });

    test("is told of its database by the one setting that it reads", () => {
        const container = containerOf(run, "mesh-registry-deployment");
        expect(environment(container)).toEqual({
            HOST: "0.0.0.0",
            PORT: "8000",
            DATABASE_URL: { secretKeyRef: { name: "mcp-mesh-postgres", key: "url" } },
            MCP_MESH_LOG_LEVEL: "INFO",
        });
        expect(container).not.toHaveProperty("args");
        expect(container["ports"]).toEqual([{ name: "http", containerPort: 8000, protocol: "TCP" }]);
        for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"])
            expect(container[probe]).toMatchObject({ httpGet: { port: "http", path: "/health" } });
    });

    test("has as many pods as asked for, on as many nodes as there are, after its database is there", () => {
        const deployment = named(run, "mesh-registry-deployment");
        expect(at(deployment.inputs, "spec", "replicas")).toBe(2);
        expect(podOf(run, "mesh-registry-deployment")["topologySpreadConstraints"]).toEqual([
            expect.objectContaining({ topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" }),
        ]);
        expect(at(named(run, "mesh-registry-disruption-budget").inputs, "spec")).toEqual({
            maxUnavailable: 1,
            selector: { matchLabels: { "app.kubernetes.io/name": "mcp-mesh-registry" } },
        });
        expect(deployment.dependencies.map(nameOf)).toContain("mesh-postgres-stateful-set");
    });

    test("reads no more of its namespace than others", () => {
        for (const name of ["mesh-registry-deployment", "mesh-postgres-stateful-set"])
            expect(podOf(run, name)["automountServiceAccountToken"]).toBe(false);
        expect(run.resources.filter(({ type }) => type.includes("rbac"))).toEqual([]);
    });
});

describe("its database", () => {
    let run: ProgramRun;
    let container: Properties;
    beforeAll(async () => {
        run = await runMesh();
        container = containerOf(run, "mesh-postgres-stateful-set");
    });

    test("has a password that is in a Secret alone, in the form that the registry's driver takes", () => {
        const { inputs } = named(run, "mesh-postgres-secret");
        expect(isSecret(inputs["stringData"])).toBe(true);
        const { name, port, user, database } = MESH_DATABASE;
        expect(at(inputs, "stringData")).toEqual({
            password: "generated-password",
            url: `postgres://${user}:generated-password@${name}:${port}/${database}?sslmode=disable`,
        });
        expect(named(run, "mesh-postgres-password").inputs).toMatchObject({ special: false, length: 40 });
        const others = run.resources.filter((resource) => resource.name !== "mesh-postgres-secret");
        expect(JSON.stringify(others.map(({ inputs: sent }) => sent))).not.toContain("generated-password");
    });

    test("reads it from a file, believes nobody without it, and keeps its data in a folder of the volume", () => {
        expect(environment(container)).toEqual({
            POSTGRES_USER: "mcp_mesh",
            POSTGRES_DB: "mcp_mesh",
            POSTGRES_PASSWORD_FILE: "/etc/postgres/password",
            PGDATA: "/var/lib/postgresql/data/pgdata",
            POSTGRES_INITDB_ARGS: "--auth=scram-sha-256 --data-checksums",
            POSTGRES_HOST_AUTH_METHOD: "scram-sha-256",
        });
        const mounts = container["volumeMounts"] as { name: string; mountPath: string; readOnly: boolean }[];
        expect(mounts.map(({ name, mountPath, readOnly }) => [name, mountPath, readOnly])).toEqual([
            ["data", "/var/lib/postgresql/data", false],
            ["password", "/etc/postgres", true],
            ["run", "/var/run/postgresql", false],
            ["tmp", "/tmp", false],
        ]);
        const volumes = podOf(run, "mesh-postgres-stateful-set")["volumes"] as Properties[];
        expect(volumes.find(({ name }) => name === "password")).toEqual({
            name: "password",
            secret: { secretName: "mcp-mesh-postgres", items: [{ key: "password", path: "password" }] },
        });
    });

    test("is ready when it takes connections, and is not killed while it recovers", () => {
        expect(at(container, "readinessProbe", "exec", "command", 0)).toBe("pg_isready");
        expect(container["livenessProbe"]).toMatchObject({ tcpSocket: { port: "postgres" } });
        expect(at(container, "startupProbe", "failureThreshold")).toBe(300);
    });

    test("has one pod that is never two, behind a Service without an address", () => {
        expect(at(named(run, "mesh-postgres-stateful-set").inputs, "spec")).toMatchObject({
            replicas: 1,
            serviceName: "mcp-mesh-postgres",
        });
        expect(at(named(run, "mesh-postgres-service").inputs, "spec")).toMatchObject({
            clusterIP: "None",
            selector: {
                "app.kubernetes.io/name": "mcp-mesh-postgres",
                "app.kubernetes.io/part-of": "mcp-platform",
                "app.kubernetes.io/managed-by": "pulumi",
            },
        });
    });
});
