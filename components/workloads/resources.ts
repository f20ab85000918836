export interface Resources {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly cpu: string; readonly memory: string };
}

export type SizedWorkload = "registry" | "traefik" | "mcp-operator" | "mcp-gateway";

/** Compute resources by profile: `light` fits a small machine, `standard` a node of its own. */
export const RESOURCE_PROFILES = {
    light: {
        registry: { requests: { cpu: "20m", memory: "48Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        traefik: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        "mcp-operator": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        "mcp-gateway": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "256Mi" } },
    },
    standard: {
        registry: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        traefik: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        "mcp-operator": { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        "mcp-gateway": { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "1Gi" } },
    },
} as const satisfies Record<string, Record<SizedWorkload, Resources>>;

export type ResourceProfile = keyof typeof RESOURCE_PROFILES;
