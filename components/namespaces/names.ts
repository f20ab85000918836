/** The platform's namespaces, by what they are for. */
export const NAMESPACES = {
    /** Operator and gateway. */
    runtime: "mcp-runtime",
    /** MCPServer objects and their pods, nothing else. */
    servers: "mcp-servers",
    registry: "registry",
    edge: "traefik",
    certManager: "cert-manager",
    /** The registry of mesh agents with its database, and the agents. */
    mesh: "mcp-mesh",
} as const;

export type NamespaceKey = keyof typeof NAMESPACES;
export type NamespaceName = (typeof NAMESPACES)[NamespaceKey];
