import { CONFIG_ROOT } from "./containerd.ts";

/** Where a node reaches a registry. */
export interface HostsTomlArgs {
    /** `host:port` as the node resolves it. */
    readonly endpoint: string;
    readonly scheme: "http" | "https";
    /** Path on the node of the authority that signed the endpoint's certificate. Only with https. */
    readonly caFile?: string | undefined;
}

/** TOML's basic strings are escaped as JSON's. */
const quoted = (text: string): string => JSON.stringify(text);

/** The folder of a name, exactly as image references have it: a port stays behind its colon. */
export const hostsFolder = (name: string, root: string = CONFIG_ROOT): string => `${root}/${name}`;

/** The file that says where the images of a name are. containerd reads it at every pull: nothing has to be restarted. */
export const hostsTomlPath = (name: string, root?: string): string => `${hostsFolder(name, root)}/hosts.toml`;

/**
 * The content of a name's hosts.toml: https://github.com/containerd/containerd/blob/main/docs/hosts.md
 *
 * `server` is the endpoint too. Without it containerd asks `https://<name>` last, and the error of that hides what the
 * registry answered. Settings of TLS are never written for http: containerd would try HTTPS first.
 */
export function hostsToml({ endpoint, scheme, caFile }: HostsTomlArgs): string {
    const url = quoted(`${scheme}://${endpoint}`);
    const rights = `capabilities = ["pull", "resolve"]`;
    const ca = caFile === undefined || scheme === "http" ? [] : [`ca = ${quoted(caFile)}`];
    const host = [rights, ...ca].map((line) => `  ${line}`);
    return [`server = ${url}`, rights, ...ca, "", `[host.${url}]`, ...host, ""].join("\n");
}
