import type * as pulumi from "@pulumi/pulumi";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { ExternalRegistry } from "../components/registry/external.ts";
import { Registry } from "../components/registry/registry.ts";
import { RegistryRoute } from "../components/registry/route.ts";
import type { VolumePlace } from "../components/workloads/volume.ts";
import type { Entrance } from "./entrance.ts";
import type { Parts } from "./parts.ts";

/** Where images are kept. */
export interface Images {
    /** The platform's own registry; absent where others keep the images. */
    readonly bundled: Registry | undefined;
    /** Name of the Secret that pods pull with, in the servers' namespace. */
    readonly pullSecret: pulumi.Output<string> | undefined;
    /** The same in the platform's own namespace, where its pods need one. */
    readonly ownPullSecret: pulumi.Output<string> | undefined;
    /** What pushing waits for. */
    readonly ready: readonly pulumi.Resource[];
}

/** Where volumes come from. */
export function placeOf({ settings: { storage }, topology }: Pick<Parts, "settings" | "topology">): VolumePlace {
    return storage.mode === "hostPath"
        ? { mode: "hostPath", path: storage.path, node: storage.node }
        : { mode: "class", class: storage.class ?? topology.storageClass };
}

/** Makes the registry with its route, or what it takes to pull from another. */
export function createImages(parts: Parts, { ingress, certificates }: Entrance): Images {
    const { settings, topology, cluster, hosts, namespaces, resources, after, loaded } = parts;
    const { registry: choice } = settings;
    const { registry: namespace, runtime, servers } = namespaces;
    if (choice.mode === "external" && choice.username !== undefined && choice.password !== undefined) {
        const { url: host, username, password } = choice;
        const external = new ExternalRegistry(
            "registry",
            { host, username, password, pullNamespace: servers.name, ownNamespace: runtime.name },
            after(runtime, servers),
        );
        return { bundled: undefined, pullSecret: external.pullSecret, ownPullSecret: external.ownPullSecret, ready: [external] };
    }
    if (!namespace || (choice.mode !== "bundled-http" && choice.mode !== "bundled-https")) {
        const beside = cluster.registry ? [cluster.registry] : [];
        return { bundled: undefined, pullSecret: undefined, ownPullSecret: undefined, ready: beside };
    }
    const { mode } = choice;
    const routed = mode === "bundled-https";
    const registry = new Registry(
        "registry",
        {
            ...topology.registry,
            mode,
            namespace: namespace.name,
            pullNamespace: servers.name,
            ...(topology.pushes?.length ? { ownNamespace: runtime.name } : {}),
            image: topology.images.registry,
            ...(routed ? { publicHost: hosts.registry } : {}),
            storage: settings.storage.registry,
            place: placeOf(parts),
            protect: settings.strictProd,
            resources: resources.registry,
        },
        after(namespace, runtime, servers, ...loaded("registry")),
    );
    const { authoritySecret, service, pullSecret, ownPullSecret } = registry;
    const certificate = certificates.secrets.get("registry");
    if (!routed || authoritySecret === undefined || certificate === undefined)
        return { bundled: registry, pullSecret, ownPullSecret, ready: [registry] };
    const route = new RegistryRoute(
        "registry-route",
        {
            namespace: { name: NAMESPACES.registry, namespace: namespace.name },
            host: hosts.registry,
            service,
            authoritySecret,
            ingressClass: ingress.ingressClass,
            certificate,
            controller: settings.ingress.owner === "existing" ? "other" : "traefik",
            awaitAddress: ingress.awaitAddress,
            annotations: ingress.annotations,
        },
        after(registry, ...ingress.ready),
    );
    return { bundled: registry, pullSecret, ownPullSecret, ready: [registry, route] };
}
