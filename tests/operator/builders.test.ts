import { buildDeployment } from "../../operator/controller/builders/deployment.ts";
import type { Platform } from "../../operator/controller/builders/names.ts";
import { buildService } from "../../operator/controller/builders/service.ts";
import { serverOf, stdioSpec } from "./support.ts";

const platform: Platform = { operatorImage: "operator:1", imagePullSecret: "registry-pull" };
const http = { image: "a/b:1", transport: "streamable-http" };
const fromPackage = { package: { name: "@scope/server", version: "1.2.3" }, transport: "stdio", args: ["--x"] };

const podOf = (spec: Record<string, unknown>, options: Platform = platform) => buildDeployment(serverOf(spec), options).spec.template.spec;
const serverContainerOf = (spec: Record<string, unknown>) => {
    const [container, ...others] = podOf(spec).containers;
    expect(others).toEqual([]);
    if (!container) throw new Error("no container");
    return container;
};

const variablesOf = (spec: Record<string, unknown>) => serverContainerOf(spec).env?.map(({ name, value }) => `${name}=${value}`);
const templateOf = (annotations: Record<string, string>) => buildDeployment(serverOf(http, { annotations }), platform).spec.template;

describe("the command", () => {
    test("of a stdio image runs behind the bridge, through the loader that was brought along", () => {
        const { command, args } = serverContainerOf({ ...stdioSpec, args: ["--a", "b c"] });
        expect(command).toEqual([
            "/mcp-bridge/lib/ld.so",
            "--library-path",
            "/mcp-bridge/lib",
            "/mcp-bridge/bin/node",
            "/mcp-bridge/app/operator/main.ts",
            "bridge",
            "--",
            "node",
            "server.js",
            "--a",
            "b c",
        ]);
        expect(args).toBeUndefined();
        expect(podOf(stdioSpec).initContainers?.map(({ name, image }) => [name, image])).toEqual([["install-bridge", "operator:1"]]);
    });

    test("of an HTTP image is the image's own unless the server has one", () => {
        expect(serverContainerOf({ ...http, args: ["a"] })).toMatchObject({ args: ["a"] });
        expect(serverContainerOf(http)).not.toHaveProperty("command");
        expect(serverContainerOf(http)).not.toHaveProperty("args");
        expect(serverContainerOf({ ...http, command: ["x"] }).command).toEqual(["x"]);
        expect(podOf(http).initContainers).toBeUndefined();
    });

    test("of a package runs what was installed, in the operator image", () => {
        const { command, image } = serverContainerOf(fromPackage);
        expect(image).toBe("operator:1");
        expect(command).toEqual([
            "/usr/local/bin/node",
            "/app/operator/main.ts",
            "bridge",
            "--",
            "/usr/local/bin/node",
            "/mcp-package/entry",
            "--x",
        ]);
        const [installer] = podOf(fromPackage).initContainers ?? [];
        expect(installer?.command?.slice(2)).toEqual(["install-package", "@scope/server", "1.2.3", "/mcp-package"]);
        expect(installer?.env).toEqual([{ name: "HOME", value: "/home/mcp" }]);
    });

    test("of a package that speaks HTTP runs without the bridge", () => {
        const { command, args, ports } = serverContainerOf({ ...fromPackage, transport: "streamable-http", port: 3001 });
        expect([command, args]).toEqual([["/usr/local/bin/node", "/mcp-package/entry"], ["--x"]]);
        expect(ports).toEqual([{ name: "mcp", containerPort: 3001, protocol: "TCP" }]);
    });
});

test("a package comes from the platform's registry when it has one", () => {
    const [installer] = podOf(fromPackage, { ...platform, npmRegistry: "https://npm.example" }).initContainers ?? [];
    expect(installer?.env).toContainEqual({ name: "NPM_REGISTRY", value: "https://npm.example" });
});

describe("hardening", () => {
    test.each([stdioSpec, http, fromPackage])("satisfies the restricted pod security standard: %j", (spec) => {
        const pod = podOf(spec);
        expect(pod.automountServiceAccountToken).toBe(false);
        expect(pod.enableServiceLinks).toBe(false);
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } });
        for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
            expect(container.securityContext).toEqual({
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                capabilities: { drop: ["ALL"] },
                seccompProfile: { type: "RuntimeDefault" },
            });
            expect(container.resources.limits["memory"]).toBeDefined();
            expect(container.resources.requests["cpu"]).toBeDefined();
        }
    });

    test("a server cannot write to the bridge or to its package", () => {
        expect(serverContainerOf(stdioSpec).volumeMounts).toContainEqual({ name: "bridge", mountPath: "/mcp-bridge", readOnly: true });
        expect(serverContainerOf(fromPackage).volumeMounts).toContainEqual({ name: "package", mountPath: "/mcp-package", readOnly: true });
    });

    test("every mounted volume exists and every volume is bounded", () => {
        for (const spec of [stdioSpec, http, fromPackage]) {
            const pod = podOf(spec);
            const names = new Set(
                [...(pod.initContainers ?? []), ...pod.containers].flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)),
            );
            expect(pod.volumes.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
            for (const { emptyDir } of pod.volumes) expect(emptyDir.sizeLimit).toMatch(/^[0-9]+[MG]i$/);
        }
    });
});

describe("the environment", () => {
    test("refers to Secrets and never holds their values", () => {
        const { env } = serverContainerOf({ ...http, secretEnv: [{ name: "TOKEN", secretKeyRef: { name: "s", key: "k" } }] });
        expect(env).toContainEqual({ name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } });
    });

    test("has defaults that the server may replace, each variable once", () => {
        expect(variablesOf(http)).toEqual(["HOME=/home/mcp", "TMPDIR=/tmp", "PORT=8080"]);
        expect(variablesOf({ ...http, env: [{ name: "HOME", value: "/data" }] })).toEqual(["TMPDIR=/tmp", "PORT=8080", "HOME=/data"]);
        expect(variablesOf(stdioSpec)).toEqual(["HOME=/home/mcp", "TMPDIR=/tmp"]);
    });
});

test("the server's pull secrets replace the platform's", () => {
    expect(podOf(http).imagePullSecrets).toEqual([{ name: "registry-pull" }]);
    expect(podOf({ ...http, imagePullSecrets: ["mine"] }).imagePullSecrets).toEqual([{ name: "mine" }]);
    expect(podOf(http, { operatorImage: "o" }).imagePullSecrets).toBeUndefined();
});

test("given resources replace the defaults of the same name only", () => {
    expect(serverContainerOf({ ...http, resources: { requests: { memory: "1Gi" }, limits: { cpu: 2 } } }).resources).toEqual({
        requests: { cpu: "50m", memory: "1Gi" },
        limits: { memory: "512Mi", cpu: 2 },
    });
});

test("probes ask the bridge of a stdio server, and the port of another", () => {
    expect(serverContainerOf(stdioSpec)).toMatchObject({
        startupProbe: { httpGet: { path: "/readyz", port: "health" } },
        readinessProbe: { httpGet: { path: "/readyz", port: "health" } },
        livenessProbe: { httpGet: { path: "/healthz", port: "health" } },
    });
    expect(serverContainerOf(http)).toMatchObject({
        startupProbe: { tcpSocket: { port: "mcp" } },
        livenessProbe: { tcpSocket: { port: "mcp" } },
    });
});

test("several pods spread over the nodes", () => {
    expect(podOf({ ...http, replicas: 3 }).topologySpreadConstraints).toHaveLength(1);
    expect(podOf(http).topologySpreadConstraints).toBeUndefined();
});

test("a new restart annotation changes the pods, and nothing else does", () => {
    expect(templateOf({ "mcpruntime.org/restart": "1" })).not.toEqual(templateOf({ "mcpruntime.org/restart": "2" }));
    expect(templateOf({ other: "1" })).toEqual(templateOf({ other: "2" }));
});

test("the same server gives the same objects, whatever its status", () => {
    const server = serverOf(stdioSpec);
    const later = { ...serverOf(stdioSpec, { resourceVersion: "9", generation: 4 }), status: { tools: 3 } };
    expect(JSON.stringify(buildDeployment(later, platform))).toBe(JSON.stringify(buildDeployment(server, platform)));
    expect(JSON.stringify(buildService(later))).toBe(JSON.stringify(buildService(server)));
});

test("the Service selects the Deployment's pods and leads to the port they listen on", () => {
    const [service, deployment] = [
        buildService(serverOf({ ...http, port: 3001 })),
        buildDeployment(serverOf({ ...http, port: 3001 }), platform),
    ];
    const { labels } = deployment.spec.template.metadata;
    expect(labels).toMatchObject(service.spec.selector);
    expect(labels).toMatchObject(deployment.spec.selector.matchLabels);
    expect(
        deployment.spec.template.spec.containers[0]?.ports?.find(({ name }) => name === service.spec.ports[0]?.targetPort)?.containerPort,
    ).toBe(3001);
});
