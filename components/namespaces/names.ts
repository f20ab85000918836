/** The platform's namespaces, by what they are for. */
export const NAMESPACES = {
    /** Operator and gateway. */
    runtime: "mcp-runtime",
    /** MCPServer objects and their pods, nothing else. */
    servers: "mcp-servers",
    registry: "registry",
    edge: "traefik",
} as const;

export type NamespaceName = (typeof NAMESPACES)[keyof typeof NAMESPACES];
