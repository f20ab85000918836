/**
 * The NetworkPolicy enforcer: a double of what a real cluster's network plugin brings (upstream Kubernetes has none). Kept
 * running by node-init in a tree of its own; when it ends its rules stay, and new pods are closed until it is back.
 * Arguments: the cluster's folder and the API server's port on the loopback address.
 */
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { apiClient } from "../api.ts";
import { remove, writeJson } from "../files.ts";
import { layoutOf } from "../layout.ts";
import { MAX_NODES, planCluster } from "../plan.ts";
import { lifeOf, runningTree } from "../tree-control.ts";
import { followAnnouncements } from "./announcements.ts";
import { enforcer, type NodeLife } from "./enforcer.ts";
import { follow } from "./informer.ts";
import { podOf, type Labels, type NetworkPolicy, type PodObject } from "./world.ts";

/** How often the nodes are looked at, in milliseconds: one that begins is closed until it was seen. */
const LOOK_MS = 200;

interface NamespaceObject {
    readonly metadata: { readonly name: string; readonly labels?: Labels };
}

function say(text: string): void {
    console.log(`${new Date().toISOString()} ${text}`);
}

function main(stateDir: string, port: number): void {
    const layout = layoutOf(stateDir);
    const plans = new Map(
        planCluster({ stateDir, nodes: MAX_NODES, apiPort: port, publish: [] }, "nodes").nodes.map((node) => [node.name, node]),
    );
    remove(layout.policiesInForce); // what is in it was true of an earlier life of this program
    const api = apiClient(layout.pki, port, 5000, "policy-enforcer");
    const changed = (): void => ask();
    const pods = follow(api, "/api/v1/pods", (pod: PodObject) => podOf(pod), changed, say);
    const namespaces = follow(
        api,
        "/api/v1/namespaces",
        ({ metadata }: NamespaceObject) => ({ name: metadata.name, labels: metadata.labels ?? {} }),
        changed,
        say,
    );
    const policies = follow(
        api,
        "/apis/networking.k8s.io/v1/networkpolicies",
        ({ metadata: { name, namespace }, spec }: NetworkPolicy): NetworkPolicy => ({ metadata: { name, namespace }, spec }),
        changed,
        say,
    );
    const nodes = new Map<string, NodeLife>();
    const ask = enforcer(
        () => ({
            synced: pods.synced && namespaces.synced && policies.synced,
            pods: pods.items.values(),
            namespaces: namespaces.items.values(),
            policies: [...policies.items.values()],
            nodes: [...nodes.values()],
        }),
        (lives) => writeJson(layout.policiesInForce, lives),
        say,
    );
    const folder = dirname(layout.node("x").root);
    const look = (): void => {
        const names = existsSync(folder) ? readdirSync(folder) : [];
        for (const name of new Set([...names, ...nodes.keys()])) {
            const plan = plans.get(name);
            const tree = layout.node(name);
            const record = plan && runningTree(tree);
            const before = nodes.get(name);
            if (before?.id === (record && lifeOf(record))) continue;
            before?.announcements.close();
            nodes.delete(name);
            if (plan && record)
                nodes.set(name, { plan, id: lifeOf(record), pid: record.pid, announcements: followAnnouncements(tree, changed) });
            say(`${name}: ${record ? "it runs" : "it is gone"}`);
            ask();
        }
    };
    setInterval(look, LOOK_MS);
    look();
}

main(process.argv[2] ?? "", Number(process.argv[3]));
