/** Whether requests to an API server go through a proxy: as the kubeconfig says, else as HTTPS_PROXY and NO_PROXY say. */
import { BlockList, isIP } from "node:net";
import { UserError } from "../../common/errors.ts";

/**
 * The proxy for a server, or undefined. A `proxy-url` counts for every server; the variables, in capitals or not, never
 * for this machine, nor for what NO_PROXY names: hosts, domains, addresses and networks, with or without a port.
 * @throws UserError for a proxy that is no HTTP proxy
 */
export function proxyFor(
    server: URL,
    proxyUrl: string | undefined,
    env: Readonly<Record<string, string | undefined>> = process.env,
): URL | undefined {
    if (proxyUrl) return parsed(proxyUrl, "proxy-url in the kubeconfig");
    const variable = server.protocol === "http:" ? "HTTP_PROXY" : "HTTPS_PROXY";
    const value = env[variable] || env[variable.toLowerCase()];
    const exceptions = env["NO_PROXY"] || env["no_proxy"] || "";
    if (!value || isLocal(server) || exceptions.split(",").some((entry) => excepts(entry.trim().toLowerCase(), server))) return undefined;
    return parsed(value.includes("://") ? value : `http://${value}`, variable);
}

function parsed(text: string, where: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === "http:" || url?.protocol === "https:") return url;
    // Never quoted as a whole: it may hold a password.
    throw new UserError(
        `${where} is ${url ? `a ${url.protocol}// proxy` : "no URL"}, which the embedded kubernetes provider does not support: set an http:// or https:// proxy, or remove it`,
    );
}

const hostOf = (server: URL): string => server.hostname.replace(/^\[|\]$/g, "");

function isLocal(server: URL): boolean {
    const host = hostOf(server);
    return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function excepts(entry: string, server: URL): boolean {
    if (!entry) return false;
    if (entry === "*") return true;
    const host = hostOf(server);
    if (entry.includes("/")) return isWithin(host, entry);
    if (isIP(entry)) return entry === host;
    const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (port && port !== (server.port || (server.protocol === "http:" ? "80" : "443"))) return false;
    const domain = name.replace(/^\*?\./, "");
    return host.endsWith(`.${domain}`) || (host === domain && name === domain);
}

function isWithin(host: string, network: string): boolean {
    const [address = "", bits = ""] = network.split("/");
    const family = isIP(host);
    if (!family || isIP(address) !== family || !/^\d+$/.test(bits)) return false;
    const list = new BlockList();
    try {
        list.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
    } catch {
        return false; // More bits than an address has: no network at all.
    }
    return list.check(host, family === 4 ? "ipv4" : "ipv6");
}
