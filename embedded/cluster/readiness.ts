/** Whether what the API says about nodes and DNS is true now: after a restart it still holds the last life's answers. */
import type { ApiClient } from "./api.ts";
import type { TreeLayout } from "./layout.ts";
import type { Prepared } from "./prepare.ts";
import { treeStatus } from "./tree-control.ts";

interface Condition {
    readonly type: string;
    readonly status: string;
    readonly lastHeartbeatTime?: string;
}

interface NodeObject {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Pod {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName?: string };
    readonly status?: {
        readonly conditions?: readonly Condition[];
        readonly containerStatuses?: readonly { readonly state?: { readonly running?: { readonly startedAt: string } } }[];
    };
}

/** When a program of a tree was started, in milliseconds; undefined while it does not run. */
function startOf(tree: TreeLayout, program: string): number | undefined {
    const found = treeStatus(tree)?.processes?.find((each) => each.name === program && each.state === "running");
    return found?.started === undefined ? undefined : Date.parse(found.started);
}

/** The API's times are whole seconds. */
const SECOND = 1000;

/** Ready, and said so by the kubelet that runs now. */
export async function nodeIsReady(api: ApiClient, name: string, tree: TreeLayout): Promise<boolean> {
    const kubelet = startOf(tree, "kubelet");
    if (kubelet === undefined) return false;
    const node = await api.find<NodeObject>(`/api/v1/nodes/${name}`);
    const ready = node?.status?.conditions?.find((condition) => condition.type === "Ready");
    return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime ?? "") + SECOND > kubelet;
}

/** Which nodes are Ready as far as the API knows. */
export async function nodeStates(api: ApiClient): Promise<{ name: string; ready: boolean }[]> {
    const { items } = await api.get<{ items: readonly NodeObject[] }>("/api/v1/nodes");
    return items.map((node) => ({
        name: node.metadata.name,
        ready: node.status?.conditions?.find((condition) => condition.type === "Ready")?.status === "True",
    }));
}

/** A DNS pod that is Ready, was started in its node's present life, and answers when asked itself. */
export async function dnsServes(api: ApiClient, prepared: Prepared): Promise<boolean> {
    const { items } = await api.get<{ items: readonly Pod[] }>("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dkube-dns");
    for (const pod of items) {
        const ready = pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
        const started = Date.parse(pod.status?.containerStatuses?.[0]?.state?.running?.startedAt ?? "");
        const node = prepared.nodes.find((each) => each.plan.name === pod.spec.nodeName);
        const since = node && startOf(prepared.layout.node(node.plan.name), "containerd");
        if (!ready || pod.metadata.deletionTimestamp || !node || since === undefined) continue;
        // A containerd that was restarted keeps its containers, so that an older start is fine once the node has been seen.
        const sameLife =
            started + SECOND > since || (treeStatus(prepared.layout.node(node.plan.name))?.processes ?? []).some((p) => p.restarts > 0);
        if (!sameLife) continue;
        const answer = await api.raw(`/api/v1/namespaces/kube-system/pods/${pod.metadata.name}:8181/proxy/ready`);
        if (answer.status === 200) return true;
    }
    return false;
}
