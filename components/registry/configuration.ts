import { createHash } from "node:crypto";

/** Where the Deployment mounts what the registry reads. */
export const REGISTRY_PATHS = {
    configuration: "/etc/distribution",
    users: "/etc/registry-users",
    certificate: "/etc/registry-certificate",
    storage: "/var/lib/registry",
} as const;

export const REGISTRY_PORT = 5000;

/** What the registry itself speaks: `bundled-https` under a certificate of its own authority, `bundled-http` without TLS. */
export type RegistryMode = "bundled-https" | "bundled-http";

const TLS = {
    certificate: `${REGISTRY_PATHS.certificate}/tls.crt`,
    key: `${REGISTRY_PATHS.certificate}/tls.key`,
    minimumtls: "tls1.2",
} as const;

/**
 * The registry's configuration as JSON, which YAML takes as it is: https://distribution.github.io/distribution/about/configuration/
 * Secrets are not in it: users and key are in files of their own, and the HTTP secret is in the environment.
 */
export function registryConfiguration(mode: RegistryMode): string {
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
            ...(mode === "bundled-https" ? { tls: TLS } : {}),
        },
        auth: { htpasswd: { realm: "MCP platform", path: `${REGISTRY_PATHS.users}/htpasswd` } },
        health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
    };
    return `${JSON.stringify(configuration, null, 2)}\n`;
}

/** A short value that changes with what a pod reads when it starts, so that pods restart with it. */
export function configurationHash(...parts: string[]): string {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest("hex").slice(0, 16);
}
