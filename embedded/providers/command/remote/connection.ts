/** The `connection` of remote resources: what may stand in it, and what it means. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../../engine/values.ts";
import { typeFailures, type PropertyTable } from "../inputs.ts";
import { parseHostKey, type HostKey } from "./hostkey.ts";
import { readPrivateKey } from "./private-key.ts";

export interface Endpoint {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string | undefined;
    readonly privateKey: string | undefined;
    readonly privateKeyPassword: string | undefined;
    /** Undefined falls back to `SSH_AUTH_SOCK`. */
    readonly agentSocketPath: string | undefined;
    /** Failed attempts that are followed by another one; -1 for no end. */
    readonly dialErrorLimit: number;
    /** Seconds for each attempt, with the handshake; 0 for no limit. */
    readonly perDialTimeout: number;
    readonly hostKey: HostKey;
}

export interface Connection extends Endpoint {
    /** The bastion through which the host is reached. */
    readonly proxy: Endpoint | undefined;
}

const ENDPOINT: PropertyTable = {
    host: "string",
    port: "number",
    user: "string",
    password: "string",
    privateKey: "string",
    privateKeyPassword: "string",
    agentSocketPath: "string",
    dialErrorLimit: "number",
    perDialTimeout: "number",
    hostKey: "string",
};

const NO_HOST_KEY =
    "required, but missing: without it anyone on the way could pass for the host and read what is sent. Give the host's public key as in " +
    "authorized_keys; on the host itself it is in /etc/ssh/ssh_host_ed25519_key.pub, and ssh-keyscan prints it over a network you trust";

/** `host` or `host:port`, as errors and the resource's line name it. */
export function nameOf({ host, port }: Endpoint): string {
    return port === 22 ? host : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function keyFailures(path: string, value: PropertyMap): CheckFailure[] {
    const { privateKey, privateKeyPassword } = value;
    if (typeof privateKey !== "string" || privateKeyPassword instanceof Unknown) return [];
    const key = readPrivateKey(privateKey, typeof privateKeyPassword === "string" ? privateKeyPassword : undefined);
    return key instanceof Error ? [{ property: `${path}.privateKey`, reason: key.message }] : [];
}

function hostKeyFailures(path: string, hostKey: PropertyValue | undefined): CheckFailure[] {
    if (hostKey instanceof Unknown) return [];
    if (typeof hostKey !== "string") return [{ property: `${path}.hostKey`, reason: NO_HOST_KEY }];
    const key = parseHostKey(hostKey);
    return typeof key === "string" ? [{ property: `${path}.hostKey`, reason: key }] : [];
}

function numberFailure(path: string, value: PropertyMap, name: string, least: number, most: number): CheckFailure[] {
    const found = value[name];
    if (typeof found !== "number" || (Number.isInteger(found) && found >= least && found <= most)) return [];
    return [{ property: `${path}.${name}`, reason: `expected a whole number from ${least} to ${most}, found ${found}` }];
}

function endpointFailures(path: string, value: PropertyMap, table: PropertyTable): CheckFailure[] {
    const wrong = typeFailures(value, table, path);
    if (wrong.length) return wrong;
    const host = value["host"] ?? null;
    return [
        ...(host === null || host === "" ? [{ property: `${path}.host`, reason: "required, but missing" }] : []),
        ...hostKeyFailures(path, value["hostKey"]),
        ...keyFailures(path, value),
        ...numberFailure(path, value, "port", 1, 65_535),
        ...numberFailure(path, value, "dialErrorLimit", -1, 1_000_000),
        ...numberFailure(path, value, "perDialTimeout", 0, 86_400),
    ];
}

/** What is wrong with a resource's `connection`, all at once. Unknown values are not looked at. */
export function connectionFailures(inputs: PropertyMap): CheckFailure[] {
    const connection = inputs["connection"] ?? null;
    if (connection instanceof Unknown) return [];
    if (!isObject(connection)) return [{ property: "connection", reason: "required, but missing" }];
    const { proxy } = connection;
    return [
        ...endpointFailures("connection", connection, { ...ENDPOINT, proxy: "map" }),
        ...(isObject(proxy) ? endpointFailures("connection.proxy", proxy, ENDPOINT) : []),
    ];
}

function endpointOf(value: PropertyMap, path: string): Endpoint {
    const text = (name: string) => (typeof value[name] === "string" ? value[name] : undefined);
    const number = (name: string, otherwise: number) => (typeof value[name] === "number" ? value[name] : otherwise);
    const hostKey = parseHostKey(text("hostKey") ?? "");
    // A state that another engine wrote may hold what a check here would have refused.
    if (typeof hostKey === "string") throw new Error(`${path}.hostKey: ${text("hostKey") === undefined ? NO_HOST_KEY : hostKey}`);
    return {
        host: text("host") ?? "",
        port: number("port", 22),
        user: text("user") ?? "root",
        password: text("password"),
        privateKey: text("privateKey"),
        privateKeyPassword: text("privateKeyPassword"),
        agentSocketPath: text("agentSocketPath"),
        dialErrorLimit: number("dialErrorLimit", 10),
        perDialTimeout: number("perDialTimeout", 15),
        hostKey,
    };
}

/** The connection of checked inputs, defaults filled. Throws when it holds no usable host key. */
export function connectionOf(inputs: PropertyMap): Connection {
    const value = isObject(inputs["connection"]) ? inputs["connection"] : {};
    const proxy = isObject(value["proxy"]) ? endpointOf(value["proxy"], "connection.proxy") : undefined;
    return { ...endpointOf(value, "connection"), proxy };
}

/** What must not be shown of a connection, by the name to show in its place. */
export function secretsOf({ proxy, ...endpoint }: Connection): Record<string, string> {
    const own = { password: endpoint.password, privateKey: endpoint.privateKey, privateKeyPassword: endpoint.privateKeyPassword };
    const through = {
        "proxy password": proxy?.password,
        "proxy privateKey": proxy?.privateKey,
        "proxy privateKeyPassword": proxy?.privateKeyPassword,
    };
    return Object.fromEntries(Object.entries({ ...own, ...through }).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
