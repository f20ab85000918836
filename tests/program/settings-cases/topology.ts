import { existing, k3s, NODES, servers, type Node, type RuleCase } from "./case.ts";

const [server, ingress, worker, other] = NODES;
const replaced = (node: Node): RuleCase["accepted"] => k3s([server, ingress, worker, node]);

export const topologyCases: readonly RuleCase[] = [
    {
        rule: "server-count",
        accepted: k3s([...servers(3), ingress]),
        refused: k3s([...servers(2), ingress]),
        says: [
            "mcp-platform:topology.nodes has 2 servers (mcp-cp-1, mcp-cp-2): with two, the loss of either one stops the cluster: give 1, or 3 for a control plane that survives the loss of one",
        ],
    },
    {
        rule: "server-count",
        accepted: k3s([...servers(5), ingress]),
        refused: k3s([...servers(4), ingress]),
        says: [
            "mcp-platform:topology.nodes has 4 servers (mcp-cp-1, mcp-cp-2, mcp-cp-3, mcp-cp-4): an even number survives no more than 3 do: give 3 or 5",
        ],
    },
    {
        rule: "server-count",
        accepted: k3s(),
        refused: k3s([ingress, worker]),
        says: ["mcp-platform:topology.nodes has no node with the role server: give one node that role, or three"],
    },
    {
        rule: "ingress-node",
        accepted: k3s([server, ingress]),
        refused: k3s([server, worker]),
        says: [
            "mcp-platform:topology.nodes has no node with the role ingress: ServiceLB is pinned to such nodes, so that nothing would answer on ports 80 and 443: give one node that role",
        ],
    },
    {
        rule: "ingress-node",
        accepted: {
            ...k3s([server, worker]),
            ingress: { owner: "existing", class: "nginx", namespace: "ingress-nginx", podLabels: { app: "nginx" } },
        },
        refused: { ...k3s([server, worker]), ingress: { owner: "packaged" } },
        says: [
            "mcp-platform:topology.nodes has no node with the role ingress: ServiceLB is pinned to such nodes, so that nothing would answer on ports 80 and 443: give one node that role",
        ],
    },
    {
        rule: "node-names",
        accepted: k3s(),
        refused: replaced({ ...other, name: "mcp-worker-1" }),
        says: [
            'mcp-platform:topology.nodes[3].name is "mcp-worker-1": nodes[2] has that name already: a node that joins under it would take the other\'s place; give another',
        ],
    },
    {
        rule: "node-names",
        accepted: existing({ nodes: ["worker-1", "worker-2"] }),
        refused: existing({ nodes: ["worker-1", "worker-1"] }),
        says: ['mcp-platform:topology.nodes[1] is "worker-1": nodes[0] is the same: remove one'],
    },
    {
        rule: "host-path-node",
        accepted: { ...existing({ nodes: ["worker-1"] }), storage: { mode: "hostPath", path: "/srv/mcp", node: "worker-1" } },
        refused: { ...existing({ nodes: ["worker-1"] }), storage: { mode: "hostPath", path: "/srv/mcp", node: "worker-2" } },
        says: ['mcp-platform:storage.node is "worker-2": there is no such node: use one of worker-1'],
    },
    {
        rule: "node-addresses",
        accepted: k3s(),
        refused: replaced({ ...other, address: "192.0.2.31" }),
        says: ['mcp-platform:topology.nodes[3].address is "192.0.2.31": mcp-worker-1 has it already: give mcp-worker-2 its own'],
    },
    {
        rule: "node-addresses",
        accepted: k3s(),
        refused: replaced({ ...other, publicAddress: "203.0.113.20" }),
        says: ['mcp-platform:topology.nodes[3].publicAddress is "203.0.113.20": mcp-ingress-1 has it already: give mcp-worker-2 its own'],
    },
    {
        rule: "node-addresses",
        accepted: replaced({ ...other, publicAddress: "2001:db8::32" }),
        refused: k3s([server, { ...ingress, publicAddress: "2001:db8::1" }, worker, { ...other, publicAddress: "2001:0DB8:0:0::0001" }]),
        says: [
            'mcp-platform:topology.nodes[3].publicAddress is "2001:0DB8:0:0::0001": mcp-ingress-1 has it already: give mcp-worker-2 its own',
        ],
    },
    {
        rule: "usable-addresses",
        accepted: replaced({ ...other, address: "10.0.0.32" }),
        refused: replaced({ ...other, address: "127.0.0.1", publicAddress: "fe80::1" }),
        says: [
            'mcp-platform:topology.nodes[3].address is "127.0.0.1": it is a loopback address: give one that other machines reach mcp-worker-2 at',
            'mcp-platform:topology.nodes[3].publicAddress is "fe80::1": it is a link-local address: give one that other machines reach mcp-worker-2 at',
        ],
    },
    {
        rule: "one-family",
        accepted: k3s([
            { ...server, address: "2001:db8::1" },
            { ...ingress, address: "2001:db8::2" },
        ]),
        refused: k3s([server, ingress, worker, { ...other, address: "2001:db8::3" }]),
        says: [
            'mcp-platform:topology.nodes[3].address is "2001:db8::3": mcp-cp-1 has 192.0.2.10: pods would not reach each other across families; give all nodes addresses of one',
        ],
    },
    {
        rule: "one-architecture",
        accepted: k3s(NODES.map((node) => ({ ...node, architecture: "arm64" }))),
        refused: replaced({ ...other, architecture: "arm64" }),
        says: [
            "mcp-platform:topology.nodes has the architectures amd64 (mcp-cp-1, mcp-ingress-1, mcp-worker-1) and arm64 (mcp-worker-2): images are made for one: give all nodes the same architecture, and the others a cluster of their own",
        ],
    },
    {
        rule: "api-endpoint",
        accepted: k3s(NODES, { apiEndpoint: "api.example.com" }),
        refused: k3s(NODES, { apiEndpoint: "https://api.example.com:6443" }),
        says: [
            'mcp-platform:topology.apiEndpoint is "https://api.example.com:6443": give a host name or an address without scheme and port, such as api.example.com: the port is 6443',
        ],
    },
    {
        rule: "distinct-ports",
        accepted: { topology: { kind: "embedded", gatewayPort: 8081 } },
        refused: { topology: { kind: "embedded", gatewayPort: 8443 } },
        says: ["mcp-platform:topology.gatewayTlsPort is 8443: topology.gatewayPort is the same: give each a port of its own"],
    },
    {
        rule: "distinct-ports",
        accepted: { topology: { kind: "kind" }, registry: { mode: "kind-container", port: 5001 } },
        refused: { topology: { kind: "kind" }, registry: { mode: "kind-container", port: 8080 } },
        says: ["mcp-platform:registry.port is 8080: topology.gatewayPort is the same: give each a port of its own"],
    },
    {
        rule: "distinct-ports",
        accepted: existing({ edge: { kind: "nodePort", http: 30080, https: 30443 } }),
        refused: existing({ edge: { kind: "nodePort", http: 30080, https: 30080 } }),
        says: ["mcp-platform:topology.edge.https is 30080: topology.edge.http is the same: give each a port of its own"],
    },
    {
        rule: "node-ports",
        accepted: existing({ edge: { kind: "nodePort", http: 31080 } }),
        refused: existing({ edge: { kind: "nodePort", http: 80, https: 32000 } }),
        says: [
            "mcp-platform:topology.edge.http is 80: a NodePort is 30000 to 32767",
            "mcp-platform:topology.edge.https is 32000: it is the registry's NodePort: give another from 30000 to 32767",
        ],
    },
    {
        rule: "host-path",
        accepted: { storage: { mode: "hostPath", path: "/srv/mcp", node: "it" } },
        refused: { storage: { mode: "hostPath", path: "srv/mcp", node: "it" } },
        says: ['mcp-platform:storage.path is "srv/mcp": give an absolute path on the node, such as /var/lib/mcp-platform'],
    },
    {
        rule: "host-path",
        accepted: { storage: { mode: "hostPath", path: "/var/lib/mcp", node: "it" } },
        refused: { storage: { mode: "hostPath", path: "/var/lib/kubelet/mcp", node: "it" } },
        says: [
            'mcp-platform:storage.path is "/var/lib/kubelet/mcp": it belongs to the node\'s system: give a folder of its own, such as /var/lib/mcp-platform',
        ],
    },
    {
        rule: "host-path",
        accepted: { storage: { mode: "hostPath", path: "/srv/mcp", node: "it" } },
        refused: { storage: { mode: "hostPath", path: "/srv/../etc", node: "it" } },
        says: ['mcp-platform:storage.path is "/srv/../etc": give the path without . and .., such as /var/lib/mcp-platform'],
    },
    {
        rule: "host-path-node",
        accepted: { ...k3s(), storage: { mode: "hostPath", path: "/srv/mcp", node: "mcp-worker-1" } },
        refused: { ...k3s(), storage: { mode: "hostPath", path: "/srv/mcp", node: "mcp-worker-9" } },
        says: [
            'mcp-platform:storage.node is "mcp-worker-9": there is no such node: use one of mcp-cp-1, mcp-ingress-1, mcp-worker-1, mcp-worker-2',
        ],
    },
    {
        rule: "host-path-node",
        accepted: { topology: { kind: "kind", workers: 1 }, storage: { mode: "hostPath", path: "/srv/mcp", node: "mcp-platform-worker" } },
        refused: { topology: { kind: "kind" }, storage: { mode: "hostPath", path: "/srv/mcp", node: "mcp-platform-worker" } },
        says: ['mcp-platform:storage.node is "mcp-platform-worker": there is no such node: use one of mcp-platform-control-plane'],
    },
];
