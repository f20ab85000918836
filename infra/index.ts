/** The program: settings in, a platform out. Decisions are made in `stacks/` and `components/`; here is only what the stack says of itself. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { hostsOf } from "../components/edge/names.ts";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { topologyOf } from "../stacks/index.ts";
import { readSettings } from "./configuration.ts";
import { createPlatform } from "./platform.ts";

const settings = readSettings();
const hosts = hostsOf(settings.domain);
const topology = topologyOf(settings.topology, {
    hosts,
    versions: settings.versions,
    images: settings.images,
    registry: settings.registry,
});
const { kubeconfig: kubeconfigPath, context, identifier: clusterIdentifier } = topology.cluster;

const provider = new kubernetes.Provider(topology.kind, {
    kubeconfig: kubeconfigPath,
    context,
    clusterIdentifier,
    // Renewed certificates and changed configurations are written in place, so that nothing has to be told a new name.
    enableSecretMutable: true,
    enableConfigMapMutable: true,
});
const { registry, certificate } = createPlatform(settings, topology, { kubernetes: provider });

/** Where the gateway answers: with any client, and with one that trusts `caCertificate`. */
export const gatewayUrl = topology.gateway.publicUrl;
export const gatewaySecureUrl = topology.gateway.secureUrl;
/** The address of each MCP server that the settings declare, by name. */
export const serverUrls = Object.fromEntries(Object.keys(settings.servers).map((name) => [name, `${gatewayUrl}/${name}/mcp`]));
/** Where images are pushed to, and the name under which pods refer to them. */
export const registryAddress = topology.registry.address;
export const registryHost = topology.registry.host;
export const registryUsername = registry.push.username;
export const registryPassword = pulumi.secret(registry.push.password);
export const kubeconfig = kubeconfigPath;
export const namespaces = NAMESPACES;
/** The authority that signed the certificate of the platform's hosts. PEM. */
export const caCertificate = certificate.authority;
