/** A client of a real API server for what the program declares: plain requests, warnings included. */
import { Agent, request as httpsRequest } from "node:https";
import { parse } from "yaml";
import { reveal, type ProgramRun, type Properties, type Registered } from "./run.ts";

export interface Answer {
    readonly status: number;
    /** From the `Warning` header: unknown fields, deprecations, pod security. */
    readonly warnings: readonly string[];
    readonly body: Properties;
}

export interface Api {
    request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
    close(): void;
}

interface Kubeconfig {
    readonly clusters: [{ readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }];
    readonly users: [{ readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }];
}

const decode = (data: string) => Buffer.from(data, "base64").toString();

export function apiOf(kubeconfig: string): Api {
    const { clusters, users } = parse(kubeconfig) as Kubeconfig;
    const [{ cluster }] = clusters;
    const [{ user }] = users;
    const agent = new Agent({
        keepAlive: true,
        ca: decode(cluster["certificate-authority-data"]),
        cert: decode(user["client-certificate-data"]),
        key: decode(user["client-key-data"]),
    });
    const send = (method: string, path: string, body: unknown, headers: Record<string, string>) =>
        new Promise<Answer>((resolve, reject) => {
            const outgoing = httpsRequest(new URL(path, cluster.server), {
                method,
                agent,
                headers: { "content-type": "application/json", ...headers },
            });
            outgoing.on("error", reject);
            outgoing.on("response", (incoming) => {
                let text = "";
                incoming.setEncoding("utf8").on("data", (part: string) => (text += part));
                incoming.on("end", () => {
                    const warnings = [incoming.headers["warning"] ?? []].flat().map(String);
                    const isJson = incoming.headers["content-type"]?.includes("json");
                    resolve({ status: incoming.statusCode ?? 0, warnings, body: isJson ? (JSON.parse(text) as Properties) : {} });
                });
            });
            outgoing.end(body === undefined ? undefined : JSON.stringify(body));
        });
    return { request: (method, path, body, headers = {}) => send(method, path, body, headers), close: () => agent.destroy() };
}

function pluralOf(kind: string): string {
    const lower = kind.toLowerCase();
    if (lower.endsWith("s")) return `${lower}es`;
    return lower.endsWith("y") ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}

/** Where objects of a resource are created. */
export function collectionOf({ type, inputs }: Registered): string {
    const [, version = "", kind = ""] = type.split(":");
    const { namespace } = (reveal(inputs) as { metadata: { namespace?: string } }).metadata;
    const root = version.startsWith("core/") ? `/api/${version.slice(5)}` : `/apis/${version}`;
    return `${root}${namespace ? `/namespaces/${namespace}` : ""}/${pluralOf(kind)}`;
}

/** The Kubernetes resources of a program, in the order in which they were asked for. */
export function kubernetesOf(run: ProgramRun): Registered[] {
    return run.resources.filter(({ type }) => type.startsWith("kubernetes:"));
}
