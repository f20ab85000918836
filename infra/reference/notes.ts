/** What the reference says of settings beside their fields. Markdown, by key. */
import type { Settings } from "../schema/settings.ts";

export const NOTES: Readonly<Partial<Record<keyof Settings, string>>> = {
    domain: `\`example.com\`, not \`mcp.example.com\`: the hosts are made from it. All three names have to lead to the edge, or to what stands
before it.`,
    tls: `With \`internal\`, \`npm run stack -- output caCertificate\` prints what clients have to trust; the authority and the certificate are
renewed by the next update within a month of their end. Let's Encrypt sees the hosts from the internet: their names are public, and port
80 leads to the edge. With \`issuer\` and \`secrets\` what they name has to be there before the first update.`,
    registry: `The password of an external registry is the only setting that is secret. It is encrypted with the stack's passphrase, and plain text is
refused:

\`\`\`sh
npm run config -- set --path --secret registry.password --stack NAME
\`\`\``,
    frontDoor: `From \`trustedRanges\` alone the edge believes \`X-Forwarded-For\` and \`X-Forwarded-Proto\`. A proxy keeps the \`Host\` header, passes
\`/v2\`, \`/<server>/mcp\` and \`/.well-known/acme-challenge/\` on without cache, filter or rewriting, lets requests of any size through and
responses last as long as they do.`,
    npmRegistry: `With it, MCP servers may be given as packages and are let out of the cluster to public addresses on the registry's port. Without it
they reach DNS, the ranges of their \`egress\` and nothing else.`,
    pushImages: `Repositories with a tag, without a host, such as \`examples/everything:2026.8.31\`: what \`npm run images -- push\` can make from this
checkout. An image is pushed again when its reference changes or the registry's volume is another one.`,
    versions:
        "Of versions that are listed here the digests are recorded, where the publisher's are known. Other versions are given as `images`.",
    servers: `A server's name becomes a part of its address, \`https://mcp.<domain>/<name>/mcp\`, so it has lower-case letters, digits and dashes and
begins with a letter. Each server becomes an \`MCPServer\` object, and an update waits until a handshake through its public address has
succeeded.

\`\`\`yaml
config:
  mcp-platform:servers:
    weather:
      package: { name: "@example/weather-mcp", version: 1.4.2 }
      transport: stdio
      secretEnv:
        API_KEY: { secret: weather, key: api-key }
    search:
      image: registry.example.com/team/search:3.1.0
      transport: streamable-http
      port: 9000
      egress:
        - { cidr: 203.0.113.0/24, ports: [443] }
\`\`\``,
};
