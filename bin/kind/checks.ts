/** What is looked at before anything of a kind cluster is made. */
import { createServer } from "node:net";
import { UserError } from "../../embedded/common/errors.ts";
import type { Progress } from "../../embedded/common/progress.ts";
import { nodeImageReference } from "../../embedded/kind/index.ts";
import type { KindPlan, KindRegistryPlan } from "../../components/kind/plan.ts";
import { lastWords, type Container, type ContainerEngine } from "./engine.ts";
import type { Marker } from "./marker.ts";

/** On the registry's container and volume: the stack's own name for the cluster they belong to. */
export const OWNER = "mcp-platform.kind-cluster";

/** kind's label of nodes: https://github.com/kubernetes-sigs/kind */
export const KIND_CLUSTER = "io.x-k8s.kind.cluster";

/** Refuses nodes that were not made for the cluster of this id. */
export function refuseForeignNodes(
    { name, provider }: KindPlan,
    nodes: readonly Container[],
    id: string,
    marker: Marker | undefined,
): void {
    const ours = marker?.id === id ? (marker.nodes ?? nodes.map((node) => node.id)) : [];
    const foreign = nodes.filter((node) => !ours.includes(node.id));
    if (!foreign.length) return;
    const names = foreign.map((node) => node.name).join(", ");
    throw new UserError(
        `mcp-platform:topology.name is ${name}, but ${provider} has a kind cluster of that name which this stack did not make (${names}): give another name, or remove that cluster with KIND_EXPERIMENTAL_PROVIDER=${provider} kind delete cluster --name ${name}. Nothing was changed.`,
    );
}

/** Refuses a container or a volume of the registry's name that is not of the cluster of this id. */
export async function refuseForeignRegistry(engine: ContainerEngine, { name, volume }: KindRegistryPlan, id: string): Promise<void> {
    const { provider } = engine;
    const container = await engine.container(name);
    if (container && container.labels[OWNER] !== id)
        throw new UserError(
            `${provider} has a container ${name} which this stack did not make, and its registry needs the name: remove it with ${provider} rm -f ${name} if nobody needs it, or use mcp-platform:registry.mode bundled-http. Nothing was changed.`,
        );
    const labels = await engine.volume(volume);
    if (labels && labels[OWNER] !== id)
        throw new UserError(
            `${provider} has a volume ${volume} which this stack did not make, and its registry needs the name: remove it with ${provider} volume rm ${volume} if nobody needs the images in it, or use mcp-platform:registry.mode bundled-http. Nothing was changed.`,
        );
}

/** Why nothing can listen on a port of 127.0.0.1; undefined when something can. */
async function obstacle(port: number): Promise<string | undefined> {
    return await new Promise((resolve) => {
        const server = createServer();
        server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(undefined)));
    });
}

const AIRPLAY = " On macOS it is AirPlay's (System Settings, General, AirDrop & Handoff, AirPlay Receiver).";

/** A port of this machine that is wanted, and the setting that chooses it. */
export interface WantedPort {
    readonly port: number;
    readonly setting: string;
}

/** What is said of a port on which nothing can listen, for a reason such as EADDRINUSE. */
export function takenPort({ port, setting }: WantedPort, why: string): string {
    const found = why === "EADDRINUSE" ? "something listens there already" : `nothing can listen there (${why})`;
    const hint = port === 5000 || port === 7000 ? AIRPLAY : "";
    return `mcp-platform:${setting} is ${port}, but 127.0.0.1:${port} is not free, ${found}: end it, or give another port.${hint}`;
}

/** Refuses host ports that are taken, all at once. */
export async function refuseTakenPorts(ports: readonly WantedPort[]): Promise<void> {
    const found = await Promise.all(ports.map(async (wanted) => [wanted, await obstacle(wanted.port)] as const));
    const problems = found.flatMap(([wanted, why]) => (why === undefined ? [] : [takenPort(wanted, why)]));
    if (problems.length) throw new UserError(`${problems.join("\n")} Nothing was changed.`);
}

/**
 * The image that nodes are made of: the plan's, else the one made here if the engine has it.
 * @returns undefined to leave it to kind, which pulls its own
 * @throws UserError when it is not there and cannot be pulled
 */
export async function nodeImageOf(engine: ContainerEngine, plan: KindPlan, progress: Progress): Promise<string | undefined> {
    const made = await nodeImageReference();
    if (plan.nodeImage === undefined) return (await engine.hasImage(made)) ? made : undefined;
    if (await engine.hasImage(plan.nodeImage)) return plan.nodeImage;
    const { nodeImage } = plan;
    const step = progress.step(`pulling ${nodeImage}`, 30);
    const pulled = await engine.try(["pull", nodeImage]);
    if (pulled.code === 0) {
        step.done();
        return nodeImage;
    }
    step.fail();
    throw new UserError(
        `mcp-platform:topology.nodeImage is ${plan.nodeImage}, which ${plan.provider} does not have and could not pull (${lastWords(pulled)}): ${makeNodeImage(plan, made)}. Nothing was changed.`,
    );
}

/** What to do where no node image can be had from a registry. */
export const makeNodeImage = ({ provider, nodeImage }: KindPlan, made: string): string =>
    `without a way to a registry, make one here with npm run images -- kind-node --provider ${provider}${nodeImage === undefined || nodeImage === made ? "" : `, and give ${made}`}`;
