/** How the API server is reached: from inside a pod, or with a kubeconfig file. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";

/** What one request needs; read anew as tokens and certificates are rotated. */
export interface Credentials {
    readonly ca?: string;
    readonly token?: string;
    readonly cert?: string;
    readonly key?: string;
}

export interface ClusterAccess {
    /** Scheme, host and port of the API server. */
    readonly server: URL;
    /** The credentials of now; `fresh` reads them again after the server has refused the ones known. */
    credentials(fresh?: boolean): Credentials;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The kubelet replaces a token when 80 % of its life, at least ten minutes, has passed; a minute late is early enough. */
const REREAD_MS = 60_000;

/**
 * The access a process has: `$KUBECONFIG` when set, else the pod's ServiceAccount.
 * @throws when there is neither
 */
export function clusterAccess(env: NodeJS.ProcessEnv = process.env): ClusterAccess {
    if (env["KUBECONFIG"]) return kubeconfigAccess(env["KUBECONFIG"]);
    const host = env["KUBERNETES_SERVICE_HOST"];
    if (!host) throw new Error("no API server: this process runs in a pod with a ServiceAccount, or with KUBECONFIG naming a file");
    return serviceAccountAccess(host, env["KUBERNETES_SERVICE_PORT"] ?? "443");
}

/** Access with the pod's ServiceAccount; the token and the CA are read again every minute. */
export function serviceAccountAccess(host: string, port: string, folder = SERVICE_ACCOUNT): ClusterAccess {
    let known: Credentials | undefined;
    let readAt = 0;
    return {
        server: new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`),
        credentials(fresh = false) {
            if (!known || fresh || Date.now() - readAt > REREAD_MS) {
                known = { ca: readFileSync(`${folder}/ca.crt`, "utf8"), token: readFileSync(`${folder}/token`, "utf8").trim() };
                readAt = Date.now();
            }
            return known;
        },
    };
}

interface Kubeconfig {
    readonly "current-context"?: string;
    readonly contexts?: readonly { readonly name: string; readonly context: { readonly cluster: string; readonly user: string } }[];
    readonly clusters?: readonly { readonly name: string; readonly cluster: Readonly<Record<string, string>> }[];
    readonly users?: readonly { readonly name: string; readonly user: Readonly<Record<string, string>> }[];
}

/**
 * Access with the current context of a kubeconfig file: CA, token or client certificate, inline or as files.
 * @throws when the file or its current context is missing, or the user needs a login program
 */
export function kubeconfigAccess(path: string): ClusterAccess {
    if (!existsSync(path)) throw new Error(`KUBECONFIG names ${path}, which does not exist`);
    const config = parse(readFileSync(path, "utf8")) as Kubeconfig;
    const context = config.contexts?.find((c) => c.name === config["current-context"])?.context;
    const cluster = config.clusters?.find((c) => c.name === context?.cluster)?.cluster;
    const user = config.users?.find((u) => u.name === context?.user)?.user;
    if (!cluster?.["server"] || !user)
        throw new Error(`${path} has no usable current-context: it must name a cluster with a server and a user`);
    if (user["exec"] || user["auth-provider"])
        throw new Error(`${path}: users that need a login program are not supported; use a token or a client certificate`);
    const part = (from: Readonly<Record<string, string>>, key: string): string | undefined => {
        const inline = from[`${key}-data`];
        if (inline) return Buffer.from(inline, "base64").toString("utf8");
        return from[key] ? readFileSync(resolve(dirname(path), from[key]), "utf8") : undefined;
    };
    const token = user["token"] ?? (user["tokenFile"] ? readFileSync(resolve(dirname(path), user["tokenFile"]), "utf8").trim() : undefined);
    const [ca, cert, key] = [part(cluster, "certificate-authority"), part(user, "client-certificate"), part(user, "client-key")];
    const credentials: Credentials = { ...(ca && { ca }), ...(token && { token }), ...(cert && { cert }), ...(key && { key }) };
    return { server: new URL(cluster["server"]), credentials: () => credentials };
}
