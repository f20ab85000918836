import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { hostsToml, nodeRegistry, type RegistryFacts } from "../../stacks/node-registry/index.ts";
import { CA, facts, filesOf } from "./support/facts.ts";

const HTTP =
    'server = "http://127.0.0.1:32000"\ncapabilities = ["pull", "resolve"]\n\n[host."http://127.0.0.1:32000"]\n  capabilities = ["pull", "resolve"]\n';

describe("k3s", () => {
    const [server, agent] = nodeRegistry(facts({ target: "k3s", hosts: [{ address: "127.0.0.1", names: ["registry.local"] }] })).nodes;

    test("an http registry is a mirror without configs, on servers and agents alike", () => {
        const files = filesOf(server);
        expect(parse(files["/etc/rancher/k3s/registries.yaml"] ?? "")).toEqual({
            mirrors: {
                "registry.local": { endpoint: ["http://127.0.0.1:32000"] },
                "registry.registry.svc.cluster.local:5000": { endpoint: ["http://127.0.0.1:32000"] },
            },
        });
        expect(parse(files["/etc/rancher/k3s/config.yaml.d/50-mcp-platform-registry.yaml"] ?? "")).toEqual({
            "disable-default-registry-endpoint": true,
        });
        expect(filesOf(agent)).toEqual(files);
        expect([server?.commands, agent?.commands]).toEqual([["systemctl try-restart k3s"], ["systemctl try-restart k3s-agent"]]);
    });

    test("only root reads what could hold a password; the hosts file keeps what is not between the markers", () => {
        expect(server?.files.map(({ path, mode, kind }) => [path, mode, kind])).toEqual([
            ["/etc/rancher/k3s/registries.yaml", "0600", "file"],
            ["/etc/rancher/k3s/config.yaml.d/50-mcp-platform-registry.yaml", "0600", "file"],
            ["/etc/hosts", "0644", "block"],
        ]);
        expect(filesOf(server)["/etc/hosts"]).toBe("# BEGIN mcp-platform\n127.0.0.1 registry.local\n# END mcp-platform\n");
    });

    test("an https registry brings its authority, for the endpoint's exact host and port", () => {
        const [node] = nodeRegistry(facts({ target: "k3s", names: ["registry.example.com"], scheme: "https", ca: { text: CA } })).nodes;
        const path = "/etc/rancher/k3s/mcp-platform-registry-ca.crt";
        expect(parse(filesOf(node)["/etc/rancher/k3s/registries.yaml"] ?? "")).toEqual({
            mirrors: { "registry.example.com": { endpoint: ["https://127.0.0.1:32000"] } },
            configs: { "127.0.0.1:32000": { tls: { ca_file: path } } },
        });
        expect(filesOf(node)[path]).toBe(CA);
    });

    test("a registry with a public certificate under its own name needs no file", () => {
        const plain = { names: ["registry.example.com"], endpoint: "registry.example.com", scheme: "https" } as const;
        for (const target of ["k3s", "kubeadm", "kind", "docker-desktop"] as const)
            for (const node of nodeRegistry(facts({ target, ...plain })).nodes)
                expect([target, node.files, node.commands]).toEqual([target, [], []]);
    });
});

describe("kind", () => {
    test("a folder for each name and nothing to restart; commands run in the node's container", () => {
        const plan = nodeRegistry(
            facts({ target: "kind", names: ["localhost:5000", "kind-registry:5000"], endpoint: "kind-registry:5000", provider: "podman" }),
        );
        expect(plan.kindPatch).toBe('[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n');
        expect(plan.nodes.map(({ node, within, commands }) => ({ node, within, commands }))).toEqual(
            ["one", "two"].map((node) => ({ node, within: ["podman", "exec", "-i", node], commands: [] })),
        );
        const text = HTTP.replaceAll("127.0.0.1:32000", "kind-registry:5000");
        for (const node of plan.nodes)
            expect(filesOf(node)).toEqual({
                "/etc/containerd/certs.d/localhost:5000/hosts.toml": text,
                "/etc/containerd/certs.d/kind-registry:5000/hosts.toml": text,
            });
    });

    test("the image of kind 0.31 is accepted, with a word about its containerd", () => {
        const { warnings, nodes } = nodeRegistry(facts({ target: "kind", runtime: "containerd://2.2.0" }));
        expect(warnings).toEqual([expect.stringContaining("containerd 2.2.0 sets config_path by itself")]);
        expect(nodes).toHaveLength(2);
    });

    test("an https registry's authority lies beside hosts.toml", () => {
        const [node] = nodeRegistry(facts({ target: "kind", names: ["registry.local"], scheme: "https", ca: { text: CA } })).nodes;
        const folder = "/etc/containerd/certs.d/registry.local";
        expect(filesOf(node)[`${folder}/ca.crt`]).toBe(CA);
        expect(filesOf(node)[`${folder}/hosts.toml`]?.match(/ca = ".*"/g)).toEqual(Array(2).fill(`ca = "${folder}/ca.crt"`));
    });
});

describe("minikube", () => {
    test("files are synced before the start, which asks for containerd and a network that enforces policies", () => {
        const { before, nodes } = nodeRegistry(
            facts({
                target: "minikube",
                names: ["registry.local"],
                nodes: [{ name: "lab", role: "server" }],
                minikube: { profile: "lab", driver: "podman" },
            }),
        );
        expect(filesOf(before)).toEqual({ "~/.minikube/files/etc/containerd/certs.d/registry.local/hosts.toml": HTTP });
        expect(before?.commands).toEqual([
            "minikube start --profile=lab --driver=podman --container-runtime=containerd --cni=calico --nodes=1 --cpus=4 --memory=8g",
        ]);
        expect(nodes.map(({ files, within }) => ({ files, within }))).toEqual([
            { files: [], within: ["minikube", "ssh", "--profile", "lab", "--node", "lab", "--", "sudo"] },
        ]);
    });

    test("an authority is synced to where hosts.toml says it is on the node", () => {
        const { before } = nodeRegistry(facts({ target: "minikube", names: ["registry.local"], scheme: "https", ca: { text: CA } }));
        const path = "/etc/containerd/certs.d/registry.local/ca.crt";
        expect(filesOf(before)[`~/.minikube/files${path}`]).toBe(CA);
        expect(filesOf(before)["~/.minikube/files/etc/containerd/certs.d/registry.local/hosts.toml"]).toContain(`ca = "${path}"`);
    });
});

const at = (overrides: Partial<RegistryFacts>) =>
    nodeRegistry(facts({ target: "docker-desktop", nodes: [{ name: "desktop-control-plane", role: "server" }], ...overrides }));

describe("Docker Desktop", () => {
    const loopback = { names: ["localhost:32000"], endpoint: "localhost:32000" };

    test.each(["docker://28.1.1", "containerd://2.1.4"])("a registry on loopback needs nothing with %s", (runtime) => {
        const { nodes } = at({ ...loopback, runtime });
        expect(nodes.map(({ files, commands }) => [files, commands])).toEqual([[[], []]]);
    });

    test("the kubeadm provisioner pulls through Docker Engine, the kind provisioner through containerd of its own", () => {
        const named = { names: ["registry.internal:5000"], endpoint: "registry.internal:5000" };
        expect(at({ ...named, runtime: "docker://28.1.1" }).nodes.map(filesOf)).toEqual([
            { "~/.docker/daemon.json": '{\n  "insecure-registries": [\n    "registry.internal:5000"\n  ]\n}\n' },
        ]);
        expect(
            at({ ...named, runtime: "containerd://2.1.4" }).nodes.map(({ node, files }) => [node, files.map(({ path }) => path)]),
        ).toEqual([["desktop-control-plane", ["/etc/containerd/certs.d/registry.internal:5000/hosts.toml"]]]);
    });

    test("where the provisioner is not known both are said, and how to tell them apart", () => {
        const { nodes } = at(loopback);
        expect(nodes.map(({ node }) => node)).toEqual(["docker-desktop", "desktop-control-plane"]);
        for (const { notes } of nodes) expect(notes[0]).toContain("kubectl get nodes -o wide");
    });

    test("a name that is not the endpoint is refused: Docker Engine has no mirrors", () => {
        expect(() => at({ runtime: "docker://28.1.1" })).toThrow(/registry name "registry.local" is not the endpoint 127.0.0.1:32000/);
    });
});

test("another name of a registry with a public certificate leads to it, without an authority", () => {
    const named = { names: ["registry.example.com", "registry.local"], endpoint: "registry.example.com", scheme: "https" } as const;
    const [k3s] = nodeRegistry(facts({ target: "k3s", ...named })).nodes;
    const endpoint = ["https://registry.example.com"];
    expect(parse(filesOf(k3s)["/etc/rancher/k3s/registries.yaml"] ?? "")).toEqual({
        mirrors: { "registry.example.com": { endpoint }, "registry.local": { endpoint } },
    });
    const [kind] = nodeRegistry(facts({ target: "kind", ...named })).nodes;
    expect(filesOf(kind)["/etc/containerd/certs.d/registry.local/hosts.toml"]).toBe(
        HTTP.replaceAll("http://127.0.0.1:32000", endpoint[0] ?? ""),
    );
});

test("an authority is not written for an http endpoint, even when there is one", () => {
    expect(hostsToml({ endpoint: "127.0.0.1:32000", scheme: "http", caFile: "/ca.crt" })).toBe(HTTP);
});

describe("facts that no node could be configured from", () => {
    test.each<[Partial<RegistryFacts>, string]>([
        [{ names: [] }, "registry names are empty"],
        [{ names: ["http://registry.local"] }, 'registry name "http://registry.local" cannot be one'],
        [{ names: ["registry.local/team"] }, 'registry name "registry.local/team" cannot be one'],
        [{ names: ["10.96.0.0/12"] }, 'registry name "10.96.0.0/12" cannot be one'],
        [{ names: ["*.local"] }, 'registry name "*.local" cannot be one'],
        [{ names: ["a:70000"] }, 'registry name "a:70000" cannot be one'],
        [{ names: ['a"\nb'] }, "cannot be one"],
        [{ names: ["../../etc"] }, "cannot be one"],
        [{ names: ["a", "b", "a"] }, 'registry name "a" is there twice'],
        [{ endpoint: "http://127.0.0.1:32000" }, 'registry endpoint "http://127.0.0.1:32000" cannot be one'],
        [{ ca: { text: CA } }, "registry endpoint http://127.0.0.1:32000 has an authority: containerd would try HTTPS first"],
        [{ scheme: "https" }, "registry endpoint https://127.0.0.1:32000 needs the authority that signed its certificate"],
        [{ scheme: "https", ca: { text: "secret" } }, "is not a certificate: give it as PEM"],
        [{ nodes: [] }, "there are no nodes"],
    ])("%j", (wrong, message) => {
        for (const target of ["k3s", "kind", "minikube", "docker-desktop", "kubeadm"] as const)
            expect(() => nodeRegistry(facts({ target, ...wrong }))).toThrow(message);
    });
});
