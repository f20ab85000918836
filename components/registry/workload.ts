import type * as pulumi from "@pulumi/pulumi";
import type { DeployedWorkload } from "../workloads/deployment.ts";
import type { VolumeMount } from "../workloads/pod.ts";
import type { HttpProbe } from "../workloads/probe.ts";
import { REGISTRY_PATHS, REGISTRY_PORT, type RegistryMode } from "./configuration.ts";
import type { RegistryArgs } from "./registry.ts";

/** The label, port and object name of the registry. */
export const REGISTRY = "registry";

/** Names of the objects that the pod reads. */
export interface RegistrySources {
    readonly configuration: pulumi.Input<string>;
    /** Secret with the users and the HTTP secret. */
    readonly users: pulumi.Input<string>;
    /** Secret with the certificate, with `bundled-https`. */
    readonly certificate?: pulumi.Input<string> | undefined;
    readonly claim: pulumi.Input<string>;
    /** Changes with what the pod reads when it starts. */
    readonly hash: pulumi.Input<string>;
}

const read = (name: keyof typeof REGISTRY_PATHS, source: VolumeMount["source"]): VolumeMount => ({
    name,
    mountPath: REGISTRY_PATHS[name],
    source,
});

/** The root answers without a user; /v2/ does not. */
function probe(mode: RegistryMode): HttpProbe {
    return { port: REGISTRY, path: "/", ...(mode === "bundled-https" ? { scheme: "HTTPS" } : {}) };
}

/** The registry's one pod. */
export function registryWorkload(
    { namespace, image, resources }: Pick<RegistryArgs, "namespace" | "image" | "resources">,
    mode: RegistryMode,
    sources: RegistrySources,
): DeployedWorkload {
    return {
        name: REGISTRY,
        namespace,
        image,
        args: ["serve", `${REGISTRY_PATHS.configuration}/config.yml`],
        env: [
            { name: "REGISTRY_HTTP_SECRET", valueFrom: { secretKeyRef: { name: sources.users, key: "http-secret" } } },
            { name: "OTEL_TRACES_EXPORTER", value: "none" },
        ],
        ports: { registry: REGISTRY_PORT },
        readiness: probe(mode),
        liveness: probe(mode),
        resources,
        strategy: "Recreate",
        configuration: sources.hash,
        volumes: [
            read("configuration", { configMap: { name: sources.configuration } }),
            read("users", { secret: { secretName: sources.users, items: [{ key: "htpasswd", path: "htpasswd" }] } }),
            ...(sources.certificate === undefined ? [] : [read("certificate", { secret: { secretName: sources.certificate } })]),
            { ...read("storage", { persistentVolumeClaim: { claimName: sources.claim } }), writable: true },
        ],
    };
}
