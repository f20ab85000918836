/** Hosts of the platform under its apex domain. */
export interface Hosts {
    /** MCP servers: `mcp.<apex>/<server>/mcp`. */
    readonly mcp: string;
    readonly registry: string;
    readonly platform: string;
}

export function hostsOf(apex: string): Hosts {
    return { mcp: `mcp.${apex}`, registry: `registry.${apex}`, platform: `platform.${apex}` };
}

/** The IngressClass that routes to the platform name. */
export const INGRESS_CLASS = "traefik";

/** The edge's ports inside its pods. */
export const EDGE_PORTS = { web: 8000, websecure: 8443, ping: 8082 } as const;
