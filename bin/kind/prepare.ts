/** What is done before the engine runs a kind stack: what takes long is built, and a cluster that was stopped is started. */
import { UserError } from "../../embedded/common/errors.ts";
import type { Progress } from "../../embedded/common/progress.ts";
import { define } from "../../embedded/images/define.ts";
import { buildImages, imageNames, type ImageRequest } from "../../embedded/images/index.ts";
import { repositoryOf } from "../../embedded/images/push.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { KIND_CLUSTER, OWNER } from "./checks.ts";
import { checkPlace, ensureCluster, type Work } from "./cluster.ts";
import { ContainerEngine } from "./engine.ts";
import { readMarker, type Marker } from "./marker.ts";
import { findKind } from "./program.ts";
import { ensureRegistry } from "./registry.ts";

export interface WantedImages {
    readonly made: readonly { readonly name: string; readonly ref: string }[];
    /** Repository and tag, without a host. */
    readonly pushed: readonly string[];
}

/** What is known of a stack before its engine runs. */
export interface Preparation {
    readonly plan: KindPlan;
    readonly images: WantedImages;
    /** Whether the stack has no state yet: then nothing of that name may be there. */
    readonly fresh: boolean;
    readonly progress: Progress;
    readonly signal: AbortSignal;
}

/**
 * Checks the engine, builds kind and the images, and starts what belongs to the stack and is stopped.
 * @returns `gone` when the cluster that the stack made, or the registry's volume, is no longer there
 * @throws UserError when the engine is missing or does not answer, or something cannot be built
 */
export async function prepareKind({ plan, images, fresh, progress, signal }: Preparation): Promise<"there" | "gone" | "none"> {
    const engine = new ContainerEngine(plan.provider, signal);
    await engine.require();
    const marker = await readMarker(plan.kubeconfig);
    if (!marker && fresh) await checkPlace(plan, engine);
    const kind = await findKind(plan.provider, progress, signal);
    await buildImages(await requestsFor(plan, images), progress, signal);
    return await wake(marker, { engine, kind, progress, signal });
}

async function requestsFor({ registry }: KindPlan, { made, pushed }: WantedImages): Promise<ImageRequest[]> {
    const container = registry?.madeHere ? [{ name: "registry", ref: registry.image }] : [];
    const requests: ImageRequest[] = [...container, ...made].flatMap(({ name, ref }) => {
        const known = imageNames.find((one) => one === name);
        return known ? [{ name: known, ref }] : [];
    });
    const repositories = new Map<string, ImageRequest>();
    for (const name of imageNames) repositories.set(repositoryOf((await define(name)).ref), name);
    const unknown = pushed.filter((repository) => !repositories.has(repository));
    if (unknown.length)
        throw new UserError(
            `mcp-platform:pushImages has ${unknown.join(", ")}, which cannot be made from this checkout: there are ${[...repositories.keys()].join(", ")}.`,
        );
    return [...requests, ...pushed.flatMap((repository) => repositories.get(repository) ?? [])];
}

/** Starts what is stopped, of a cluster that was made whole. */
async function wake(marker: Marker | undefined, work: Work): Promise<"there" | "gone" | "none"> {
    if (!marker?.nodes) return "none"; // the engine makes it, or makes it whole
    const { engine } = work;
    const made = marker.plan;
    const found = await engine.containersWith(`${KIND_CLUSTER}=${made.name}`);
    const ours = found.filter((node) => marker.nodes?.includes(node.id));
    const kept = !made.registry || (await engine.volume(made.registry.volume))?.[OWNER] === marker.id;
    if (ours.length < marker.nodes.length || !kept) return "gone";
    if (ours.some((node) => !node.running)) await ensureCluster(made, marker.id, work);
    if (made.registry) await ensureRegistry(made.registry, marker.id, work);
    return "there";
}
