import { existing, k3s, NODES, servers, type RuleCase } from "./case.ts";

const acme = { mode: "acme", email: "ops@example.com" } as const;
const https = { registry: { mode: "bundled-https" } } as const;
const external = { registry: { mode: "external", url: "images.example.com/mcp" } } as const;
const prod = { ...k3s(), ...https, domain: "example.com", tls: acme };
const three = [...servers(3), NODES[1]];

/** Settings that are accepted with a warning, beside settings that are accepted without one. */
export const cautionCases: readonly RuleCase[] = [
    {
        rule: "acme-proxy",
        accepted: prod,
        refused: { ...prod, frontDoor: { mode: "proxy", trustedRanges: ["203.0.113.0/24"] } },
        says: [
            'mcp-platform:frontDoor.mode is "proxy", and tls.mode is "acme": let /.well-known/acme-challenge/* through on port 80 without login, cache, redirect or filter, or point DNS at the edge until certificates are issued, or use tls.mode issuer or secrets',
        ],
    },
    {
        rule: "acme-staging",
        accepted: prod,
        refused: { ...prod, tls: { ...acme, directory: "staging" } },
        says: ['mcp-platform:tls.directory is "staging": its certificates are trusted by no client: use production once they are issued'],
    },
    {
        rule: "one-api-endpoint",
        accepted: { ...https, ...k3s(three, { apiEndpoint: "api.example.com" }) },
        refused: { ...https, ...k3s(three) },
        says: [
            "mcp-platform:topology.apiEndpoint is missing: the API server is reached through the first server alone: give a name or an address that leads to all of them",
        ],
    },
    {
        rule: "plain-registry",
        accepted: existing({ distribution: "docker-desktop" }),
        refused: existing({ distribution: "kubeadm" }),
        says: [
            'mcp-platform:registry.mode is "bundled-http", and topology.kind is "existing": passwords and images travel without encryption: use bundled-https or external',
        ],
    },
    {
        rule: "login-not-asked-for",
        accepted: prod,
        refused: { ...prod, login: { provider: "google", clientId: "123-abc.apps.googleusercontent.com" } },
        says: [
            "mcp-platform:login is set: the gateway does not ask for it yet: whoever reaches it may use every server, so let the front door admit nobody else",
        ],
    },
    {
        rule: "light-production",
        accepted: { ...prod, strictProd: true, admins: ["admin@example.com"], resourceProfile: "standard" },
        refused: { ...prod, strictProd: true, admins: ["admin@example.com"] },
        says: ['mcp-platform:resourceProfile is "light", and strictProd is true: it is sized for a small machine: use standard'],
    },
    {
        rule: "external-operator",
        accepted: { ...k3s(), ...external, images: { operator: "images.example.com/operator:1.0.0" } },
        refused: { ...k3s(), ...external },
        says: [
            'mcp-platform:images.operator is missing, and registry.mode is "external": the program pushes nothing there: push the image first, with npm run images -- push operator --ref images.example.com/mcp/mcp-platform/operator:TAG, the tag as preview shows it, or name another here',
        ],
    },
];
