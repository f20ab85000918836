/**
 * Kubeconfigs: contents or path to a cluster's address and a user's credentials. The parsing and the exec and token
 * file plugins are those of @kubernetes/client-node, without its index, which takes half a second to load.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { newClusters, newContexts, newUsers, type Cluster, type Context, type User } from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import { messageOf, UserError } from "../../common/errors.ts";

/** What a kubeconfig says for one context. */
export interface KubeConfig {
    readonly cluster: Cluster;
    readonly user: User | undefined;
    readonly namespace: string | undefined;
    /** The context's name, for messages. */
    readonly context?: string | undefined;
    /** Relative paths of certificates and tokens start here. */
    readonly folder: string;
}

export interface KubeConfigChoice {
    /** Contents (YAML or JSON) or path; `~` is the home folder, relative paths start at the working folder. Default: `$KUBECONFIG`, `~/.kube/config`. */
    readonly kubeconfig?: string | undefined;
    readonly context?: string | undefined;
    readonly cluster?: string | undefined;
}

interface Parsed {
    readonly clusters: readonly Cluster[];
    readonly users: readonly User[];
    readonly contexts: readonly Context[];
    readonly currentContext: string;
    /** Keys of users that are not supported, by the users' names. */
    readonly unsupported: ReadonlyMap<string, readonly string[]>;
    readonly folder: string;
}

/**
 * @throws UserError when there is no kubeconfig, when it cannot be read, or when it lacks the context or cluster
 */
export function loadKubeConfig(choice: KubeConfigChoice): KubeConfig {
    const parsed = parseKubeConfig(choice.kubeconfig);
    const contextName = choice.context || parsed.currentContext;
    const context = parsed.contexts.find(({ name }) => name === contextName);
    if (!context && !(choice.cluster && !contextName)) {
        const known = parsed.contexts.map(({ name }) => name).join(", ") || "none";
        throw new UserError(
            contextName
                ? `the kubeconfig has no context "${contextName}": it has ${known}`
                : `the kubeconfig has no current-context: set kubernetes:context to one of ${known}`,
        );
    }
    const clusterName = choice.cluster || context?.cluster;
    const cluster = parsed.clusters.find(({ name }) => name === clusterName);
    if (!cluster)
        throw new UserError(
            `the kubeconfig has no cluster "${clusterName}": it has ${parsed.clusters.map(({ name }) => name).join(", ") || "none"}`,
        );
    const user = parsed.users.find(({ name }) => name === context?.user);
    if (context?.user && !user) throw new UserError(`the kubeconfig has no user "${context.user}", which context "${context.name}" names`);
    if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server))
        throw new UserError(`the server of cluster "${cluster.name}" in the kubeconfig is "${cluster.server}": expected an https:// URL`);
    const ignored = user && parsed.unsupported.get(user.name);
    if (ignored?.length)
        throw new UserError(
            `user "${user?.name}" in the kubeconfig has ${ignored.join(", ")}, which the embedded kubernetes provider does not support: remove it, or use the official engine`,
        );
    return { cluster, user, namespace: context?.namespace, context: context?.name, folder: parsed.folder };
}

/** What a user may have in a kubeconfig that would change whom the server takes for, and that nobody here reads. */
const UNSUPPORTED = ["as-groups", "as-uid", "as-user-extra"];

/** The cluster entry that is in use, for telling whether it has changed; undefined when the kubeconfig does not say or cannot be read. */
export function activeCluster(choice: KubeConfigChoice): Cluster | undefined {
    try {
        return loadKubeConfig(choice).cluster;
    } catch {
        return undefined;
    }
}

function parseKubeConfig(given: string | undefined): Parsed {
    if (given) return parseOne(given);
    const named = process.env["KUBECONFIG"]?.split(delimiter).filter(Boolean) ?? [];
    const usual = join(homedir(), ".kube", "config");
    // A single one has to exist; of several those that do count, and of entries with the same name the first.
    const paths = named.length === 1 ? named : (named.length ? named : [usual]).filter((path) => existsSync(path));
    const [first, ...rest] = paths;
    if (!first) throw new UserError("there is no kubeconfig: set kubernetes:kubeconfig to its path or contents, or $KUBECONFIG");
    return rest.map(parseOne).reduce(merged, parseOne(first));
}

function added<T extends { readonly name: string }>(entries: readonly T[], more: readonly T[]): T[] {
    return [...entries, ...more.filter(({ name }) => !entries.some((entry) => entry.name === name))];
}

function merged(first: Parsed, second: Parsed): Parsed {
    return {
        clusters: added(first.clusters, second.clusters),
        users: added(first.users, second.users),
        contexts: added(first.contexts, second.contexts),
        currentContext: first.currentContext || second.currentContext,
        unsupported: new Map([...second.unsupported, ...first.unsupported]),
        folder: first.folder,
    };
}

function parseOne(source: string): Parsed {
    const path = resolve(source.startsWith("~/") ? join(homedir(), source.slice(2)) : source);
    const isPath = !source.includes("\n") && !source.trimStart().startsWith("{");
    const what = `the kubeconfig${isPath ? ` ${path}` : ""}`;
    if (isPath && !existsSync(path))
        throw new UserError(`the kubeconfig ${path} does not exist: set kubernetes:kubeconfig to a path or to contents`);
    let document: unknown;
    try {
        const text = isPath ? readFileSync(path, "utf8") : source;
        document = text.trimStart().startsWith("{") ? JSON.parse(text) : parse(text);
    } catch (error) {
        // The parser's message may quote a line, and lines of kubeconfigs are secrets.
        const position = /at line \d+, column \d+|at position \d+/.exec(messageOf(error))?.[0] ?? "";
        const unreadable =
            isPath && (error as { code?: string }).code !== undefined && (error as { syscall?: string }).syscall !== undefined;
        throw new UserError(`${what} cannot be read: ${unreadable ? messageOf(error) : `it is not YAML or JSON ${position}`.trim()}`);
    }
    if (typeof document !== "object" || document === null || !("clusters" in document)) {
        throw new UserError(`${what} has no clusters: it is not a kubeconfig`);
    }
    const entries = document as Record<string, never>;
    const folder = isPath ? dirname(path) : process.cwd();
    const absolute = (file: string | undefined): string | undefined => file && resolve(folder, file);
    try {
        return {
            clusters: newClusters(entries["clusters"]).map((entry) => withFiles(entry, { caFile: absolute(entry.caFile) })),
            users: newUsers(entries["users"] ?? []).map((entry) =>
                withFiles(entry, { certFile: absolute(entry.certFile), keyFile: absolute(entry.keyFile) }),
            ),
            contexts: newContexts(entries["contexts"] ?? []),
            currentContext: entries["current-context"] ?? "",
            unsupported: unsupportedKeys((entries["users"] ?? []) as readonly RawUser[]),
            folder,
        };
    } catch (error) {
        throw new UserError(`${what} is malformed: ${messageOf(error)}`);
    }
}

interface RawUser {
    readonly name: string;
    readonly user?: object | null;
}

function unsupportedKeys(users: readonly RawUser[]): Map<string, string[]> {
    return new Map(users.map(({ name, user }) => [name, Object.keys(user ?? {}).filter((key) => UNSUPPORTED.includes(key))]));
}

function withFiles<T extends object>(entry: T, files: { readonly [key: string]: string | undefined }): T {
    return { ...entry, ...Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined)) };
}
