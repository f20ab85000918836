import type { AllowedRange } from "../network/facts.ts";

/** An MCP server as settings describe it: the `spec` of an MCPServer, and its way out. */
export interface McpServer {
    /** Image reference; without a registry's host it is in the platform's own registry. Exactly one of `image` and `package`. */
    readonly image?: string | undefined;
    readonly package?: { readonly name: string; readonly version: string } | undefined;
    readonly transport: "stdio" | "streamable-http";
    /** Required for an image that speaks stdio, refused for a package. */
    readonly command?: readonly string[] | undefined;
    readonly args?: readonly string[] | undefined;
    /** Plain values. What is secret goes to `secretEnv`. */
    readonly env?: Readonly<Record<string, string>> | undefined;
    /** Names a Secret of the servers' namespace and a key in it. */
    readonly secretEnv?: Readonly<Record<string, { readonly secret: string; readonly key: string }>> | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
    readonly replicas?: number | undefined;
    /** What its pods may reach beside DNS. NetworkPolicies say so, the MCPServer does not. */
    readonly egress?: readonly AllowedRange[] | undefined;
}

/** Whether an image reference names its registry: its first part then looks like a host. */
export function namesRegistry(image: string): boolean {
    const [first = "", ...rest] = image.split("/");
    return rest.length > 0 && (first === "localhost" || /[.:]/.test(first));
}

/** The `spec` of the MCPServer. Names come in the order of the settings; what is not set stays the operator's default. */
export function mcpServerSpec(server: McpServer, registryHost: string): Record<string, unknown> {
    const { image, env, secretEnv, egress: _, ...rest } = server;
    const spec = {
        ...(image === undefined ? {} : { image: namesRegistry(image) ? image : `${registryHost}/${image}` }),
        ...rest,
        ...(env ? { env: Object.entries(env).map(([name, value]) => ({ name, value })) } : {}),
        ...(secretEnv
            ? { secretEnv: Object.entries(secretEnv).map(([name, { secret, key }]) => ({ name, secretKeyRef: { name: secret, key } })) }
            : {}),
    };
    return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}
