export interface Resources {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly cpu: string; readonly memory: string };
}

/** Compute resources by profile: `light` fits a small machine, `standard` a node of its own. */
export const RESOURCE_PROFILES = {
    light: {
        registry: { requests: { cpu: "20m", memory: "48Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        traefik: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        "mcp-operator": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        "mcp-gateway": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "256Mi" } },
        "mcp-mesh-registry": { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
        "mcp-mesh-postgres": { requests: { cpu: "20m", memory: "96Mi" }, limits: { cpu: "1", memory: "512Mi" } },
        "cert-manager": { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
        "cert-manager-cainjector": { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
        "cert-manager-webhook": { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
    },
    standard: {
        registry: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        traefik: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        "mcp-operator": { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "512Mi" } },
        "mcp-gateway": { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2", memory: "1Gi" } },
        "mcp-mesh-registry": { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
        "mcp-mesh-postgres": { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "2", memory: "1Gi" } },
        "cert-manager": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "512Mi" } },
        "cert-manager-cainjector": { requests: { cpu: "50m", memory: "96Mi" }, limits: { cpu: "1", memory: "512Mi" } },
        "cert-manager-webhook": { requests: { cpu: "50m", memory: "64Mi" }, limits: { cpu: "1", memory: "256Mi" } },
    },
} as const satisfies Record<string, Record<string, Resources>>;

export type ResourceProfile = keyof typeof RESOURCE_PROFILES;

/** Pods by profile, of what may have several. `standard` keeps one while a node is drained. */
export const REPLICA_PROFILES = {
    light: { "mcp-mesh-registry": 1 },
    standard: { "mcp-mesh-registry": 2 },
} as const satisfies Record<ResourceProfile, Record<string, number>>;
