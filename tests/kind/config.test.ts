/** What a kind cluster is made from: rendered, and read back as kind would. */
import { afterAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parse } from "yaml";
import { clusterTraits, kindConfig, registryTraits } from "../../components/kind/config.ts";
import { localRegistryHosting } from "../../components/kind/hosting.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { hostsOf } from "../../components/edge/names.ts";
import { parseSettings } from "../../infra/settings.ts";
import { topologyOf } from "../../stacks/index.ts";
import type { Topology } from "../../stacks/topology.ts";

const before = process.env["MCP_PLATFORM_STATE"];
process.env["MCP_PLATFORM_STATE"] = "/state";
afterAll(() => {
    if (before === undefined) delete process.env["MCP_PLATFORM_STATE"];
    else process.env["MCP_PLATFORM_STATE"] = before;
});

function topology(kind: object = {}, registry: object = { mode: "kind-container" }, more: Record<string, unknown> = {}): Topology {
    const values = { topology: { kind: "kind", ...kind }, registry, ...more };
    const settings = parseSettings(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)])));
    const { versions, images } = settings;
    return topologyOf(settings.topology, { hosts: hostsOf(settings.domain), versions, images, registry: settings.registry });
}

function planOf(...args: Parameters<typeof topology>): KindPlan {
    const { kindCluster } = topology(...args);
    if (!kindCluster) throw new Error("a kind topology has a plan");
    return kindCluster;
}

test("the plan of a stack becomes one control plane that publishes the ports on loopback, and workers", () => {
    expect(kindConfig(planOf({ workers: 2, nodeImage: "kindest/node:v1.36.1", gatewayPort: 8081 }))).toEqual({
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        name: "mcp-platform",
        networking: { apiServerAddress: "127.0.0.1" },
        containerdConfigPatches: ['[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'],
        nodes: [
            {
                role: "control-plane",
                image: "kindest/node:v1.36.1",
                extraPortMappings: [
                    { containerPort: 30080, hostPort: 8081, listenAddress: "127.0.0.1", protocol: "TCP" },
                    { containerPort: 30443, hostPort: 8443, listenAddress: "127.0.0.1", protocol: "TCP" },
                ],
            },
            { role: "worker", image: "kindest/node:v1.36.1" },
            { role: "worker", image: "kindest/node:v1.36.1" },
        ],
    });
});

const published = (plan: KindPlan) => plan.ports.map(({ host, node }) => [host, node]);

test("a registry in the cluster is published too, and one beside it is not", () => {
    const bundled = planOf({ registryPort: 32001 }, { mode: "bundled-http" });
    expect(published(bundled)).toEqual([[8080, 30080], [8443, 30443], [32001, 32000]]); // prettier-ignore
    expect(bundled.registry).toBeUndefined();
    expect(published(planOf())).toEqual([[8080, 30080], [8443, 30443]]); // prettier-ignore
    expect(planOf({}, { mode: "kind-container", port: 5001 }).registry).toEqual({
        name: "kind-registry",
        volume: "kind-registry-data",
        port: 5001,
        setting: "registry.port",
        image: "localhost/mcp-platform/registry:3.0.0",
        madeHere: true,
    });
});

test("the registry beside the nodes has one name on both sides, and the name of its container", () => {
    const files = Object.fromEntries(planOf({}, { mode: "kind-container", port: 5001 }).files.map(({ path, text }) => [path, text]));
    expect(Object.keys(files)).toEqual(
        ["localhost:5001", "kind-registry:5000"].map((name) => `/etc/containerd/certs.d/${name}/hosts.toml`),
    );
    for (const text of Object.values(files)) expect(text).toContain('server = "http://kind-registry:5000"\n');
    const [inCluster] = planOf({}, { mode: "bundled-http" }).files;
    expect(inCluster).toMatchObject({
        path: "/etc/containerd/certs.d/registry.local/hosts.toml",
        text: expect.stringContaining('server = "http://127.0.0.1:32000"\n'),
    });
    expect(planOf({}, { mode: "external", url: "registry.example.com/mcp" }).files).toEqual([]);
});

const commands = ({ imageCommands }: Topology) =>
    (imageCommands ?? []).map(({ command }) => command.replace(/0\.1\.0-[0-9a-f]{12}/g, "TAG"));

const loading = (name: string, tag: string) =>
    `node bin/run.mjs kind-image ${name} --ref localhost/mcp-platform/${name}:${tag} --cluster lab --provider podman`;

describe("images made from this checkout", () => {
    test("are pushed to the registry beside the nodes, without a user", () => {
        expect(commands(topology({}, { mode: "kind-container", port: 5001 }))).toEqual([
            "node bin/run.mjs images push operator --ref localhost:5001/mcp-platform/operator:TAG",
            "node bin/run.mjs images push traefik --ref localhost:5001/mcp-platform/traefik:v3.6.7",
        ]);
    });

    test("are loaded into the nodes where the registry is in the cluster, its own image too", () => {
        expect(commands(topology({ name: "lab", provider: "podman" }, { mode: "bundled-http" }))).toEqual([
            loading("operator", "TAG"),
            loading("traefik", "v3.6.7"),
            loading("registry", "3.0.0"),
        ]);
    });

    test("are not, where settings give another image", () => {
        const images = { operator: "registry.example.com/operator:1", registry: "docker.io/library/registry:3.0.0" };
        const given = topology({}, { mode: "kind-container" }, { images });
        expect(commands(given)).toEqual(["node bin/run.mjs images push traefik --ref localhost:5000/mcp-platform/traefik:v3.6.7"]);
        expect(given.kindCluster?.registry).toMatchObject({ image: images.registry, madeHere: false });
    });
});

test("tools are told both names of the registry", () => {
    expect(parse(localRegistryHosting({ name: "kind-registry", port: 5001 }))).toEqual({
        host: "localhost:5001",
        hostFromContainerRuntime: "kind-registry:5000",
        hostFromClusterNetwork: "kind-registry:5000",
        help: "https://kind.sigs.k8s.io/docs/user/local-registry/",
    });
});

const anyPort = fc.integer({ min: 1024, max: 65535 });
const anyPlan: fc.Arbitrary<KindPlan> = fc.record(
    {
        name: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/),
        provider: fc.constantFrom("docker" as const, "podman" as const),
        workers: fc.integer({ min: 0, max: 8 }),
        nodeImage: fc.stringMatching(/^[a-z]{1,8}:v[0-9]$/),
        ports: fc.uniqueArray(
            fc.record({ host: anyPort, node: fc.integer({ min: 30000, max: 32767 }), setting: fc.constant("topology.gatewayPort") }),
            { selector: ({ host }) => host, maxLength: 3 },
        ),
        containerdPatches: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 2 }),
        files: fc.constant([]),
        kubeconfig: fc.constant("/state/kubeconfig"),
    },
    { requiredKeys: ["name", "provider", "workers", "ports", "containerdPatches", "files", "kubeconfig"] },
);

test("every configuration is read back as it was meant, has all nodes, and publishes on loopback only", () => {
    fc.assert(
        fc.property(anyPlan, (plan) => {
            const config = kindConfig(plan);
            expect(parse(JSON.stringify(config))).toEqual(config);
            expect(config.nodes.map(({ role }) => role)).toEqual([
                "control-plane",
                ...Array.from({ length: plan.workers }, () => "worker"),
            ]);
            const mappings = config.nodes.flatMap(({ extraPortMappings = [] }) => extraPortMappings);
            expect(mappings.map(({ hostPort, containerPort }) => [hostPort, containerPort])).toEqual(
                plan.ports.map(({ host, node }) => [host, node]),
            );
            expect(mappings.every(({ listenAddress }) => listenAddress === "127.0.0.1")).toBe(true);
        }),
    );
});

const whole = (plan: KindPlan) => JSON.stringify([plan.provider, plan.nodeImage, kindConfig(plan)]);

test("a cluster is made anew exactly when its configuration or its engine is another", () => {
    fc.assert(
        fc.property(anyPlan, anyPlan, (one, other) => {
            expect(clusterTraits(one).join("\n") === clusterTraits(other).join("\n")).toBe(whole(one) === whole(other));
        }),
    );
    const plan = planOf({ workers: 1 });
    const changed: Partial<KindPlan>[] = [
        { name: "other" },
        { provider: "podman" },
        { workers: 2 },
        { nodeImage: "kindest/node:v1.36.1" },
        { ports: plan.ports.map((port) => ({ ...port, host: port.host + 1 })) },
        { containerdPatches: [] },
    ];
    for (const change of changed) {
        const differences = clusterTraits({ ...plan, ...change }).filter((trait) => !clusterTraits(plan).includes(trait));
        expect([Object.keys(change), clusterTraits({ ...plan, ...change })]).not.toEqual([Object.keys(change), clusterTraits(plan)]);
        expect(differences.length).toBeLessThanOrEqual(2);
    }
});

test("the registry's container is made anew when its image, its port or its volume is another", () => {
    const { registry } = planOf();
    if (!registry) throw new Error("kind-container has a registry");
    for (const change of [{ port: 5001 }, { image: "other:1" }, { volume: "other" }, { name: "other" }])
        expect(registryTraits({ ...registry, ...change })).not.toEqual(registryTraits(registry));
    expect(registryTraits({ ...registry, setting: "other" })).toEqual(registryTraits(registry));
});
