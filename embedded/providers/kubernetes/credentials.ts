import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { resolve } from "node:path";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { FileAuth } from "@kubernetes/client-node/dist/file_auth.js";
import { messageOf, UserError } from "../../common/errors.ts";
import { withoutValues } from "./await/secrets.ts";
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
    /** Whether new ones may be had when these are refused: from a credential plugin. */
    readonly renewable: boolean;
    /** That what was presented had expired, and when; undefined when that is not to be seen. */
    expired(): string | undefined;
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
    const usedCert = (first.cert as string | undefined) ?? cert;
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
        renewable: user?.exec !== undefined,
        expired: () => (usedCert && expiredCertificate(usedCert)) || expiredToken(user?.token),
        headers: async () => (plugin ? { ...fixed, ...((await plugin()).headers as Record<string, string> | undefined) } : fixed),
    };
}

/** The exec plugin or token file of a user; other plugins are refused by name. */
function pluginOf({ user, folder }: KubeConfig): (() => Promise<RequestOptions>) | undefined {
    if (!user) return undefined;
    const { authProvider } = user;
    const tokenFile = (authProvider?.config as { tokenFile?: string } | undefined)?.tokenFile;
    const exec = new ExecAuth();
    Reflect.set(exec, "execFn", spawnPlugin);
    const auth = exec.isAuthProvider(user) ? exec : tokenFile ? new FileAuth() : undefined;
    if (!auth) {
        if (authProvider)
            throw new UserError(
                `user "${user.name}" in the kubeconfig uses the auth-provider "${authProvider.name}", which is not supported: use an exec plugin`,
            );
        return undefined;
    }
    const asked = {
        ...user,
        ...(tokenFile && authProvider && { authProvider: { ...authProvider, config: { tokenFile: resolve(folder, tokenFile) } } }),
        ...(user.exec && { exec: execOf(user.exec as Exec, folder) }),
    };
    return async () => {
        const options: RequestOptions = { headers: {} };
        try {
            await auth.applyAuthentication(asked, options);
        } catch (error) {
            throw new UnreachableError(`the credential plugin of user "${user.name}" in the kubeconfig ${pluginProblem(error, user)}`);
        }
        return options;
    };
}

interface Exec {
    readonly apiVersion?: string;
    readonly command?: string;
    readonly installHint?: string;
    readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** A plugin in a folder beside the kubeconfig is found there, and each is told what is wanted of it. */
function execOf(exec: Exec, folder: string): Exec {
    const info = { apiVersion: exec.apiVersion, kind: "ExecCredential", spec: { interactive: false } };
    const command = exec.command?.includes("/") ? resolve(folder, exec.command) : exec.command;
    return {
        ...exec,
        ...(command && { command }),
        env: [...(exec.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }],
    };
}

const PLUGIN_TIMEOUT_MS = 60_000;
const PLUGIN_LINES = 5;

/** A plugin that asks somebody who is not there must not hang the run. */
function spawnPlugin(command: string, args: readonly string[] | null | undefined, options: SpawnOptions): ChildProcess {
    const child = spawn(command, args ?? [], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill(), PLUGIN_TIMEOUT_MS);
    child.once("close", () => clearTimeout(timer));
    return child;
}

/** What went wrong, without anything that the plugin may have printed of a credential, or was given as one. */
function pluginProblem(error: unknown, user: User): string {
    const exec = user.exec as Exec | undefined;
    if ((error as { code?: string }).code === "ENOENT")
        return exec
            ? `is not installed: ${exec.command} was not found. ${exec.installHint?.trim() ?? "Install it"}`
            : "names a token file that does not exist";
    if (error instanceof SyntaxError || error instanceof TypeError)
        return "did not print a credential (a JSON document of kind ExecCredential)";
    const hidden = (exec?.env ?? []).map(({ value }) => value);
    const lines = withoutValues(messageOf(error), hidden)
        .replaceAll(/\b[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b/g, "[secret]")
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    return `failed: ${lines.slice(-PLUGIN_LINES).join("; ") || `it printed nothing in the ${PLUGIN_TIMEOUT_MS / 1000} s it was given, or ended without saying why`}`;
}

function expiredCertificate(pem: Buffer | string): string | undefined {
    try {
        const { validToDate } = new X509Certificate(pem);
        return validToDate < new Date() ? `its client certificate expired on ${dateOf(validToDate)}` : undefined;
    } catch {
        return undefined; // It explains only; what is no certificate has been refused for that already.
    }
}

/** Tokens of service accounts and of most sign-ins say themselves how long they are good for. */
function expiredToken(token: string | undefined): string | undefined {
    try {
        const { exp } = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString()) as { exp?: number };
        return exp && exp * 1000 < Date.now() ? `its token expired on ${dateOf(new Date(exp * 1000))}` : undefined;
    } catch {
        return undefined;
    }
}

const dateOf = (date: Date): string => `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
