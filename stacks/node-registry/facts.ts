import { isIP } from "node:net";
import { RunError } from "@pulumi/pulumi/errors.js";

/** What runs the nodes, and with it where their container runtime reads about registries. */
export type NodeTarget = "k3s" | "kind" | "minikube" | "docker-desktop" | "kubeadm";

/** A node. k3s runs servers and agents as services of different names. */
export interface RegistryNode {
    readonly name: string;
    /** Absent: not known. */
    readonly role?: "server" | "agent" | undefined;
}

/** Text that is known; or the stack's output that has it once the platform is up, and a command that prints it before that. */
export type Text = { readonly text: string } | { readonly output: string; readonly early: string };

/** Names that a node's people use for an address, in its hosts file. Pulls never need them: containerd asks the endpoint. */
export interface HostsEntry {
    readonly address: string;
    readonly names: readonly string[];
}

/** What `minikube start` is told beside the registry. */
export interface MinikubeFacts {
    /** Default: `minikube`. */
    readonly profile?: string | undefined;
    /** Default: minikube's own choice. */
    readonly driver?: string | undefined;
    /** What a node's container publishes, `address:port:port of the node`. */
    readonly ports?: readonly string[] | undefined;
}

/** Everything that decides how nodes are told about a registry. */
export interface RegistryFacts {
    readonly target: NodeTarget;
    /** As a node's `.status.nodeInfo.containerRuntimeVersion` or `containerd --version` says it; absent: not known. */
    readonly runtime?: string | undefined;
    /** Hosts exactly as image references have them, `host` or `host:port`; a name's path is no part of it. */
    readonly names: readonly string[];
    /** Where a node reaches the registry: `host:port`, or a host whose scheme has the port. */
    readonly endpoint: string;
    readonly scheme: "http" | "https";
    /** The authority that signed the endpoint's certificate, PEM; absent: one that the node trusts already. */
    readonly ca?: Text | undefined;
    readonly nodes: readonly RegistryNode[];
    readonly hosts?: readonly HostsEntry[] | undefined;
    /** A node's /etc/containerd/config.toml as it is, where it is known (kubeadm). */
    readonly configToml?: string | undefined;
    readonly minikube?: MinikubeFacts | undefined;
    /** The program that runs kind's nodes. Default: `docker`. */
    readonly provider?: "docker" | "podman" | undefined;
}

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const HOST = new RegExp(`^(?<host>${LABEL}(\\.${LABEL})*|\\[[0-9a-f:.]+\\])(:(?<port>\\d{1,5}))?$`);

/** Host and port of `host:port`; the port is the scheme's where the text has none. */
export function splitHost(value: string, scheme: "http" | "https"): { readonly host: string; readonly port: number } {
    const { host = value, port } = HOST.exec(value)?.groups ?? {};
    return { host, port: port === undefined ? (scheme === "https" ? 443 : 80) : Number(port) };
}

/** Whether an endpoint is the node itself. */
export function isLoopback(endpoint: string): boolean {
    const { host } = splitHost(endpoint, "http");
    return host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Whether the name is where it is served and its certificate is one that nodes trust: then there is nothing to configure. */
export const isPlain = ({ names, endpoint, scheme, ca }: RegistryFacts): boolean =>
    scheme === "https" && ca === undefined && names.every((name) => name === endpoint);

/**
 * Refuses facts that no node could be configured from.
 * @throws RunError with the fact, what was found, and the fix
 */
export function checkFacts({ names, endpoint, scheme, ca, nodes }: RegistryFacts): void {
    if (!names.length) throw new RunError("registry names are empty: name the host that image references begin with.");
    for (const name of names) {
        if (!HOST.test(name) || splitHost(name, scheme).port > 65535)
            throw new RunError(
                `registry name ${JSON.stringify(name)} cannot be one: give host or host:port exactly as image references have it; schemes, paths, ranges and wildcards match nothing.`,
            );
    }
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new RunError(`registry name ${JSON.stringify(twice)} is there twice: name it once.`);
    const { host, port } = splitHost(endpoint, scheme);
    if (!HOST.test(endpoint) || port > 65535)
        throw new RunError(`registry endpoint ${JSON.stringify(endpoint)} cannot be one: give host:port without a scheme or a path.`);
    if (scheme === "http" && ca !== undefined)
        throw new RunError(
            `registry endpoint http://${endpoint} has an authority: containerd would try HTTPS first; remove it, or use https.`,
        );
    if (scheme === "https" && ca === undefined && (isLoopback(endpoint) || isIP(host)))
        throw new RunError(
            `registry endpoint https://${endpoint} needs the authority that signed its certificate: no public one signs for it.`,
        );
    if (ca && "text" in ca && !/-----BEGIN CERTIFICATE-----/.test(ca.text))
        throw new RunError(`the authority of registry endpoint https://${endpoint} is not a certificate: give it as PEM.`);
    if (!nodes.length) throw new RunError("there are no nodes to configure: name at least one.");
}
