/** The mesh's registry, by the name and port that agents know it: its Service is named like its label. */
export const MESH_REGISTRY = { name: "mcp-mesh-registry", port: 8000 } as const;

/** Its database: Service, port, and the role and database in it. */
export const MESH_DATABASE = { name: "mcp-mesh-postgres", port: 5432, user: "mcp_mesh", database: "mcp_mesh" } as const;

/** The ConfigMap that agents take their environment from. */
export const AGENT_CONFIGURATION = "mcp-agent-config";
