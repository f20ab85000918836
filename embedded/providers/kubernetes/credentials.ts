import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { resolve } from "node:path";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { FileAuth } from "@kubernetes/client-node/dist/file_auth.js";
import { messageOf, UserError } from "../../common/errors.ts";
import { UnreachableError } from "./errors.ts";
import type { KubeConfig } from "./kubeconfig.ts";

/** What TLS needs to know of a cluster and a user. */
export interface TlsOptions {
    readonly ca?: Buffer;
    readonly cert?: Buffer | string;
    readonly key?: Buffer | string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
}

export interface Credentials {
    readonly tls: TlsOptions;
    /** `Authorization` and impersonation headers; asked for with each request, because tokens expire. */
    headers(): Promise<Readonly<Record<string, string>>>;
}

/** Reads certificates and runs credential plugins of a kubeconfig. */
export async function credentialsOf(config: KubeConfig): Promise<Credentials> {
    const { cluster, user, folder } = config;
    const file = (path: string): Buffer => {
        try {
            return readFileSync(resolve(folder, path));
        } catch (error) {
            throw new UserError(`the kubeconfig names a file that cannot be read: ${messageOf(error)}`);
        }
    };
    const data = (base64: string | undefined, path: string | undefined): Buffer | undefined =>
        base64 ? Buffer.from(base64, "base64") : path ? file(path) : undefined;
    const ca = data(cluster.caData, cluster.caFile);
    const cert = data(user?.certData, user?.certFile);
    const key = data(user?.keyData, user?.keyFile);
    const plugin = pluginOf(config);
    const first = plugin ? await plugin() : {};
    const fixed: Record<string, string> = {};
    if (user?.token) fixed["authorization"] = `Bearer ${user.token}`;
    else if (user?.username) fixed["authorization"] = `Basic ${Buffer.from(`${user.username}:${user.password ?? ""}`).toString("base64")}`;
    if (user?.impersonateUser) fixed["impersonate-user"] = user.impersonateUser;
    return {
        tls: {
            ...(ca && { ca }),
            ...(cert && { cert }),
            ...(key && { key }),
            ...(first.cert && { cert: first.cert as string }),
            ...(first.key && { key: first.key as string }),
            ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
            ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
        },
        headers: async () => (plugin ? { ...fixed, ...((await plugin()).headers as Record<string, string> | undefined) } : fixed),
    };
}

/** The exec plugin or token file of a user; other plugins are refused by name. */
function pluginOf({ user, folder }: KubeConfig): (() => Promise<RequestOptions>) | undefined {
    if (!user) return undefined;
    const { authProvider } = user;
    const tokenFile = (authProvider?.config as { tokenFile?: string } | undefined)?.tokenFile;
    const exec = new ExecAuth();
    const auth = exec.isAuthProvider(user) ? exec : tokenFile ? new FileAuth() : undefined;
    if (!auth) {
        if (authProvider)
            throw new UserError(
                `user "${user.name}" in the kubeconfig uses the auth-provider "${authProvider.name}", which is not supported: use an exec plugin`,
            );
        return undefined;
    }
    const asked =
        tokenFile && authProvider
            ? { ...user, authProvider: { ...authProvider, config: { tokenFile: resolve(folder, tokenFile) } } }
            : user;
    return async () => {
        const options: RequestOptions = { headers: {} };
        try {
            await auth.applyAuthentication(asked, options);
        } catch (error) {
            throw new UnreachableError(
                `the credential plugin of user "${user.name}" in the kubeconfig failed: ${messageOf(error).trim().split("\n").at(-1) ?? ""}`,
            );
        }
        return options;
    };
}
