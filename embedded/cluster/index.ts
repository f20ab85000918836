/**
 * The embedded cluster: upstream Kubernetes from its own folder, in namespaces and cgroups of its own, kept running by a
 * supervisor. Nothing in here knows what the cluster is used for.
 */
import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { UserError } from "../common/errors.ts";
import { during, type Progress } from "../common/progress.ts";
import { readJson, writeJson } from "./files.ts";
import { importArchives } from "./images.ts";
import { layoutOf } from "./layout.ts";
import type { Desired } from "./state.ts";
import { runningTree } from "./tree-control.ts";
import { nodeName } from "./plan.ts";

export { requiredPackages, type MachineOptions } from "./checks.ts";
export { CLUSTER_TOOLS } from "./options.ts";
export type {
    ClusterInfo,
    ClusterMode,
    ClusterOptions,
    ClusterStatus,
    ClusterTool,
    ProcessReport,
    PublishedPort,
    ToolPaths,
    TreeReport,
} from "./options.ts";
export { checkMachine, startCluster } from "./start.ts";
export { clusterStatus } from "./status.ts";
export { stopCluster } from "./stop.ts";

/** How many nodes the cluster of that folder was asked to have last, whether or not it runs; undefined when it never ran. */
export function nodesOf(stateDir: string): number | undefined {
    return readJson<Desired>(layoutOf(stateDir).desired)?.nodes;
}

/**
 * Puts images from OCI archives on every node of a running cluster, and on those it gets later; what a node has already is
 * left alone.
 * @throws UserError when no cluster runs in that folder
 */
export async function importImages(stateDir: string, archives: readonly string[], progress: Progress): Promise<void> {
    const layout = layoutOf(realpathSync(stateDir));
    const desired = readJson<Desired>(layout.desired);
    const names = desired?.mode === "nodes" ? Array.from({ length: desired.nodes }, (_, i) => nodeName(i + 1)) : [];
    const runtimes = names.map((name) => runningTree(layout.node(name))).filter((record) => record !== undefined);
    if (!desired || !runtimes.length)
        throw new UserError("No node runs, so there is nowhere to import images to. Start the cluster first: npm start");
    await during(progress, `importing ${archives.length} image${archives.length === 1 ? "" : "s"}`, 2, async (step) => {
        const containerd = desired.tools.containerd;
        await Promise.all(runtimes.map((record) => importArchives({ pid: record.pid, containerd }, archives, (path) => step.note(path))));
    });
    // Nodes that begin later import these, too.
    writeJson(layout.desired, { ...desired, request: randomUUID(), images: [...new Set([...desired.images, ...archives])] });
}
