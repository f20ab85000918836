import * as pulumi from "@pulumi/pulumi";
import { hostsOf } from "../components/edge/names.ts";
import { guardContext } from "../stacks/guard.ts";
import { topologyOf } from "../stacks/index.ts";
import type { Topology } from "../stacks/topology.ts";
import { createCluster } from "./cluster.ts";
import { readSettings } from "./configuration.ts";
import { readDefinitions } from "./definitions.ts";
import { createPlatform } from "./platform.ts";
import type { Settings } from "./settings.ts";

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
    /** The authority that signed the certificate of the registry itself, which nodes trust. PEM; empty where it has none. */
    readonly registryCaCertificate: pulumi.Output<string>;
    /** Path. */
    readonly kubeconfig: string;
    readonly namespaces: Readonly<Record<string, string>>;
    /** The authority that signed the certificate of the platform's hosts, where it is the stack's own. PEM; empty otherwise. */
    readonly caCertificate: pulumi.Output<string>;
}

/** The stack that runs: what it is, and where. */
export interface StackPlan {
    readonly settings: Settings;
    readonly topology: Topology;
}

/** @throws RunError when the settings cannot be used */
export function readStack(): StackPlan {
    const settings = readSettings();
    const { versions, images, registry, frontDoor, topology } = settings;
    return { settings, topology: topologyOf(topology, { hosts: hostsOf(settings.domain), versions, images, registry, frontDoor }) };
}

/**
 * Declares the platform of a stack.
 * @throws RunError, before anything is declared, when definitions of others are not on this machine
 */
export function createStack({ settings, topology }: StackPlan): PlatformOutputs {
    const definitions = readDefinitions(settings, topology);
    const { registry, entrance, namespaces } = createPlatform({ settings, topology, definitions }, createCluster(topology));
    const { publicUrl, secureUrl } = topology.gateway;
    return {
        gatewayUrl: publicUrl,
        gatewaySecureUrl: secureUrl,
        serverUrls: Object.fromEntries(Object.keys(settings.servers).map((name) => [name, `${publicUrl}/${name}/mcp`])),
        registryAddress: topology.registry.address,
        registryHost: topology.registry.host,
        registryUsername: registry?.push.username ?? "",
        registryPassword: pulumi.secret(registry?.push.password ?? ""),
        registryCaCertificate: registry?.authority ?? pulumi.output(""),
        kubeconfig: topology.cluster.kubeconfig,
        namespaces,
        caCertificate: entrance.certificates.authority ?? pulumi.output(""),
    };
}

/**
 * Reads the settings of the stack that runs and declares its platform.
 * @throws RunError when the settings cannot be used, or the kubeconfig leads to another cluster than they mean
 */
export function createProgram(): PlatformOutputs {
    const stack = readStack();
    guardContext(stack.topology.cluster, pulumi.runtime.isDryRun());
    return createStack(stack);
}
