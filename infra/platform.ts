import * as pulumi from "@pulumi/pulumi";
import { InternalCertificate } from "../components/edge/certificate.ts";
import { Edge } from "../components/edge/edge.ts";
import { publishesAddress } from "../components/edge/exposure.ts";
import { hostsOf } from "../components/edge/names.ts";
import { Gateway, gatewayUrl } from "../components/gateway/gateway.ts";
import { RegistryHosting } from "../components/kind/hosting.ts";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { createNamespaces, namespacesOf } from "../components/namespaces/namespaces.ts";
import { networkOf } from "../components/network/flows.ts";
import { ImageLoad } from "../components/operator/image-load.ts";
import { Operator } from "../components/operator/operator.ts";
import { ImagePush } from "../components/registry/push.ts";
import { Registry } from "../components/registry/registry.ts";
import { McpServers } from "../components/servers/servers.ts";
import { RESOURCE_PROFILES } from "../components/workloads/resources.ts";
import { anonymousPushCommand, projectRoot, pushCommand } from "../stacks/images.ts";
import type { Topology } from "../stacks/topology.ts";
import type { Cluster } from "./cluster.ts";
import { networkFactsOf } from "./network.ts";
import type { Settings } from "./settings.ts";

/** The parts of a platform that its outputs are read from. */
export interface Platform {
    /** Absent where images are kept outside the cluster. */
    readonly registry: Registry | undefined;
    readonly certificate: InternalCertificate;
    /** Names of its namespaces, by what they are for. */
    readonly namespaces: Readonly<Record<string, string>>;
}

/** The name at the end of an image's repository. */
const lastName = (image: string): string => /([^/]+):[^:]*$/.exec(image)?.[1] ?? image;

/** Makes every part of the platform in a cluster, each once what it needs is there. */
export function createPlatform(settings: Settings, topology: Topology, cluster: Cluster): Platform {
    const { providers } = cluster;
    const { images, gateway: access } = topology;
    const resources = RESOURCE_PROFILES[settings.resourceProfile];
    const hosts = hostsOf(settings.domain);
    const after = (...dependsOn: pulumi.Resource[]) => ({ providers, dependsOn });

    const facts = networkFactsOf(settings, topology);
    const namespaces = createNamespaces(facts.features, networkOf(facts), cluster.apiServer, after());
    const { runtime, servers: serving } = namespaces;
    const [namespace, serversNamespace] = [runtime.name, serving.name];

    const container = topology.kindCluster?.registry;
    if (container) new RegistryHosting("registry-hosting", { registry: container }, after());
    const beside = cluster.registry ? [cluster.registry] : [];
    const loads = (topology.imageCommands ?? []).map(({ name, image, command }) => {
        const args = { image, command, directory: projectRoot, cluster: cluster.identity };
        return { name, load: new ImageLoad(`${name}-image`, args, after(...beside)) };
    });
    /** What brings the image of that name to the nodes, where anything does. */
    const loaded = (name: keyof typeof images) => loads.filter((one) => one.name === name).map(({ load }) => load);
    const registry = !namespaces.registry
        ? undefined
        : new Registry(
              "registry",
              {
                  ...topology.registry,
                  namespace: namespaces.registry.name,
                  pullNamespace: serversNamespace,
                  image: images.registry,
                  storage: settings.storage.registry,
                  storageClass: topology.storageClass,
                  resources: resources.registry,
              },
              after(namespaces.registry, serving, ...loaded("registry")),
          );
    const { address } = topology.registry;
    const pushes = settings.pushImages.map((image) => {
        if (!registry) {
            const command = anonymousPushCommand(image, address);
            const args = { image, command, directory: projectRoot, cluster: cluster.identity };
            return new ImageLoad(lastName(image), args, after(...beside));
        }
        const command = pushCommand(image, address, registry.push.username);
        return new ImagePush(
            lastName(image),
            { image, command, directory: projectRoot, user: registry.push, volume: registry.volume },
            after(registry),
        );
    });

    if (!namespaces.edge) throw new pulumi.RunError(`mcp-platform:ingress.owner is ${settings.ingress.owner}: use platform.`);
    const edge = new Edge(
        "edge",
        {
            namespace: namespaces.edge.name,
            served: [{ name: NAMESPACES.runtime, namespace }],
            image: images.traefik,
            exposure: topology.edge,
            resources: resources.traefik,
        },
        after(namespaces.edge, runtime, ...loaded("traefik")),
    );
    const certificate = new InternalCertificate("certificate", { hosts, namespace }, after(runtime));

    const internalUrl = gatewayUrl(NAMESPACES.runtime);
    const operator = new Operator(
        "operator",
        {
            namespace,
            serversNamespace,
            image: images.operator,
            gateway: { internalUrl, host: hosts.mcp, publicUrl: access.publicUrl },
            imagePullSecret: registry?.pullSecret,
            npmRegistry: settings.npmRegistry,
            resources: resources["mcp-operator"],
        },
        after(runtime, serving, ...loaded("operator")),
    );
    const gateway = new Gateway(
        "gateway",
        {
            namespace,
            serversNamespace,
            image: images.operator,
            host: hosts.mcp,
            otherHosts: access.otherHosts,
            ingressClass: edge.ingressClass,
            certificate: certificate.secretName,
            awaitAddress: publishesAddress(topology.edge),
            resources: resources["mcp-gateway"],
        },
        after(runtime, serving, operator.definition, ...loaded("operator")),
    );
    new McpServers(
        "servers",
        { namespace: serversNamespace, servers: settings.servers, registryHost: topology.registry.host },
        after(operator, gateway, ...pushes),
    );
    return { registry, certificate, namespaces: namespacesOf(facts.features) };
}
