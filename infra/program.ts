import * as pulumi from "@pulumi/pulumi";
import { hostsOf } from "../components/edge/names.ts";
import { topologyOf } from "../stacks/index.ts";
import { createCluster } from "./cluster.ts";
import { readSettings } from "./configuration.ts";
import { createPlatform } from "./platform.ts";

/** What the stack says of itself. */
export interface PlatformOutputs {
    /** Where the gateway answers: with any client, and with one that trusts `caCertificate`. */
    readonly gatewayUrl: string;
    readonly gatewaySecureUrl: string;
    /** The address of each MCP server that the settings declare, by name. */
    readonly serverUrls: Readonly<Record<string, string>>;
    /** Where images are pushed to, and the name under which pods refer to them. */
    readonly registryAddress: string;
    readonly registryHost: string;
    /** Who may push; empty where the registry has no users. */
    readonly registryUsername: string;
    /** Secret. */
    readonly registryPassword: pulumi.Output<string>;
    /** Path. */
    readonly kubeconfig: string;
    readonly namespaces: Readonly<Record<string, string>>;
    /** The authority that signed the certificate of the platform's hosts. PEM. */
    readonly caCertificate: pulumi.Output<string>;
}

/**
 * Reads the settings of the stack that runs and declares its platform.
 * @throws RunError when the settings cannot be used
 */
export function createProgram(): PlatformOutputs {
    const settings = readSettings();
    const hosts = hostsOf(settings.domain);
    const { versions, images, registry: registryChoice } = settings;
    const topology = topologyOf(settings.topology, { hosts, versions, images, registry: registryChoice });
    const cluster = createCluster(topology);
    const { registry, certificate, namespaces } = createPlatform(settings, topology, cluster);
    const { publicUrl, secureUrl } = topology.gateway;
    return {
        gatewayUrl: publicUrl,
        gatewaySecureUrl: secureUrl,
        serverUrls: Object.fromEntries(Object.keys(settings.servers).map((name) => [name, `${publicUrl}/${name}/mcp`])),
        registryAddress: topology.registry.address,
        registryHost: topology.registry.host,
        registryUsername: registry?.push.username ?? "",
        registryPassword: pulumi.secret(registry?.push.password ?? ""),
        kubeconfig: topology.cluster.kubeconfig,
        namespaces,
        caCertificate: certificate.authority,
    };
}
