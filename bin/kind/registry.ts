/** The registry in a container beside the nodes. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../embedded/common/errors.ts";
import { during } from "../../embedded/common/progress.ts";
import { buildImages } from "../../embedded/images/index.ts";
import { dockerArchive } from "../../embedded/images/docker-archive.ts";
import type { KindRegistryPlan } from "../../components/kind/plan.ts";
import { OWNER, refuseForeignRegistry, refuseTakenPorts } from "./checks.ts";
import type { Work } from "./cluster.ts";
import type { Container } from "./engine.ts";

/** On the container: what it was made from, so that another plan makes another container. */
const MADE_FROM = "mcp-platform.made-from";
const READY_SECONDS = 30;

const madeFrom = ({ image, port, volume }: KindRegistryPlan): string => `${image} 127.0.0.1:${port} ${volume}`;

/**
 * Makes sure that the registry of the plan runs on the nodes' network and answers.
 * @param id the stack's own name for the cluster it belongs to
 */
export async function ensureRegistry(
    plan: KindRegistryPlan,
    id: string,
    work: Pick<Work, "engine" | "progress" | "signal">,
): Promise<void> {
    const { engine, progress, signal } = work;
    await engine.require();
    await refuseForeignRegistry(engine, plan, id);
    let found = await engine.container(plan.name);
    if (found && (found.labels[MADE_FROM] !== madeFrom(plan) || !found.networks.includes(engine.network))) {
        await remove(found, work);
        found = undefined;
    }
    if (found && !found.running) await engine.do(`Starting the container ${plan.name}`, ["start", found.id]);
    if (!found) {
        await refuseTakenPorts([plan]);
        await bringImage(plan, work);
        await start(plan, id, work);
    }
    await during(progress, `waiting for the registry at localhost:${plan.port}`, undefined, async () => {
        for (const until = Date.now() + READY_SECONDS * 1000; !(await answers(plan.port));) {
            if (Date.now() > until)
                throw new UserError(
                    `The registry at localhost:${plan.port} does not answer after ${READY_SECONDS} s: see ${engine.provider} logs ${plan.name}.`,
                );
            await sleep(100, undefined, signal ? { signal } : {});
        }
    });
}

async function bringImage(
    { image, madeHere }: KindRegistryPlan,
    { engine, progress, signal }: Pick<Work, "engine" | "progress" | "signal">,
) {
    if (await engine.hasImage(image)) return;
    if (!madeHere)
        return await during(progress, `pulling ${image}`, 10, async () => {
            await engine.do(`Pulling mcp-platform:images.registry, ${image},`, ["pull", image]);
        });
    const [built] = await buildImages([{ name: "registry", ref: image }], progress, signal);
    if (!built) throw new Error(`${image} was not built`);
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-registry-"));
    try {
        await during(progress, `loading ${image} into ${engine.provider}`, 2, async () => {
            const archive = join(folder, "image.tar");
            await dockerArchive(built, archive);
            await engine.do(`Loading ${image}`, ["load", "--input", archive]);
        });
    } finally {
        await rm(folder, { recursive: true });
    }
}

async function start(plan: KindRegistryPlan, id: string, { engine }: Pick<Work, "engine">): Promise<void> {
    if ((await engine.volume(plan.volume)) === undefined)
        await engine.do(`Making the volume ${plan.volume}`, ["volume", "create", "--label", `${OWNER}=${id}`, plan.volume]);
    await engine.do(`Starting the registry ${plan.name}`, [
        "run",
        "--detach",
        "--restart=always",
        `--name=${plan.name}`,
        `--label=${OWNER}=${id}`,
        `--label=${MADE_FROM}=${madeFrom(plan)}`,
        // Not joined later: podman without root cannot add a network to a container that began with none of its own.
        `--network=${engine.network}`,
        `--publish=127.0.0.1:${plan.port}:5000`,
        `--volume=${plan.volume}:/var/lib/registry`,
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        plan.image,
    ]);
}

async function answers(port: number): Promise<boolean> {
    return await fetch(`http://127.0.0.1:${port}/v2/`, { signal: AbortSignal.timeout(2000) }).then(
        async (response) => {
            await response.body?.cancel();
            return response.ok;
        },
        () => false,
    );
}

async function remove(container: Container, { engine }: Pick<Work, "engine">): Promise<void> {
    await engine.do(`Removing the container ${container.name}`, ["rm", "--force", "--volumes", container.id]);
}

/** Removes the registry of the cluster of this id, with its images. Another of the same name stays. */
export async function removeRegistry(plan: KindRegistryPlan, id: string, work: Pick<Work, "engine" | "progress">): Promise<void> {
    const { engine } = work;
    await engine.require();
    const found = await engine.container(plan.name);
    if (found?.labels[OWNER] === id) await remove(found, work);
    if ((await engine.volume(plan.volume))?.[OWNER] === id)
        await engine.do(`Removing the volume ${plan.volume}`, ["volume", "rm", plan.volume]);
}
