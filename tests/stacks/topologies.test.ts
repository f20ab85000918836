/** What each stack's settings file comes to, to the last field. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { settingsOf, topologyFor, topologyOfStack } from "./support/stacks.ts";

const STATE = "/srv/state";
const before = process.env["MCP_PLATFORM_STATE"];
beforeAll(() => {
    process.env["MCP_PLATFORM_STATE"] = STATE;
});
afterAll(() => {
    if (before === undefined) delete process.env["MCP_PLATFORM_STATE"];
    else process.env["MCP_PLATFORM_STATE"] = before;
});

const OWN_AUTHORITY = {
    output: "registryCaCertificate",
    early: `kubectl get secret registry-authority --namespace registry --output go-template='{{index .data "ca.crt" | base64decode}}'`,
};

test("the authority that nodes trust is one of the stack's outputs", async () => {
    expect(await readFile(new URL("../../infra/index.ts", import.meta.url), "utf8")).toMatch(
        new RegExp(`^ {4}${OWN_AUTHORITY.output},$`, "m"),
    );
});

test("embedded: NodePorts forwarded from loopback, images loaded", async () => {
    const { images, ...topology } = topologyFor(await settingsOf("embedded"));
    expect(images.operator).toMatch(/^localhost\/mcp-platform\/operator:\S+$/);
    expect(topology).toEqual({
        kind: "embedded",
        cluster: {
            kubeconfig: `${STATE}/cluster/kubeconfig`,
            context: "embedded",
            identifier: "mcp-platform-embedded",
            server: "local",
            obtain: "start the cluster with `npm start`, or with `npm run cluster -- start`.",
        },
        imageCommands: [
            { name: "operator", image: images.operator, command: `node bin/run.mjs images load operator --ref ${images.operator}` },
        ],
        registry: { host: "registry.local", nodePort: 32000, address: "127.0.0.1:32000" },
        edge: { kind: "nodePort", http: 30080, https: 30443, address: { ip: "127.0.0.1" } },
        storageClass: "standard",
        apiServer: { cidrs: ["10.200.0.1/32"], port: 6443 },
        ingressNodes: [],
        gateway: {
            publicUrl: "http://mcp.localhost:8080",
            secureUrl: "https://mcp.localhost:8443",
            otherHosts: ["localhost", "127.0.0.1"],
        },
    });
});

test("embedded: with a registry of others, images are looked for there", async () => {
    const settings = await settingsOf("embedded");
    const { registry } = topologyFor({ ...settings, registry: { mode: "external", url: "registry.example.com/team" } });
    expect(registry.host).toBe("registry.example.com/team");
});

const minikube = {
    kind: "minikube",
    cluster: {
        kubeconfig: join(homedir(), ".kube/config"),
        context: "mcp-platform",
        identifier: "minikube-mcp-platform",
        server: "local",
        addresses: ["192.168.49.2"],
        obtain: "start the cluster as `npm run node-config -- --stack minikube` says; minikube writes it.",
    },
    pushes: ["operator"],
    registry: { host: "registry.local", nodePort: 32000, address: "127.0.0.1:32000" },
    nodeRegistry: {
        target: "minikube",
        names: ["registry.local"],
        endpoint: "127.0.0.1:32000",
        scheme: "http",
        nodes: [{ name: "mcp-platform", role: "server" }],
        minikube: {
            profile: "mcp-platform",
            driver: "docker",
            ports: ["127.0.0.1:8080:30080", "127.0.0.1:8443:30443", "127.0.0.1:32000:32000"],
        },
    },
    edge: { kind: "nodePort", http: 30080, https: 30443, address: { ip: "127.0.0.1" } },
    storageClass: "standard",
    apiServer: { cidrs: ["192.168.49.2/32"], port: 8443 },
    ingressNodes: [],
    gateway: { publicUrl: "http://mcp.localhost:8080", secureUrl: "https://mcp.localhost:8443", otherHosts: ["localhost", "127.0.0.1"] },
};

test("minikube: a node in a container publishes its ports on loopback", async () => {
    expect(await topologyOfStack("minikube")).toEqual(minikube);
});

test("minikube: a node in a virtual machine has an address", async () => {
    const topology = { kind: "minikube", profile: "mcp-platform", driver: "kvm2", address: "192.168.39.7" };
    expect(await topologyOfStack("minikube", { topology })).toEqual({
        ...minikube,
        cluster: { ...minikube.cluster, addresses: ["192.168.39.7"] },
        nodeRegistry: { ...minikube.nodeRegistry, minikube: { profile: "mcp-platform", driver: "kvm2", ports: [] } },
        edge: { ...minikube.edge, address: { ip: "192.168.39.7" } },
        apiServer: { cidrs: ["192.168.39.7/32"], port: 8443 },
        gateway: { publicUrl: "http://mcp.localhost:30080", secureUrl: "https://mcp.localhost:30443", otherHosts: ["192.168.39.7"] },
    });
});

const prod = {
    kind: "k3s",
    cluster: {
        kubeconfig: `${STATE}/k3s/mcp.example.com/kubeconfig`,
        context: "default",
        identifier: "k3s-mcp.example.com",
        server: "https://192.0.2.10:6443",
        obtain: "copy /etc/rancher/k3s/k3s.yaml of mcp-cp-1 there, with 192.0.2.10 in place of 127.0.0.1 and readable by you alone.",
    },
    pushes: ["operator"],
    registry: { host: "registry.example.com", nodePort: 32000, address: "registry.example.com" },
    nodeRegistry: {
        target: "k3s",
        names: ["registry.example.com"],
        endpoint: "127.0.0.1:32000",
        scheme: "https",
        ca: OWN_AUTHORITY,
        nodes: [
            { name: "mcp-cp-1", role: "server" },
            { name: "mcp-ingress-1", role: "agent" },
            { name: "mcp-worker-1", role: "agent" },
            { name: "mcp-worker-2", role: "agent" },
        ],
        hosts: [],
    },
    edge: { kind: "loadBalancer", nodeSelector: { "ingress.mcpruntime.org/public": "true" }, replicas: 1 },
    storageClass: "local-path",
    apiServer: { cidrs: ["192.0.2.10/32"], port: 6443, callsFrom: ["10.42.0.0/16"] },
    ingressNodes: ["mcp-ingress-1"],
    gateway: { publicUrl: "https://mcp.example.com", secureUrl: "https://mcp.example.com", otherHosts: [] },
};

test("prod: ServiceLB on the ingress node, nodes pull over their own loopback", async () => {
    expect(await topologyOfStack("prod")).toEqual(prod);
});

test("prod-five: one node more to tell about the registry, and nothing else", async () => {
    const nodes = [...prod.nodeRegistry.nodes, { name: "mcp-worker-3", role: "agent" }];
    expect(await topologyOfStack("prod-five")).toEqual({ ...prod, nodeRegistry: { ...prod.nodeRegistry, nodes } });
});

test("prod-ha: three servers behind one name, an edge on each of two ingress nodes", async () => {
    const servers = ["mcp-cp-1", "mcp-cp-2", "mcp-cp-3"].map((name) => ({ name, role: "server" }));
    const others = ["mcp-ingress-1", "mcp-ingress-2", "mcp-worker-1", "mcp-worker-2"].map((name) => ({ name, role: "agent" }));
    expect(await topologyOfStack("prod-ha")).toEqual({
        ...prod,
        cluster: {
            ...prod.cluster,
            server: "https://api.example.com:6443",
            obtain: prod.cluster.obtain.replace("192.0.2.10", "api.example.com"),
        },
        nodeRegistry: { ...prod.nodeRegistry, nodes: [...servers, ...others] },
        edge: { ...prod.edge, replicas: 2 },
        apiServer: { cidrs: ["192.0.2.10/32", "192.0.2.11/32", "192.0.2.12/32"], port: 6443, callsFrom: ["10.42.0.0/16"] },
        ingressNodes: ["mcp-ingress-1", "mcp-ingress-2"],
    });
});

test("k3s: addresses of version 6", async () => {
    const nodes = [
        { name: "a", role: "server", address: "2001:db8::10" },
        { name: "b", role: "ingress", address: "2001:db8::20" },
        { name: "c", role: "worker", address: "2001:db8::30" },
    ];
    const { cluster, apiServer, registry } = await topologyOfStack("prod", {
        topology: { kind: "k3s", nodes },
        registry: { mode: "bundled-http" },
        strictProd: false,
    });
    expect([cluster.server, apiServer?.cidrs, registry.address]).toEqual([
        "https://[2001:db8::10]:6443",
        ["2001:db8::10/128"],
        "[2001:db8::10]:32000",
    ]);
});

const existing = {
    kind: "existing",
    cluster: {
        kubeconfig: join(homedir(), ".kube/config"),
        context: "kubernetes-admin@kubernetes",
        identifier: "kubeadm-mcp.example.com",
        server: "https://192.0.2.10:6443",
        obtain: "ask the cluster's people for one, and name its path in mcp-platform:topology.kubeconfig.",
    },
    pushes: ["operator"],
    registry: { host: "registry.example.com", nodePort: 32000, address: "registry.example.com" },
    nodeRegistry: {
        target: "kubeadm",
        names: ["registry.example.com"],
        endpoint: "127.0.0.1:32000",
        scheme: "https",
        ca: OWN_AUTHORITY,
        nodes: [{ name: "control-plane-1" }, { name: "worker-1" }, { name: "worker-2" }],
    },
    edge: { kind: "nodePort", http: 30080, https: 30443 },
    storageClass: undefined,
    apiServer: { cidrs: ["192.0.2.10/32"], port: 6443 },
    ingressNodes: [],
    gateway: { publicUrl: "https://mcp.example.com", secureUrl: "https://mcp.example.com", otherHosts: [] },
};

describe("existing", () => {
    const topology = {
        kind: "existing",
        context: "kubernetes-admin@kubernetes",
        server: "https://192.0.2.10:6443",
        apiServer: { addresses: ["192.0.2.10/32"] },
    };

    test("the file's own: NodePorts behind a balancer of the organisation", async () => {
        expect(await topologyOfStack("existing")).toEqual(existing);
    });

    test("without anything before it the NodePorts are what clients reach", async () => {
        const edge = { kind: "nodePort", http: 30180, https: 30543 };
        const url = "https://mcp.example.com:30543";
        expect(
            await topologyOfStack("existing", {
                topology: { ...topology, distribution: "kubeadm", edge, nodes: ["a"] },
                frontDoor: { mode: "direct" },
            }),
        ).toEqual({
            ...existing,
            edge,
            nodeRegistry: { ...existing.nodeRegistry, nodes: [{ name: "a" }] },
            gateway: { publicUrl: url, secureUrl: url, otherHosts: [] },
        });
    });

    test.each([
        ["kubeadm", "kubeadm", "every node"],
        ["generic", "kubeadm", "every node"],
        ["k3s", "k3s", "every node"],
        ["docker-desktop", "docker-desktop", "desktop-control-plane"],
    ])("nodes of %s are told as %s's", async (distribution, target, node) => {
        const { nodeRegistry, edge } = await topologyOfStack("existing", { topology: { ...topology, distribution } });
        expect([nodeRegistry?.target, nodeRegistry?.nodes, edge]).toEqual([
            target,
            [{ name: node }],
            { kind: "loadBalancer", replicas: 1 },
        ]);
    });

    test("Docker Desktop: images are named by the loopback that both of its provisioners trust", async () => {
        const desktop = { topology: { ...topology, distribution: "docker-desktop" }, registry: { mode: "bundled-http" } };
        const { registry, nodeRegistry, gateway } = await topologyOfStack("existing", desktop);
        expect(registry).toEqual({ host: "localhost:32000", nodePort: 32000, address: "localhost:32000" });
        expect(nodeRegistry).toMatchObject({ names: ["localhost:32000"], endpoint: "localhost:32000", scheme: "http" });
        expect(gateway.otherHosts).toEqual(["localhost", "127.0.0.1"]);
    });
});

describe("the registry's mode decides where images are", () => {
    test.each([
        ["bundled-http", { host: "registry.example.com", address: "192.0.2.10:32000" }, { scheme: "http", endpoint: "127.0.0.1:32000" }],
        [
            "bundled-https",
            { host: "registry.example.com", address: "registry.example.com" },
            { scheme: "https", endpoint: "127.0.0.1:32000", ca: OWN_AUTHORITY },
        ],
    ])("%s", async (mode, registry, nodeRegistry) => {
        for (const stack of ["prod", "existing"]) {
            const { registry: found, nodeRegistry: told } = await topologyOfStack(stack, { registry: { mode }, strictProd: false });
            expect(found).toEqual({ ...registry, nodePort: 32000 });
            expect(told).toMatchObject(nodeRegistry);
        }
    });

    test("one of others: with its prefix in references, nothing to tell nodes, nothing to push", async () => {
        for (const stack of ["prod", "existing"]) {
            const { images, pushes, registry, nodeRegistry } = topologyFor(
                await settingsOf(stack, { registry: { mode: "external", url: "images.example.net/mcp-runtime" } }),
            );
            expect([registry, pushes]).toEqual([
                { host: "images.example.net/mcp-runtime", nodePort: 32000, address: "images.example.net" },
                undefined,
            ]);
            expect(nodeRegistry).toMatchObject({ names: ["images.example.net"], endpoint: "images.example.net", scheme: "https" });
            expect(images.operator).toMatch(/^images\.example\.net\/mcp-runtime\/mcp-platform\/operator:/);
        }
    });

    test("an operator that settings name is not pushed", async () => {
        const settings = await settingsOf("prod", { images: {}, strictProd: false });
        const operator = "images.example.net/operator:1.0.0";
        expect(topologyFor({ ...settings, images: { operator } })).toMatchObject({ images: { operator } });
        expect(topologyFor({ ...settings, images: { operator } }).pushes).toBeUndefined();
    });
});
