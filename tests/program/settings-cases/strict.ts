import { knownVersions, publishedImage } from "../../../stacks/releases.ts";
import { DIGEST, k3s, NODES, server, type RuleCase } from "./case.ts";

const [, , ...workers] = NODES;

/** Strict production on the reference topology. */
const prod = {
    ...k3s(),
    strictProd: true,
    domain: "example.com",
    tls: { mode: "acme", email: "ops@example.com" },
    registry: { mode: "bundled-https" },
    admins: ["admin@example.com"],
} as const satisfies RuleCase["accepted"];

const refused = (rule: string, change: RuleCase["accepted"], ...says: string[]): RuleCase => ({
    rule,
    accepted: { ...prod, ...change, strictProd: false },
    refused: { ...prod, ...change },
    says,
});
const external = (url: string): RuleCase["accepted"] => ({ registry: { mode: "external", url } });
const mesh = publishedImage("meshRegistry", knownVersions("meshRegistry")[0]);
const image = `example.com/x:1@${DIGEST}`;

export const strictCases: readonly RuleCase[] = [
    refused(
        "strict-registry",
        { registry: { mode: "bundled-http" } },
        'mcp-platform:registry.mode is "bundled-http", and strictProd is true: images would travel without encryption: use bundled-https or external',
    ),
    refused(
        "strict-registry",
        { registry: { mode: "kind-container" }, topology: { kind: "kind", gatewayPort: 80 } },
        'mcp-platform:registry.mode is "kind-container", and strictProd is true: images would travel without encryption: use bundled-https or external',
    ),
    ...["localhost:5000", "registry.local", "registry.registry.svc.cluster.local:5000", "192.0.2.5:5000/mcp", "[2001:db8::1]/mcp"].map(
        (url) =>
            refused(
                "strict-registry-host",
                external(url),
                `mcp-platform:registry.url is "${url}", and strictProd is true: it looks like a registry of one machine or cluster: give the name of a registry that outlives them`,
            ),
    ),
    {
        rule: "strict-registry-host",
        accepted: { ...prod, ...external("registry.corp.internal/mcp") },
        refused: { ...prod, ...external("registry:5000/mcp") },
        says: [
            'mcp-platform:registry.url is "registry:5000/mcp", and strictProd is true: it looks like a registry of one machine or cluster: give the name of a registry that outlives them',
        ],
    },
    refused(
        "strict-own-authority",
        { tls: { mode: "internal" } },
        'mcp-platform:tls.mode is "internal", and strictProd is true: no client on the internet trusts the stack\'s own authority for example.com: use acme, issuer or secrets',
    ),
    {
        rule: "strict-issuers",
        accepted: { ...prod, tls: { ...prod.tls, directory: "https://acme.example.com/directory" } },
        refused: { ...prod, tls: { ...prod.tls, directory: "https://acme-staging-v02.api.letsencrypt.org/directory" } },
        says: [
            'mcp-platform:tls.directory is "https://acme-staging-v02.api.letsencrypt.org/directory", and strictProd is true: certificates of a staging directory are trusted by no client: use production',
        ],
    },
    refused(
        "strict-issuers",
        { tls: { mode: "acme", email: "ops@example.com", directory: "staging" } },
        'mcp-platform:tls.directory is "staging", and strictProd is true: certificates of a staging directory are trusted by no client: use production',
    ),
    refused(
        "strict-issuers",
        { tls: { mode: "issuer", clusterIssuer: "letsencrypt-staging" } },
        'mcp-platform:tls.clusterIssuer is "letsencrypt-staging", and strictProd is true: by its name its certificates are not for production: give an issuer that clients trust',
    ),
    refused(
        "strict-issuers",
        { tls: { mode: "issuer", clusterIssuer: "selfsigned" } },
        'mcp-platform:tls.clusterIssuer is "selfsigned", and strictProd is true: by its name its certificates are not for production: give an issuer that clients trust',
    ),
    refused(
        "strict-domain",
        { domain: "localhost", tls: { mode: "internal" } },
        'mcp-platform:domain is "localhost", and strictProd is true: it leads to one machine or network: give a domain of your own, such as example.com or corp.internal',
    ),
    refused(
        "strict-domain",
        { domain: "corp.local", tls: { mode: "internal" } },
        'mcp-platform:domain is "corp.local", and strictProd is true: it leads to one machine or network: give a domain of your own, such as example.com or corp.internal',
    ),
    refused(
        "strict-admins",
        { admins: [] },
        "mcp-platform:admins is empty, and strictProd is true: nobody could administer the platform: give an e-mail address at least (tls.email is a contact, not an administrator)",
    ),
    refused(
        "strict-images",
        { images: { traefik: "example.com/traefik:v3" } },
        'mcp-platform:images.traefik is "example.com/traefik:v3", and strictProd is true: a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…',
    ),
    refused(
        "strict-images",
        { mesh: { mode: "bundled" } },
        `mcp-platform:images.meshRegistry is missing, and strictProd is true: no digest is recorded of ${mesh}: give that image with its digest, as in ${mesh}@sha256:…`,
    ),
    {
        rule: "strict-images",
        accepted: { ...prod, mesh: { mode: "bundled" }, images: { meshRegistry: image } },
        refused: { ...prod, mesh: { mode: "bundled" }, images: { meshRegistry: "example.com/x:1", operator: "example.com/operator:1" } },
        says: [
            'mcp-platform:images.operator is "example.com/operator:1", and strictProd is true: a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…',
            'mcp-platform:images.meshRegistry is "example.com/x:1", and strictProd is true: a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…',
        ],
    },
    refused(
        "strict-server-images",
        server({ image: "team/one:1.0.0" }),
        'mcp-platform:servers.one.image is "team/one:1.0.0", and strictProd is true: a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…',
    ),
    {
        rule: "strict-server-images",
        accepted: { ...prod, ...server({ image }) },
        refused: { ...prod, ...server({ image: "example.com/one:latest" }) },
        says: [
            'mcp-platform:servers.one.image is "example.com/one:latest", and strictProd is true: a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…',
        ],
    },
    refused(
        "strict-npm-registry",
        { npmRegistry: "http://npm.example.com/" },
        'mcp-platform:npmRegistry is "http://npm.example.com/", and strictProd is true: anybody on the way could change a package: give a URL that begins with https://',
    ),
    refused(
        "strict-storage",
        { storage: { mode: "hostPath", path: "/srv/mcp", node: workers[0]?.name ?? "" } },
        'mcp-platform:storage.mode is "hostPath", and strictProd is true: a folder of one node is neither limited in size nor kept apart: use class',
    ),
];
