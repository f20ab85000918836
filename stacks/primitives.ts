/** What several topologies share: schemas of settings, whose messages are fixes, and names that are the same everywhere. */
import { isIP } from "node:net";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { projectRoot } from "./images.ts";

export const port = z.int().min(1).max(65535);

/** Ports on every node of what is reached from outside the cluster: the edge and the registry. */
export const NODE_PORTS = { http: 30080, https: 30443, registry: 32000 } as const;

/** The registry's host in image references where no domain leads to it: nodes are told where it is. */
export const REGISTRY_HOST = "registry.local";

/** A path: absolute, from the home folder (`~/`) or from the checkout. */
export const path = z.string().min(1, "give a path");

/** An IPv4 or IPv6 address. */
export const address = z.string().refine((value) => isIP(value) !== 0, "give an IP address such as 192.0.2.10");

/** An address range such as 192.0.2.0/24; a single address counts as one. */
export const cidr = z.string().refine((value) => {
    const [start = "", prefix] = value.split("/");
    const family = isIP(start);
    return family !== 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32)));
}, "give an address range such as 192.0.2.0/24");

/** What settings call a path, as an absolute one; `~/` is the home folder. */
export const absolute = (path: string): string => (path.startsWith("~/") ? resolve(homedir(), path.slice(2)) : resolve(projectRoot, path));

/** The range that is one address. */
export const rangeOf = (address: string): string => `${address}/${isIP(address) === 6 ? 128 : 32}`;

/** An address or a name as it stands in a URL. */
export const inUrl = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** A folder of one stack's files beside its state. */
export function stateFolder(...parts: string[]): string {
    return resolve(process.env["MCP_PLATFORM_STATE"] || resolve(projectRoot, ".state"), ...parts);
}
