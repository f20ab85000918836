/** One look at what runs, and the next steps towards what is desired. Called again and again; remembers only what is under way. */
import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../common/errors.ts";
import { apiClient, type ApiClient } from "./api.ts";
import { readJson, writeText } from "./files.ts";
import { importArchives, socketOf } from "./images.ts";
import { GATES, type TreeLayout } from "./layout.ts";
import { ensureBridge, ensureLink } from "./network.ts";
import { clusterDns, enforcerAccess, nodeObject, nodeVolumes, storageClass, type Placed } from "./objects.ts";
import type { Prepared } from "./prepare.ts";
import { dnsServes, nodeIsReady } from "./readiness.ts";
import { removeNode } from "./remove-node.ts";
import type { TreeSpec } from "./specification.ts";
import { lifeOf, runningTree, startTree, treeStatus, type TreeRecord } from "./tree-control.ts";
import { treeMark } from "./trees.ts";
import { recycleVolumes } from "./volumes.ts";

/** How often the objects in the API are looked at once everything runs, in milliseconds. */
const UPKEEP_MS = 5000;
const RETRY_MS = 500;
const ASK_AGAIN_MS = 40;

/** What the supervisor tells its callers about. */
export interface Reporter {
    log(text: string): void;
    milestone(name: string): void;
    /** Something did not work; it is tried again. */
    trouble(text: string): void;
    /** A reason to look again at once. */
    wake(): void;
}

export interface Reconciler {
    /** Takes the next steps; answers what is still awaited, or undefined when all is as desired. */
    pass(): Promise<string | undefined>;
    close(): void;
}

export function reconciler(prepared: Prepared, report: Reporter): Reconciler {
    const { plan, layout, desired, cgroups } = prepared;
    const rooted = plan.mode === "nodes";
    const api: ApiClient = apiClient(layout.pki, desired.apiPort);
    const keepers = new Set<ChildProcess>();
    const underWay = new Set<string>();
    const finished = new Set<string>();
    const notBefore = new Map<string, number>();
    let lastUpkeep = 0;

    /** Runs `work` beside the passes, once for each key, until it succeeds. */
    const task = (key: string, work: () => Promise<void>): boolean => {
        if (finished.has(key)) return true;
        if (underWay.has(key) || Date.now() < (notBefore.get(key) ?? 0)) return false;
        underWay.add(key);
        void work()
            .then(() => finished.add(key))
            .catch((error: unknown) => {
                if (!(error instanceof Waiting)) report.trouble(messageOf(error));
                notBefore.set(key, Date.now() + (error instanceof Waiting ? ASK_AGAIN_MS : RETRY_MS));
            })
            .finally(() => {
                underWay.delete(key);
                report.wake();
            });
        return false;
    };

    const ensureTree = async (spec: TreeSpec, tree: TreeLayout, group: string | undefined): Promise<TreeRecord | undefined> => {
        const running = runningTree(tree);
        if (running?.revision === spec.revision) return running;
        if (Date.now() < (notBefore.get(spec.name) ?? 0)) return undefined;
        const because = treeStatus(tree)?.error ?? (running ? "its specification changed" : "it does not run");
        report.log(`${spec.name}: starting, because ${because}`);
        try {
            const { record, keeper } = await startTree(spec, tree, treeMark(plan, spec.name), desired.tools["node-init"], cgroups, group);
            keepers.add(keeper);
            keeper.on("exit", () => {
                keepers.delete(keeper);
                report.wake();
            });
            return record;
        } catch (error) {
            notBefore.set(spec.name, Date.now() + RETRY_MS);
            report.trouble(messageOf(error));
            return undefined;
        }
    };

    const applyAll = async (objects: readonly Placed[]): Promise<void> => {
        await Promise.all(objects.map((each) => api.apply(each.path, each.object)));
    };

    /** What the cluster puts into its API, again when somebody deleted it. */
    const upkeep = async (): Promise<void> => {
        const listed = await api.get<{ items: readonly { metadata: { name: string } }[] }>("/api/v1/nodes");
        const have = new Set(listed.items.map((node) => node.metadata.name));
        await applyAll(plan.nodes.filter((node) => !have.has(node.name)).map(nodeObject));
        await recycleVolumes(api, layout, plan.nodes);
        if (!(await api.find("/apis/apps/v1/namespaces/kube-system/deployments/coredns"))) await applyAll(clusterDns());
    };

    /** Takes out the nodes that are not wanted any more; answers the first of them. */
    const removeSurplus = (hub: TreeRecord): string | undefined => {
        const folder = dirname(layout.node("x").root);
        const wanted = new Set(plan.nodes.map((node) => node.name));
        const surplus = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => !wanted.has(name));
        for (const name of surplus) task(`remove/${name}`, () => removeNode(prepared, api, name, hub.pid, report));
        return surplus[0];
    };

    const serving = async (): Promise<boolean> => {
        try {
            return (await api.raw("/readyz")).status === 200;
        } catch {
            return false;
        }
    };

    return {
        async pass() {
            const groups = rooted ? plan.hubGroup : undefined;
            const [hub, enforcer, ...nodes] = await Promise.all([
                ensureTree(prepared.hub, layout.hub, groups),
                rooted ? ensureTree(prepared.enforcer, layout.enforcer, plan.enforcerGroup) : undefined,
                ...prepared.nodes.map(({ plan: node, spec }) => ensureTree(spec, layout.node(node.name), node.group)),
            ]);
            if (!hub) return "the control plane's processes";
            if (rooted) {
                await ensureBridge(hub.pid);
                open(layout.hub, GATES.network);
            }
            let withoutImages: string | undefined;
            for (const [i, { plan: node }] of prepared.nodes.entries()) {
                const record = nodes[i];
                if (!record) continue;
                await ensureLink(plan, node, hub.pid, record.pid);
                const tree = layout.node(node.name);
                open(tree, GATES.network);
                const runtime = { pid: record.pid, containerd: desired.tools.containerd };
                const reachable = existsSync(socketOf(record.pid));
                const imported =
                    reachable &&
                    task(`images/${lifeOf(record)}`, async () => {
                        const count = await importArchives(runtime, desired.images);
                        open(tree, GATES.images);
                        if (count) report.milestone(`${count} images on ${node.name}`);
                    });
                if (!imported) withoutImages ??= node.name;
            }
            const life = `api/${lifeOf(hub)}`;
            if (
                !task(life, async () => {
                    if (!(await serving())) throw new Waiting();
                    report.milestone("API server ready");
                })
            )
                return "the API server";
            for (const [i, { plan: node }] of prepared.nodes.entries()) {
                const record = nodes[i];
                if (record) {
                    task(`node/${lifeOf(record)}/${lifeOf(hub)}`, async () => {
                        await applyAll([nodeObject(node)]);
                        open(layout.node(node.name), GATES.registered);
                        await applyAll(nodeVolumes(node));
                    });
                }
            }
            if (!rooted)
                return (treeStatus(layout.hub)?.processes ?? []).every((p) => p.state === "running") ? undefined : "the controllers";
            const applied = task(`objects/${lifeOf(hub)}`, () => applyAll([...enforcerAccess(), ...clusterDns(), storageClass()]));
            const surplus = removeSurplus(hub);
            for (const [i, { plan: node }] of prepared.nodes.entries()) {
                const record = nodes[i];
                if (!record) return `${node.name}'s processes`;
                if (
                    !task(`ready/${lifeOf(record)}`, async () => {
                        if (!(await nodeIsReady(api, node.name, layout.node(node.name)))) throw new Waiting();
                        report.milestone(`${node.name} Ready`);
                    })
                )
                    return `${node.name} to be Ready`;
            }
            const enforced = readJson<Readonly<Record<string, string>>>(layout.policiesInForce) ?? {};
            const bare = prepared.nodes.find(({ plan: node }, i) => nodes[i] && enforced[node.name] !== lifeOf(nodes[i]));
            if (!enforcer || bare) return `the network policies on ${bare?.plan.name ?? "the nodes"}`;
            if (withoutImages) return `the images on ${withoutImages}`;
            if (surplus) return `${surplus} to be removed`;
            const lives = nodes.map((node) => node && lifeOf(node)).join("/");
            if (
                !applied ||
                !task(`dns/${lifeOf(hub)}/${lives}`, async () => {
                    if (!(await dnsServes(api, prepared))) throw new Waiting();
                    report.milestone("cluster DNS serves");
                })
            )
                return "cluster DNS";
            if (Date.now() - lastUpkeep > UPKEEP_MS) {
                lastUpkeep = Date.now();
                await upkeep();
            }
            return undefined;
        },
        close: () => api.close(),
    };
}

/** Lets the programs go on that wait for a gate. */
function open(tree: TreeLayout, gate: string): void {
    writeText(join(tree.gates, gate), "");
}

/** Thrown by a task that has to be asked again; nothing is wrong. */
class Waiting extends Error {}
