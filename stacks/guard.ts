import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { RunError } from "@pulumi/pulumi/errors.js";
import { parse } from "yaml";
import type { ClusterAccess } from "./topology.ts";

interface Named {
    readonly name?: unknown;
}

/** As much of a kubeconfig as the guard asks for: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
interface Kubeconfig {
    readonly contexts?: readonly (Named & { readonly context?: { readonly cluster?: unknown } })[];
    readonly clusters?: readonly (Named & { readonly cluster?: { readonly server?: unknown } })[];
}

function read(path: string): Kubeconfig {
    let content: unknown;
    try {
        content = parse(readFileSync(path, "utf8"));
    } catch (error) {
        // Only the first line: those after it would repeat the file, which holds credentials.
        const [reason] = String((error as { readonly message?: unknown }).message).split("\n");
        throw new RunError(`kubeconfig ${path} cannot be read: ${reason}. Write it anew, or name another in the settings.`);
    }
    if (typeof content !== "object" || content === null || Array.isArray(content))
        throw new RunError(
            `kubeconfig ${path} is not one: it holds no contexts and clusters. Write it anew, or name another in the settings.`,
        );
    return content;
}

const list = <T>(values: readonly T[] | undefined): readonly T[] => (Array.isArray(values) ? values : []);

/** The URL of the API server that a context leads to. */
function serverOf({ kubeconfig, context }: ClusterAccess): string {
    const { contexts, clusters } = read(kubeconfig);
    const found = list(contexts).find(({ name }) => name === context);
    if (!found) {
        const names = list(contexts).map(({ name }) => JSON.stringify(name));
        const there = names.length ? `there are ${names.join(", ")}` : "it has none";
        throw new RunError(
            `kubeconfig ${kubeconfig} has no context ${JSON.stringify(context)}: ${there}. Name the right one in the settings.`,
        );
    }
    const cluster = list(clusters).find(({ name }) => name === found.context?.cluster);
    const server = cluster?.cluster?.server;
    if (typeof server !== "string" || !URL.canParse(server))
        throw new RunError(
            `kubeconfig ${kubeconfig}: context ${JSON.stringify(context)} leads to cluster ${JSON.stringify(found.context?.cluster)}, whose server is ${JSON.stringify(server)}. Write the kubeconfig anew.`,
        );
    return server;
}

/** Whether a URL leads to this machine, or to one of the addresses that a cluster on it has. */
function isLocal(url: URL, addresses: readonly string[]): boolean {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127.")) || addresses.includes(host);
}

/** The same place, however it is written: case of the host, the scheme's own port, a final slash. */
const place = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname.replace(/\/$/, "")}`;

/**
 * Refuses a kubeconfig whose context is missing or leads to another cluster than the settings mean. Reads a file and
 * nothing else: to be called before anything is made.
 * @param preview whether nothing is going to be made: then a kubeconfig may be missing
 * @throws RunError with the file, the context, the server found, the server expected, and the fix
 */
export function guardContext(access: ClusterAccess, preview: boolean): void {
    const { kubeconfig, context, server, addresses = [] } = access;
    if (!existsSync(kubeconfig)) {
        if (preview || access.obtain === undefined) return;
        throw new RunError(`kubeconfig ${kubeconfig} does not exist: ${access.obtain}`);
    }
    const found = serverOf(access);
    const url = new URL(found);
    const there = `kubeconfig ${kubeconfig}: context ${JSON.stringify(context)} leads to ${found}`;
    if (server === "local") {
        if (isLocal(url, addresses)) return;
        const expected = ["127.0.0.1", ...addresses].join(" or ");
        throw new RunError(
            `${there}, but this stack's cluster is on this machine (${expected}). Name the right kubeconfig or context in the settings; nothing was changed.`,
        );
    }
    if (place(url) === place(new URL(server))) return;
    throw new RunError(
        `${there}, but the settings mean ${server}. Name the right kubeconfig or context, or correct the server in the settings; nothing was changed.`,
    );
}
