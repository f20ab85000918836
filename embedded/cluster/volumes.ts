/** The persistent volumes of the nodes: their folders, and emptying those whose claim is gone. */
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "./api.ts";
import type { Layout } from "./layout.ts";
import { VOLUMES_FOLDER } from "./node-files.ts";
import { volumeName } from "./objects.ts";
import { VOLUMES_PER_NODE, type NodePlan } from "./plan.ts";

function volumeFolder(layout: Layout, node: NodePlan, number: number): string {
    return join(layout.node(node.name).data, VOLUMES_FOLDER.replace(/^\/var\//, ""), String(number));
}

/** Any user of a pod may write, as in a fresh emptyDir; the folders around are closed to the machine's users. */
function createFolder(folder: string): void {
    if (existsSync(folder)) return;
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
}

export function createVolumeFolders(layout: Layout, node: NodePlan): void {
    for (let number = 1; number <= VOLUMES_PER_NODE; number++) createFolder(volumeFolder(layout, node, number));
}

interface Volume {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly phase?: string };
}

/** Empties each volume that was released and offers it again. */
export async function recycleVolumes(api: ApiClient, layout: Layout, nodes: readonly NodePlan[]): Promise<void> {
    const { items } = await api.get<{ items: readonly Volume[] }>("/api/v1/persistentvolumes");
    const released = new Set(items.filter((volume) => volume.status?.phase === "Released").map((volume) => volume.metadata.name));
    for (const node of nodes) {
        for (let number = 1; number <= VOLUMES_PER_NODE; number++) {
            const name = volumeName(node, number);
            if (!released.has(name)) continue;
            const folder = volumeFolder(layout, node, number);
            rmSync(folder, { recursive: true, force: true });
            createFolder(folder);
            await api.merge(`/api/v1/persistentvolumes/${name}`, { spec: { claimRef: null } });
        }
    }
}
