import type * as pulumi from "@pulumi/pulumi";
import { hostsOf } from "../components/edge/names.ts";
import { Gateway, gatewayUrl } from "../components/gateway/gateway.ts";
import { RegistryHosting } from "../components/kind/hosting.ts";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { createNamespaces, namespacesOf } from "../components/namespaces/namespaces.ts";
import { networkOf } from "../components/network/flows.ts";
import { Operator } from "../components/operator/operator.ts";
import type { Registry } from "../components/registry/registry.ts";
import { McpServers } from "../components/servers/servers.ts";
import { RESOURCE_PROFILES } from "../components/workloads/resources.ts";
import type { Topology } from "../stacks/topology.ts";
import type { Cluster } from "./cluster.ts";
import type { PlatformDefinitions } from "./definitions.ts";
import { createEntrance, type Entrance } from "./entrance.ts";
import { loadImages, pushImages } from "./images.ts";
import { createMesh } from "./mesh.ts";
import { networkFactsOf } from "./network.ts";
import type { Parts } from "./parts.ts";
import { createImages, type Images } from "./registry.ts";
import type { Settings } from "./settings.ts";

/** What a platform is made from. */
export interface PlatformPlan {
    readonly settings: Settings;
    readonly topology: Topology;
    readonly definitions: PlatformDefinitions;
}

/** The parts of a platform that its outputs are read from. */
export interface Platform {
    /** Absent where images are kept outside the cluster. */
    readonly registry: Registry | undefined;
    readonly entrance: Entrance;
    /** Names of the namespaces, by what they are for. */
    readonly namespaces: Readonly<Record<string, string>>;
}

/** Makes every part of the platform in a cluster, each once what it needs is there. */
export function createPlatform({ settings, topology, definitions }: PlatformPlan, cluster: Cluster): Platform {
    const { providers } = cluster;
    const after = (...dependsOn: pulumi.Resource[]) => ({ providers, dependsOn });
    const network = networkFactsOf(settings, topology);
    const namespaces = createNamespaces(network.features, networkOf(network), cluster.apiServer, after());

    const container = topology.kindCluster?.registry;
    if (container) new RegistryHosting("registry-hosting", { registry: container }, after());
    const images = loadImages(topology, cluster, after(...(cluster.registry ? [cluster.registry] : [])));
    const parts: Parts = {
        settings,
        topology,
        cluster,
        hosts: hostsOf(settings.domain),
        network,
        namespaces,
        definitions,
        resources: RESOURCE_PROFILES[settings.resourceProfile],
        after,
        loaded: (name) => [images.get(name)].flatMap((load) => load ?? []),
    };
    const entrance = createEntrance(parts);
    const kept = createImages(parts, entrance);
    createServing(parts, entrance, kept);
    createMesh(parts);
    return { registry: kept.bundled, entrance, namespaces: namespacesOf(network.features) };
}

/** Operator, gateway and the servers of the settings. */
function createServing(parts: Parts, { ingress, gatewayCertificate }: Entrance, kept: Images): void {
    const { settings, topology, namespaces, resources, hosts, after } = parts;
    const { images, gateway: access } = topology;
    const { runtime, servers } = namespaces;
    const { own, servers: pushes } = pushImages(parts, kept);
    const ownPullSecret = kept.ownPullSecret === undefined ? {} : { ownPullSecret: kept.ownPullSecret };
    const ready = [runtime, servers, ...parts.loaded("operator"), ...own];
    const operator = new Operator(
        "operator",
        {
            namespace: runtime.name,
            serversNamespace: servers.name,
            image: images.operator,
            gateway: { internalUrl: gatewayUrl(NAMESPACES.runtime), host: hosts.mcp, publicUrl: access.publicUrl },
            imagePullSecret: kept.pullSecret,
            ...ownPullSecret,
            npmRegistry: settings.npmRegistry,
            resources: resources["mcp-operator"],
        },
        after(...ready),
    );
    const gateway = new Gateway(
        "gateway",
        {
            namespace: runtime.name,
            serversNamespace: servers.name,
            image: images.operator,
            host: hosts.mcp,
            otherHosts: access.otherHosts,
            ingressClass: ingress.ingressClass,
            certificate: gatewayCertificate,
            awaitAddress: ingress.awaitAddress,
            annotations: ingress.annotations,
            ...ownPullSecret,
            resources: resources["mcp-gateway"],
        },
        after(...ready, operator.definition, ...ingress.ready),
    );
    new McpServers(
        "servers",
        { namespace: servers.name, servers: settings.servers, registryHost: topology.registry.host },
        after(operator, gateway, ...pushes),
    );
}
