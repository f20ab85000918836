import { createHash } from "node:crypto";

/** Where the Deployment mounts what the registry reads. */
export const REGISTRY_PATHS = {
    configuration: "/etc/distribution",
    users: "/etc/registry-users",
    storage: "/var/lib/registry",
} as const;

export const REGISTRY_PORT = 5000;

/**
 * The registry's configuration as JSON, which YAML takes as it is: https://distribution.github.io/distribution/about/configuration/
 * Secrets are not in it: users are in a file of their own, and the HTTP secret is in the environment.
 */
export function registryConfiguration(): string {
    const configuration = {
        version: "0.1",
        log: { level: "info", formatter: "json", accesslog: { disabled: true } },
        storage: {
            filesystem: { rootdirectory: REGISTRY_PATHS.storage },
            cache: { blobdescriptor: "inmemory" },
            delete: { enabled: true },
        },
        http: {
            addr: `:${REGISTRY_PORT}`,
            draintimeout: "20s",
            headers: { "X-Content-Type-Options": ["nosniff"] },
        },
        auth: { htpasswd: { realm: "MCP platform", path: `${REGISTRY_PATHS.users}/htpasswd` } },
        health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
    };
    return `${JSON.stringify(configuration, null, 2)}\n`;
}

/** A short value that changes with the configuration, so that pods restart with it. */
export function configurationHash(configuration: string): string {
    return createHash("sha256").update(configuration).digest("hex").slice(0, 16);
}
