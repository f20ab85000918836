/** What is remembered of a cluster beside its kubeconfig: that it is ours, since before its first container is there. */
import { mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../embedded/common/errors.ts";
import type { KindPlan } from "../../components/kind/plan.ts";

export interface Marker {
    /** The stack's own name for this very cluster. */
    readonly id: string;
    /** What it was made from. */
    readonly plan: KindPlan;
    /** Ids of the nodes' containers, once the cluster is whole. */
    readonly nodes?: readonly string[];
    /** The network of its nodes, if it was made for them. */
    readonly ownNetwork?: string;
}

const fileOf = (kubeconfig: string): string => join(dirname(kubeconfig), "cluster.json");

/** @throws UserError when the file is damaged */
export async function readMarker(kubeconfig: string): Promise<Marker | undefined> {
    const file = fileOf(kubeconfig);
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw new UserError(`${file} cannot be read: ${error.message}.`);
    });
    if (text === undefined) return undefined;
    try {
        return JSON.parse(text) as Marker;
    } catch {
        throw new UserError(
            `${file}, which says which kind cluster is this stack's, is damaged: remove the cluster by hand (kind delete cluster --name NAME) and then the file.`,
        );
    }
}

export async function writeMarker(kubeconfig: string, marker: Marker): Promise<void> {
    const file = fileOf(kubeconfig);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, `${JSON.stringify(marker, null, 4)}\n`, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
}

/** Removes the kubeconfig, the marker, and the folders that are empty then. */
export async function removeFiles(kubeconfig: string): Promise<void> {
    for (const file of [kubeconfig, `${kubeconfig}.lock`, fileOf(kubeconfig)]) await rm(file, { force: true });
    const folder = dirname(kubeconfig);
    for (const empty of [folder, dirname(folder)]) await rmdir(empty).catch(() => {}); // others' files stay
}
