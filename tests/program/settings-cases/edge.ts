import { existing, k3s, type RuleCase } from "./case.ts";

const acme = { mode: "acme", email: "ops@example.com" } as const;
const company = { ...acme, directory: "https://acme.corp.internal/directory" } as const;
const proxy = (...trustedRanges: string[]): RuleCase["accepted"] => ({ frontDoor: { mode: "proxy", trustedRanges } });
const nginx = { owner: "existing", class: "nginx", namespace: "ingress-nginx", podLabels: { app: "nginx" } } as const;
const prod = { ...k3s(), domain: "example.com", tls: acme };

export const edgeCases: readonly RuleCase[] = [
    ...["localhost", "mcp-platform", "corp.local", "corp.internal", "corp.test", "corp.lan", "corp.home.arpa", "corp.cluster.local"].map(
        (domain): RuleCase => ({
            rule: "acme-public-apex",
            accepted: prod,
            refused: { ...prod, domain },
            says: [
                `mcp-platform:domain is "${domain}", and tls.mode is "acme": certificates are issued for names of the internet only: give a public domain such as example.com, or use tls.mode issuer, secrets or internal`,
            ],
        }),
    ),
    {
        rule: "acme-public-apex",
        accepted: { ...k3s(), domain: "corp.internal", tls: company },
        refused: { ...k3s(), domain: "corp.internal", tls: { ...acme, directory: "https://acme.example.com/directory" } },
        says: [
            'mcp-platform:domain is "corp.internal", and tls.mode is "acme": certificates are issued for names of the internet only: give a public domain such as example.com, or use tls.mode issuer, secrets or internal',
        ],
    },
    {
        rule: "acme-port-80",
        accepted: { domain: "example.com", tls: acme, topology: { kind: "embedded", gatewayPort: 80 } },
        refused: { domain: "example.com", tls: acme },
        says: [
            'mcp-platform:topology.gatewayPort is 8080, and tls.mode is "acme": the HTTP-01 challenge comes to port 80 of the hosts, and nothing answers there: let a proxy bring it (frontDoor.mode proxy), or use tls.mode issuer, secrets or internal',
        ],
    },
    {
        rule: "acme-port-80",
        accepted: { ...existing({ edge: { kind: "nodePort" } }), domain: "example.com", tls: acme, ...proxy("203.0.113.0/24") },
        refused: { ...existing({ edge: { kind: "nodePort" } }), domain: "example.com", tls: acme },
        says: [
            'mcp-platform:topology.edge.kind is "nodePort", and tls.mode is "acme": the HTTP-01 challenge comes to port 80 of the hosts, and nothing answers there: let a proxy bring it (frontDoor.mode proxy), or use tls.mode issuer, secrets or internal',
        ],
    },
    {
        rule: "acme-internal-lb",
        accepted: { ...prod, tls: { mode: "issuer", clusterIssuer: "corp-ca" }, frontDoor: { mode: "internal-lb" } },
        refused: { ...prod, frontDoor: { mode: "internal-lb" } },
        says: [
            'mcp-platform:frontDoor.mode is "internal-lb", and tls.mode is "acme": no HTTP-01 challenge comes through an internal load balancer: use tls.mode issuer with your own ClusterIssuer, or secrets',
        ],
    },
    {
        rule: "acme-internal-lb",
        accepted: { ...prod, tls: company, frontDoor: { mode: "internal-lb" } },
        refused: { ...prod, tls: { ...acme, directory: "staging" }, frontDoor: { mode: "internal-lb" } },
        says: [
            'mcp-platform:frontDoor.mode is "internal-lb", and tls.mode is "acme": no HTTP-01 challenge comes through an internal load balancer: use tls.mode issuer with your own ClusterIssuer, or secrets',
        ],
    },
    {
        rule: "trusted-ranges",
        accepted: proxy("203.0.113.0/24", "2001:db8::/32"),
        refused: proxy(),
        says: [
            "mcp-platform:frontDoor.trustedRanges is []: give the ranges the proxy connects from: from them alone X-Forwarded-For and X-Forwarded-Proto are believed",
        ],
    },
    {
        rule: "trusted-ranges",
        accepted: proxy("10.0.0.0/8"),
        refused: proxy("0.0.0.0/0"),
        says: [
            'mcp-platform:frontDoor.trustedRanges[0] is "0.0.0.0/0": it is wider than any proxy\'s, and whoever is in it could say where a request comes from: give each range of theirs, /8 or narrower',
        ],
    },
    {
        rule: "trusted-ranges",
        accepted: proxy("2400::/16"),
        refused: proxy("2000::/3", "128.0.0.0/1", "::/0"),
        says: [
            'mcp-platform:frontDoor.trustedRanges[0] is "2000::/3": it is wider than any proxy\'s, and whoever is in it could say where a request comes from: give each range of theirs, /16 or narrower',
            'mcp-platform:frontDoor.trustedRanges[1] is "128.0.0.0/1": it is wider than any proxy\'s, and whoever is in it could say where a request comes from: give each range of theirs, /8 or narrower',
            'mcp-platform:frontDoor.trustedRanges[2] is "::/0": it is wider than any proxy\'s, and whoever is in it could say where a request comes from: give each range of theirs, /16 or narrower',
        ],
    },
    {
        rule: "trusted-ranges",
        accepted: proxy("203.0.113.7/32"),
        refused: proxy("203.0.113.7/24", "2001:db8::1/32"),
        says: [
            'mcp-platform:frontDoor.trustedRanges[0] is "203.0.113.7/24": begin the range with its first address: 203.0.113.0/24',
            'mcp-platform:frontDoor.trustedRanges[1] is "2001:db8::1/32": begin the range with its first address: 2001:db8::/32',
        ],
    },
    {
        rule: "trusted-ranges",
        accepted: { frontDoor: { mode: "internal-lb" } },
        refused: { frontDoor: { mode: "internal-lb", trustedRanges: ["0.0.0.0/1"] } },
        says: [
            'mcp-platform:frontDoor.trustedRanges[0] is "0.0.0.0/1": it is wider than any proxy\'s, and whoever is in it could say where a request comes from: give each range of theirs, /8 or narrower',
        ],
    },
    {
        rule: "packaged-ingress",
        accepted: { ...k3s(), ingress: { owner: "packaged" } },
        refused: { ingress: { owner: "packaged" } },
        says: [
            'mcp-platform:ingress.owner is "packaged", and topology.kind is "embedded": only k3s packages an ingress controller: use platform, or existing for one that is there already',
        ],
    },
    {
        rule: "packaged-ingress",
        accepted: { ...existing({ distribution: "k3s" }), ingress: { owner: "packaged" } },
        refused: { ...existing({ distribution: "kubeadm" }), ingress: { owner: "packaged" } },
        says: [
            'mcp-platform:ingress.owner is "packaged", and topology.kind is "existing": only k3s packages an ingress controller: use platform, or existing for one that is there already',
        ],
    },
    {
        rule: "packaged-exposure",
        accepted: { ...existing({ distribution: "k3s", edge: { kind: "nodePort" } }), ingress: { owner: "platform" } },
        refused: { ...existing({ distribution: "k3s", edge: { kind: "nodePort" } }), ingress: { owner: "packaged" } },
        says: [
            'mcp-platform:topology.edge.kind is "nodePort", and ingress.owner is "packaged": k3s puts its own controller behind ServiceLB: use loadBalancer, or ingress.owner platform',
        ],
    },
    {
        rule: "existing-ingress",
        accepted: { ...existing(), ingress: nginx },
        refused: { topology: { kind: "kind" }, ingress: nginx },
        says: [
            'mcp-platform:ingress.owner is "existing", and topology.kind is "kind": the cluster is made with the platform, so that no controller is there before: use platform',
        ],
    },
    {
        rule: "ingress-namespace",
        accepted: { ...existing(), ingress: { ...nginx, namespace: "traefik" } },
        refused: { ...existing(), ingress: { ...nginx, namespace: "mcp-runtime" } },
        says: [
            'mcp-platform:ingress.namespace is "mcp-runtime": the platform makes that namespace and denies all traffic in it but its own: give the controller\'s namespace',
        ],
    },
    {
        rule: "ingress-labels",
        accepted: { ...existing(), ingress: nginx },
        refused: { ...existing(), ingress: { ...nginx, podLabels: {} } },
        says: [
            'mcp-platform:ingress.podLabels is {}: every pod of the namespace would be let in: give the labels of the controller\'s pods, such as { "app.kubernetes.io/name": "ingress-nginx" }',
        ],
    },
    {
        rule: "api-server-ranges",
        accepted: existing({ apiServer: { addresses: ["10.0.0.0/24", "2001:db8::1"] } }),
        refused: existing({ apiServer: { addresses: ["0.0.0.0/0", "10.0.0.1/24"] } }),
        says: [
            'mcp-platform:topology.apiServer.addresses[0] is "0.0.0.0/0": it is wider than any API server\'s, and the operator would be let out to all of it: give each range of theirs, /8 or narrower',
            'mcp-platform:topology.apiServer.addresses[1] is "10.0.0.1/24": begin the range with its first address: 10.0.0.0/24',
        ],
    },
];
