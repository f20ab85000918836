/** Schemas that the settings of several topologies share. Every message is a fix: what to write instead. */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import { projectRoot } from "./images.ts";

export const port = z.int().min(1).max(65535);

/** A path, relative to the checkout or absolute. */
export const path = z.string().min(1, "give a path");

/** An IPv4 or IPv6 address. */
export const address = z.string().refine((value) => isIP(value) !== 0, "give an IP address such as 192.0.2.10");

/** An address range such as 192.0.2.0/24; a single address counts as one. */
export const cidr = z.string().refine((value) => {
    const [start = "", prefix] = value.split("/");
    const family = isIP(start);
    return family !== 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32)));
}, "give an address range such as 192.0.2.0/24");

/** What settings call a path, as an absolute one. */
export const absolute = (path: string): string => resolve(projectRoot, path);

/** A folder of one stack's files beside its state. */
export function stateFolder(...parts: string[]): string {
    return resolve(process.env["MCP_PLATFORM_STATE"] || resolve(projectRoot, ".state"), ...parts);
}
