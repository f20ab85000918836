import { existing, k3s, server, type RuleCase } from "./case.ts";

const external = (fields: object): RuleCase["accepted"] => ({ registry: { mode: "external", url: "images.example.com", ...fields } });
const url = (text: string) => external({ url: text });
const encrypted = ["mcp-platform:registry"];
const egress = (...cidrs: string[]) => server({ egress: cidrs.map((cidr) => ({ cidr, ports: [443] })) });
const login = { provider: "google", clientId: "1-a.apps.googleusercontent.com" } as const;

export const platformCases: readonly RuleCase[] = [
    {
        rule: "bundled-https-nodes",
        accepted: { ...k3s(), registry: { mode: "bundled-https" } },
        refused: { topology: { kind: "kind" }, registry: { mode: "bundled-https" } },
        says: [
            'mcp-platform:registry.mode is "bundled-https", and topology.kind is "kind": nodes of kind are made before the registry and its authority, so that they could not pull: use kind-container, bundled-http or external',
        ],
    },
    {
        rule: "bundled-https-nodes",
        accepted: { registry: { mode: "bundled-http" } },
        refused: { registry: { mode: "bundled-https" } },
        says: [
            'mcp-platform:registry.mode is "bundled-https", and topology.kind is "embedded": nodes of embedded are made before the registry and its authority, so that they could not pull: use bundled-http or external',
        ],
    },
    {
        rule: "push-images",
        accepted: { pushImages: ["a/b:1"] },
        refused: { pushImages: ["a/b:1"], registry: { mode: "external", url: "images.example.com" } },
        says: [
            'mcp-platform:pushImages is ["a/b:1"], and registry.mode is "external": the program pushes into a registry of its own only: push them with npm run images -- push, and remove them here',
        ],
    },
    {
        rule: "push-names",
        accepted: { pushImages: ["a/b:1", "a/c:1"] },
        refused: { pushImages: ["a/b:1", "c/b:2"] },
        says: ['mcp-platform:pushImages[1] is "c/b:2": pushImages[0] is called b too: give each another name or remove one'],
    },
    ...(
        [
            ["http://127.0.0.1:4873/", "127.0.0.0/8 (loopback)"],
            ["http://localhost:4873/", "127.0.0.0/8 (loopback)"],
            ["https://10.1.2.3/", "10.0.0.0/8 (private)"],
            ["https://[fd00::1]/", "fc00::/7 (unique local, where clouds answer with credentials)"],
        ] as const
    ).map(([npmRegistry, met]): RuleCase => ({
        rule: "npm-registry-address",
        accepted: { npmRegistry: "https://203.0.113.9/" },
        refused: { npmRegistry },
        says: [
            `mcp-platform:npmRegistry is "${npmRegistry}": it is in ${met}, where no server is let out to: give a registry with a public address`,
        ],
    })),
    {
        rule: "kind-container",
        accepted: { topology: { kind: "kind" }, registry: { mode: "kind-container" } },
        refused: { registry: { mode: "kind-container" } },
        says: [
            'mcp-platform:registry.mode is "kind-container", and topology.kind is "embedded": the container runs beside the nodes of kind: use bundled-https, bundled-http or external',
        ],
    },
    ...[
        [
            "images.example.com/mcp-runtime",
            "https://images.example.com/mcp-runtime",
            "leave the scheme out, such as registry.example.com/mcp-runtime: registries are reached by HTTPS",
        ],
        ["images.example.com:5000", "images.example.com/", "leave the final slash out, such as registry.example.com/mcp-runtime"],
        ["images.example.com/team-a/mcp", "images.example.com/mcp:1.0", "leave the tag out, such as registry.example.com/mcp-runtime"],
        [
            "localhost:5000/mcp",
            "mcp-runtime",
            "begin with the registry's host, such as registry.example.com/mcp-runtime: a first part without a dot is a folder at Docker Hub",
        ],
        [
            "images.example.com/mcp",
            "Images.example.com/MCP",
            "give a host with an optional port and prefix in lower case, such as registry.example.com/mcp-runtime",
        ],
        ["[2001:db8::1]:5000/mcp", "[2001:db8]:5000/mcp", "give a host, such as registry.example.com/mcp-runtime"],
    ].map(([good = "", bad = "", fix = ""]): RuleCase => ({
        rule: "registry-url",
        accepted: url(good),
        refused: url(bad),
        says: [`mcp-platform:registry.url is "${bad}": ${fix}`],
    })),
    {
        rule: "registry-url",
        accepted: url("images.example.com"),
        refused: url("ci:hunter2@images.example.com"),
        says: [
            'mcp-platform:registry.url is "(hidden)@images.example.com": leave user and password out, such as registry.example.com/mcp-runtime: they are registry.username and registry.password',
        ],
    },
    {
        rule: "registry-credentials",
        accepted: external({ username: "ci", password: "hunter2" }),
        refused: external({ username: "ci" }),
        secretKeys: [encrypted, []],
        says: [
            "mcp-platform:registry.password is missing: registry.username is set: set the password too, with npm run config -- set --secret --path registry.password",
        ],
    },
    {
        rule: "registry-credentials",
        accepted: external({}),
        refused: external({ password: "hunter2" }),
        secretKeys: [[], encrypted],
        says: ["mcp-platform:registry.username is missing: registry.password is set: give the user it belongs to"],
    },
    {
        rule: "registry-credentials",
        accepted: external({ username: "ci", password: "hunter2" }),
        refused: external({ username: "ci", password: "hunter2" }),
        secretKeys: [encrypted, []],
        says: [
            "mcp-platform:registry.password is plain text: set it encrypted, with npm run config -- set --secret --path registry.password, and change it at the registry if others saw the file",
        ],
    },
    {
        rule: "encrypted-values",
        accepted: server({ env: { LEVEL: "info" } }),
        refused: server({ env: { TOKEN: "hunter2" } }),
        secretKeys: [[], ["mcp-platform:servers"]],
        says: [
            "mcp-platform:servers has an encrypted value: it would be written where it is read in plain text: set it without --secret; a secret of a server is named in its secretEnv",
        ],
    },
    {
        rule: "public-login",
        accepted: { platformMode: "public", login },
        refused: { platformMode: "public" },
        says: [
            'mcp-platform:login is missing, and platformMode is "public": give { provider: google, clientId } or { provider: oidc, issuer, audience, jwksUrl }, or use platformMode tenant or org',
        ],
    },
    {
        rule: "admins-once",
        accepted: { admins: ["a@example.com", "b@example.com"] },
        refused: { admins: ["a@example.com", "b@example.com", "A@example.com"] },
        says: ['mcp-platform:admins[2] is "A@example.com": admins[0] is the same: remove one'],
    },
    ...[
        ["10.1.2.0/24", "10.0.0.0/8 (private)"],
        ["172.20.0.0/16", "172.16.0.0/12 (private)"],
        ["192.168.1.7", "192.168.0.0/16 (private)"],
        ["127.0.0.1/32", "127.0.0.0/8 (loopback)"],
        ["169.254.169.254/32", "169.254.0.0/16 (link-local, where clouds answer with credentials)"],
        ["100.64.0.0/10", "100.64.0.0/10 (shared between carriers and private networks)"],
        ["224.0.0.0/8", "224.0.0.0/4 (multicast)"],
        ["0.0.0.0/0", "0.0.0.0/8 (this host)"],
        ["8.0.0.0/5", "10.0.0.0/8 (private)"],
        ["::/0", "::/96 (unspecified, loopback and IPv4 inside IPv6)"],
        ["::1/128", "::/96 (unspecified, loopback and IPv4 inside IPv6)"],
        ["fe80::/64", "fe80::/10 (link-local)"],
        ["fd00:ec2::254/128", "fc00::/7 (unique local, where clouds answer with credentials)"],
        ["ff02::/16", "ff00::/8 (multicast)"],
        ["::ffff:169.254.169.254/128", "::ffff:0:0/96 (IPv4 inside IPv6)"],
        ["64:ff9b::a00:1/128", "64:ff9b::/96 (IPv4 behind NAT64)"],
        ["2002:a9fe:a9fe::/48", "2002::/16 (IPv4 inside 6to4)"],
    ].map(([cidr = "", met = ""]): RuleCase => ({
        rule: "egress-ranges",
        accepted: egress("203.0.113.0/24", "2600::/16"),
        refused: egress(cidr),
        says: [
            `mcp-platform:servers.one.egress[0].cidr is "${cidr}": it meets ${met}, where no server is let out to: give public ranges only`,
        ],
    })),
    {
        rule: "egress-ranges",
        accepted: egress("11.0.0.0/8"),
        refused: egress("11.0.0.1/8", "2600::1/16"),
        says: [
            'mcp-platform:servers.one.egress[0].cidr is "11.0.0.1/8": begin the range with its first address: 11.0.0.0/8',
            'mcp-platform:servers.one.egress[1].cidr is "2600::1/16": begin the range with its first address: 2600::/16',
        ],
    },
    {
        rule: "egress-cluster",
        accepted: { ...k3s(), ...egress("203.0.113.0/28") },
        refused: { ...k3s(), ...egress("203.0.113.0/24") },
        says: [
            'mcp-platform:servers.one.egress[0].cidr is "203.0.113.0/24": it has mcp-ingress-1 (203.0.113.20/32) in it, where no server is let out to: leave that out',
        ],
    },
    {
        rule: "egress-cluster",
        accepted: { ...existing(), ...egress("192.0.2.64/26") },
        refused: { ...existing(), ...egress("192.0.2.0/26") },
        says: [
            'mcp-platform:servers.one.egress[0].cidr is "192.0.2.0/26": it has the API server (192.0.2.10/32) in it, where no server is let out to: leave that out',
        ],
    },
    {
        rule: "package-registry",
        accepted: { npmRegistry: "https://npm.example.com", ...server({ image: undefined, package: { name: "a", version: "1.0.0" } }) },
        refused: server({ image: undefined, package: { name: "a", version: "1.0.0" } }),
        says: [
            "mcp-platform:npmRegistry is missing, and servers.one.package is set: packages are installed from nowhere else: give the URL of an npm registry",
        ],
    },
];
