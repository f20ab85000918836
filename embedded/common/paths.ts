import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The root of the checkout. */
export const projectRoot = resolve(import.meta.dirname, "../..");

/** Where builds and images are kept between checkouts: `$XDG_CACHE_HOME/mcp-platform`, default `~/.cache/mcp-platform`. */
export function cacheRoot(): string {
    return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "mcp-platform");
}

/**
 * Where everything that one checkout runs and remembers is kept: the embedded cluster, the stacks' state and the
 * generated passphrase. `$MCP_PLATFORM_STATE`, default `.state` in the checkout.
 */
export function stateRoot(): string {
    return resolve(process.env["MCP_PLATFORM_STATE"] || join(projectRoot, ".state"));
}
