import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { parse } from "yaml";

interface Kubeconfig {
    readonly clusters: readonly { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } }[];
    readonly users: readonly { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } }[];
}

const decode = (data: string): Buffer => Buffer.from(data, "base64");

/** One request to the API server of a kubeconfig with embedded certificates; rejects unless the answer's status is 2xx. */
export async function apiRequest(kubeconfig: string, method: string, path: string, body?: unknown): Promise<unknown> {
    const { clusters, users } = parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    if (!cluster || !user) throw new Error(`${kubeconfig} names no cluster or no user`);
    return new Promise((resolve, reject) => {
        const options = {
            method,
            ca: decode(cluster["certificate-authority-data"]),
            cert: decode(user["client-certificate-data"]),
            key: decode(user["client-key-data"]),
            agent: false as const,
            headers: { "content-type": "application/json" },
        };
        const sent = request(new URL(path, cluster.server), options, (answer) => {
            let text = "";
            answer.setEncoding("utf8");
            answer.on("data", (part: string) => (text += part));
            answer.on("end", () => {
                if (Math.floor((answer.statusCode ?? 0) / 100) === 2) resolve(JSON.parse(text));
                else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
            });
        });
        sent.on("error", reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
}
