/** What the gateway can be told by its environment. */
import { BlockList, isIP } from "node:net";
import { readVariables } from "../bridge/variables.ts";

export interface GatewaySettings {
    /** Namespace of the MCPServer objects and their pods (SERVERS_NAMESPACE, required). */
    readonly namespace: string;
    /** Host names, without port, under which clients reach the gateway (ALLOWED_HOSTS, comma separated, required). */
    readonly allowedHosts: readonly string[];
    /** Address and port for clients (GATEWAY_LISTEN, default all; GATEWAY_PORT, default 8080; 0 lets the system choose). */
    readonly listen: string | undefined;
    readonly port: number;
    /** Port of /healthz, /readyz and /metrics (GATEWAY_HEALTH_PORT, default 8081). */
    readonly healthPort: number;
    /** Peers whose X-Forwarded-* headers are believed (TRUSTED_PROXIES: addresses and CIDR ranges, comma separated; default none). */
    readonly trustedProxies: BlockList;
    /** How long connecting to a pod may take (GATEWAY_CONNECT_SECONDS, default 3). */
    readonly connectMs: number;
    /** After SIGTERM requests are still accepted for this time (GATEWAY_LINGER_SECONDS, default 2). */
    readonly lingerMs: number;
    /** After that, requests in progress may take this long (GATEWAY_DRAIN_SECONDS, default 20). */
    readonly drainMs: number;
    /** True writes a line per request (LOG_LEVEL=debug). */
    readonly debug: boolean;
}

/** @throws VariableProblem that names every missing or wrong value at once */
export function gatewaySettings(env: NodeJS.ProcessEnv): GatewaySettings {
    const variables = readVariables(env);
    const trustedProxies = new BlockList();
    for (const range of variables.list("TRUSTED_PROXIES")) {
        if (!addRange(trustedProxies, range))
            variables.problem(`TRUSTED_PROXIES has "${range}"; write addresses or ranges such as 10.42.0.0/16`);
    }
    const namespace = variables.text("SERVERS_NAMESPACE", "");
    if (!namespace) variables.problem("SERVERS_NAMESPACE is not set; it names the namespace of the MCPServer objects");
    const allowedHosts = variables.list("ALLOWED_HOSTS");
    if (!allowedHosts.length)
        variables.problem("ALLOWED_HOSTS is not set; it lists the host names clients use, without port, such as mcp.example.com");
    for (const host of allowedHosts)
        if (/[:/]/.test(host)) variables.problem(`ALLOWED_HOSTS has "${host}"; write host names only, without scheme and port`);
    const settings: GatewaySettings = {
        namespace,
        allowedHosts,
        trustedProxies,
        listen: variables.text("GATEWAY_LISTEN", "") || undefined, // the system knows whether it has IPv6
        port: variables.whole("GATEWAY_PORT", 8080, 0, 65_535),
        healthPort: variables.whole("GATEWAY_HEALTH_PORT", 8081, 0, 65_535),
        connectMs: variables.seconds("GATEWAY_CONNECT_SECONDS", 3),
        lingerMs: variables.seconds("GATEWAY_LINGER_SECONDS", 2),
        drainMs: variables.seconds("GATEWAY_DRAIN_SECONDS", 20),
        debug: variables.text("LOG_LEVEL", "info") === "debug",
    };
    variables.done();
    return settings;
}

function addRange(list: BlockList, range: string): boolean {
    const [address = "", prefix] = range.split("/", 2);
    const family = isIP(address);
    if (!family) return false;
    const type = family === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) {
        list.addAddress(address, type);
        return true;
    }
    const bits = Number(prefix);
    if (!/^\d{1,3}$/.test(prefix) || bits > (family === 6 ? 128 : 32)) return false;
    list.addSubnet(address, bits, type);
    return true;
}
