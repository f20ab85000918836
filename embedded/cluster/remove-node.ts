/** Taking a node out of a running cluster. */
import type { ApiClient } from "./api.ts";
import { remove } from "./files.ts";
import { dropNodeRoutes } from "./network.ts";
import { nodeVolumes } from "./objects.ts";
import { planCluster, rootGroup } from "./plan.ts";
import type { Prepared } from "./prepare.ts";
import type { Reporter } from "./reconcile.ts";
import { endTree, runningTree } from "./tree-control.ts";
import { treeMark } from "./trees.ts";

/** How long the pods of a node that is taken away have to end. */
const GRACE_MS = 5000;

interface PodList {
    readonly items: readonly { readonly metadata: { readonly name: string; readonly namespace: string } }[];
}

function pathOf({ metadata }: PodList["items"][number]): string {
    return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

/** A volume that a claim is bound to is protected; its content goes with the node, and the claim will say "Lost". */
async function removeVolume(api: ApiClient, path: string): Promise<void> {
    await api.delete(path);
    if (await api.find(path)) await api.merge(path, { metadata: { finalizers: null } });
}

/** Lets the node's pods end and be made elsewhere, then removes its processes, its API objects, its volumes and its folder. */
export async function removeNode(prepared: Prepared, api: ApiClient, name: string, hubPid: number, report: Reporter): Promise<void> {
    const { plan, layout, desired, cgroups } = prepared;
    const tree = layout.node(name);
    const index = Number(/^node-(\d+)$/.exec(name)?.[1] ?? 0);
    const node = planCluster({ ...desired, nodes: index }, plan.mode).nodes[index - 1];
    report.log(`${name}: removing it`);
    const pods = (): Promise<PodList> => api.get<PodList>(`/api/v1/pods?fieldSelector=spec.nodeName%3D${name}`);
    const deletePods = async (seconds: number): Promise<void> => {
        const { items } = await pods();
        await Promise.all(items.map((pod) => api.delete(pathOf(pod), { gracePeriodSeconds: seconds })));
    };
    if (runningTree(tree) && (await api.find(`/api/v1/nodes/${name}`))) {
        await api.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: true } });
        await deletePods(Math.floor(GRACE_MS / 1000) - 1);
        for (const deadline = Date.now() + GRACE_MS; Date.now() < deadline && (await pods()).items.length;) {
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
    }
    await endTree(tree, treeMark(plan, name), cgroups, `${rootGroup(plan.id)}/${name}`);
    await deletePods(0);
    await api.delete(`/api/v1/nodes/${name}`);
    if (node) {
        await Promise.all(nodeVolumes(node).map((volume) => removeVolume(api, volume.path)));
        const others = prepared.nodes.map((each) => runningTree(layout.node(each.plan.name))?.pid).filter((pid) => pid !== undefined);
        await dropNodeRoutes(hubPid, others, node);
    }
    remove(tree.root);
    report.milestone(`${name} removed`);
}
