/**
 * Kubeconfigs: contents or path to a cluster's address and a user's credentials. The parsing and the exec and token
 * file plugins are those of @kubernetes/client-node, without its index, which takes half a second to load.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { newClusters, newContexts, newUsers, type Cluster, type Context, type User } from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import { messageOf, UserError } from "../../common/errors.ts";

/** What a kubeconfig says for one context. */
export interface KubeConfig {
    readonly cluster: Cluster;
    readonly user: User | undefined;
    readonly namespace: string | undefined;
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
    if (cluster.proxyUrl)
        throw new UserError(
            `cluster "${cluster.name}" in the kubeconfig has a proxy-url, which the embedded kubernetes provider does not support: remove it`,
        );
    return { cluster, user, namespace: context?.namespace, folder: parsed.folder };
}

/** The cluster entry that is in use, for telling whether it has changed; undefined when the kubeconfig does not say or cannot be read. */
export function activeCluster(choice: KubeConfigChoice): Cluster | undefined {
    try {
        return loadKubeConfig(choice).cluster;
    } catch {
        return undefined;
    }
}

function parseKubeConfig(given: string | undefined): Parsed {
    const source = given || defaultPath();
    if (!source) throw new UserError("there is no kubeconfig: set kubernetes:kubeconfig to its path or contents, or $KUBECONFIG");
    const path = resolve(source.startsWith("~/") ? join(homedir(), source.slice(2)) : source);
    const isPath = !source.includes("\n") && !source.trimStart().startsWith("{");
    if (isPath && !existsSync(path))
        throw new UserError(`the kubeconfig ${path} does not exist: set kubernetes:kubeconfig to a path or to contents`);
    let document: unknown;
    try {
        const text = isPath ? readFileSync(path, "utf8") : source;
        document = text.trimStart().startsWith("{") ? JSON.parse(text) : parse(text);
    } catch (error) {
        // The parser's message may quote a line, and lines of kubeconfigs are secrets.
        const position = /at line \d+, column \d+|at position \d+/.exec(messageOf(error))?.[0] ?? "";
        throw new UserError(
            `the kubeconfig${isPath ? ` ${path}` : ""} cannot be read: ${isPath && !position ? messageOf(error) : `it is not YAML or JSON ${position}`.trim()}`,
        );
    }
    if (typeof document !== "object" || document === null || !("clusters" in document)) {
        throw new UserError(`the kubeconfig${isPath ? ` ${path}` : ""} has no clusters: it is not a kubeconfig`);
    }
    const entries = document as Record<string, never>;
    try {
        return {
            clusters: newClusters(entries["clusters"]),
            users: entries["users"] ? newUsers(entries["users"]) : [],
            contexts: entries["contexts"] ? newContexts(entries["contexts"]) : [],
            currentContext: entries["current-context"] ?? "",
            folder: isPath ? dirname(path) : process.cwd(),
        };
    } catch (error) {
        throw new UserError(`the kubeconfig${isPath ? ` ${path}` : ""} is malformed: ${messageOf(error)}`);
    }
}

function defaultPath(): string | undefined {
    const named = process.env["KUBECONFIG"]?.split(":").find(Boolean);
    if (named) return named;
    const usual = join(homedir(), ".kube", "config");
    return existsSync(usual) ? usual : undefined;
}
