/** Makes, repairs and removes a kind cluster. Every part may have been done before, or broken off. */
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../embedded/common/errors.ts";
import { during, type Progress, type Step } from "../../embedded/common/progress.ts";
import { nodeImageReference } from "../../embedded/kind/index.ts";
import { kindConfig } from "../../components/kind/config.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { writeScript } from "../../stacks/node-registry/index.ts";
import { KIND_CLUSTER, makeNodeImage, nodeImageOf, refuseForeignNodes, refuseForeignRegistry, refuseTakenPorts } from "./checks.ts";
import { lastWords, type Container, type ContainerEngine } from "./engine.ts";
import { readMarker, removeFiles, writeMarker, type Marker } from "./marker.ts";
import type { Kind } from "./program.ts";

export interface Work {
    readonly engine: ContainerEngine;
    readonly kind: Kind;
    readonly progress: Progress;
    readonly signal?: AbortSignal | undefined;
}

/** What the program is told of a cluster. */
export interface ClusterFacts {
    /** Ranges of addresses of the nodes' network. */
    readonly cidrs: readonly string[];
}

/** How long the control plane may take to be ready, and to come back after a restart of its container. */
const READY_SECONDS = 180;

const nodesOf = (engine: ContainerEngine, name: string) => engine.containersWith(`${KIND_CLUSTER}=${name}`);

/**
 * Makes sure that the cluster of the plan is there and runs, and that its nodes have their files.
 * @param id the stack's own name for this very cluster
 * @throws UserError for what is missing, taken or somebody else's, before anything is made
 */
export async function ensureCluster(plan: KindPlan, id: string, work: Work): Promise<ClusterFacts> {
    const { engine } = work;
    await engine.require();
    const marker = await readMarker(plan.kubeconfig);
    const found = await nodesOf(engine, plan.name);
    refuseForeignNodes(plan, found, id, marker);
    const whole = marker?.nodes !== undefined && marker.nodes.length === found.length;
    if (whole) await revive(plan, found, work);
    else await make(plan, id, found, marker, work);
    const nodes = await nodesOf(engine, plan.name);
    await writeFiles(plan, nodes, work);
    return { cidrs: (await engine.rangesOf(engine.network)) ?? [] };
}

/** Refuses names and ports that a new cluster needs and others have. */
async function refuseObstacles(plan: KindPlan, id: string, engine: ContainerEngine): Promise<void> {
    if (plan.registry) await refuseForeignRegistry(engine, plan.registry, id);
    const registry = plan.registry && !(await engine.container(plan.registry.name)) ? [plan.registry] : [];
    await refuseTakenPorts([...plan.ports.map(({ host, setting }) => ({ port: host, setting })), ...registry]);
}

/**
 * Refuses what would stand in the way of a cluster that has never been made, before anything is built for it.
 * @throws UserError with what is taken, and the setting that chooses it
 */
export async function checkPlace(plan: KindPlan, engine: ContainerEngine): Promise<void> {
    refuseForeignNodes(plan, await nodesOf(engine, plan.name), "", undefined);
    await refuseObstacles(plan, "", engine);
}

/** Makes the cluster anew; what a broken-off attempt left is removed first. */
async function make(plan: KindPlan, id: string, left: readonly Container[], marker: Marker | undefined, work: Work): Promise<void> {
    const { engine, kind, progress } = work;
    if (left.length) {
        progress.log(`The kind cluster ${plan.name} is not whole (${left.map(({ name }) => name).join(", ")}): it is made again.`);
        await removeNodes(plan, left, work);
    }
    await refuseObstacles(plan, id, engine);
    const image = await nodeImageOf(engine, plan, progress);
    const network = (await engine.rangesOf(engine.network)) === undefined ? engine.network : marker?.ownNetwork;
    const begun: Marker = { id, plan, ...(network === undefined ? {} : { ownNetwork: network }) };
    await writeMarker(plan.kubeconfig, begun);
    await during(progress, `making the kind cluster ${plan.name} in ${plan.provider}`, 20 + 2 * plan.workers, async (step) => {
        const args = [
            "create",
            "cluster",
            `--name=${plan.name}`,
            "--config=-",
            `--kubeconfig=${plan.kubeconfig}`,
            `--wait=${READY_SECONDS}s`,
        ];
        const stdin = JSON.stringify(kindConfig(plan, image));
        const result = await kind(args, { stdin, onLine: (line) => note(step, line) });
        if (result.code !== 0) throw await creationFailure(plan, result);
    });
    const { stdout } = await kind(["get", "nodes", "--name", plan.name]);
    const listed = stdout.split("\n").filter(Boolean);
    const nodes = await nodesOf(engine, plan.name);
    if (!listed.length || nodes.length !== plan.workers + 1)
        throw new UserError(
            `kind made the cluster ${plan.name}, but ${plan.provider} has ${nodes.length} of its ${plan.workers + 1} nodes, and kind lists ${listed.length}: is KIND_EXPERIMENTAL_PROVIDER or another engine in the way? Run the update again; the cluster is made again then.`,
        );
    await writeMarker(plan.kubeconfig, { ...begun, nodes: nodes.map((node) => node.id) });
}

/** kind's own progress, without its marks and pictures. */
function note(step: Step, line: string): void {
    const text = line
        .replace(/[^\x20-\x7e]/g, "")
        .replace(/^\W+/, "")
        .trim();
    if (text) step.note(text);
}

async function creationFailure(plan: KindPlan, result: { stdout: string; stderr: string }): Promise<UserError> {
    const said = lastWords(result);
    const fix = /failed to pull image/i.test(result.stderr)
        ? makeNodeImage(plan, await nodeImageReference())
        : "run the update again once that is mended; what was made of it is removed first";
    return new UserError(`kind could not make the cluster ${plan.name}: ${said}: ${fix}.`);
}

/** Starts what has been stopped, and waits for the API server. */
async function revive(plan: KindPlan, nodes: readonly Container[], { engine, kind, progress, signal }: Work): Promise<void> {
    const stopped = nodes.filter((node) => !node.running);
    if (stopped.length)
        await during(progress, `starting the nodes of ${plan.name}`, 10, async () => {
            await engine.do(`Starting the nodes of ${plan.name}`, ["start", ...stopped.map((node) => node.id)]);
        });
    // After a restart the API server may be at another port of this machine.
    await kind(["export", "kubeconfig", "--name", plan.name, "--kubeconfig", plan.kubeconfig]);
    const control = nodes.find(({ name }) => name === `${plan.name}-control-plane`);
    if (!control) return;
    const ask = () => engine.try(["exec", control.id, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "get", "--raw", "/readyz"]);
    if ((await ask()).code === 0) return;
    await during(progress, `waiting for the API server of ${plan.name}`, 10, async () => {
        for (const until = Date.now() + READY_SECONDS * 1000; (await ask()).code !== 0;) {
            if (Date.now() > until)
                throw new UserError(
                    `The API server of the kind cluster ${plan.name} does not answer after ${READY_SECONDS} s: see ${plan.provider} logs ${control.name}, or make the cluster anew with npm run destroy and npm run up.`,
                );
            await sleep(500, undefined, signal ? { signal } : {});
        }
    });
}

/** Nothing is restarted for them: containerd reads them at every pull. */
async function writeFiles(plan: KindPlan, nodes: readonly Container[], { engine }: Work): Promise<void> {
    if (!nodes.length) throw new UserError(`The kind cluster ${plan.name} has no nodes: run the update again.`);
    await Promise.all(
        nodes.flatMap((node) =>
            plan.files.map(async (file) => {
                const args = ["exec", "--interactive", node.id, "sh", "-c", writeScript(file)];
                await engine.do(`Writing ${file.path} on ${node.name}`, args, { stdin: file.text });
            }),
        ),
    );
}

/** Removes containers of nodes without asking their systemd to end, all at once, and the volumes that kind made for them. */
async function removeContainers(nodes: readonly Container[], { engine }: Pick<Work, "engine">): Promise<void> {
    const now = engine.provider === "podman" ? ["--time=0"] : [];
    await Promise.all(nodes.map((node) => engine.do(`Removing ${node.name}`, ["rm", "--force", "--volumes", ...now, node.id])));
    // Under podman they have names of their own, so that they do not go with the containers.
    if (engine.provider !== "podman") return;
    const listed = await Promise.all(nodes.map(({ name }) => engine.try(["volume", "ls", "--quiet", `--filter=label=${name}`])));
    const volumes = listed.flatMap(({ stdout }) => stdout.split("\n").filter(Boolean));
    if (volumes.length) await engine.do("Removing the nodes' volumes", ["volume", "rm", "--force", ...volumes]);
}

async function removeNodes(plan: KindPlan, nodes: readonly Container[], { engine, kind, progress }: Work): Promise<void> {
    await during(progress, `removing the kind cluster ${plan.name}`, 3, async () => {
        // kind removes one after the other, and podman would wait ten seconds for each.
        await removeContainers(nodes, { engine });
        const result = await kind(["delete", "cluster", "--name", plan.name, "--kubeconfig", plan.kubeconfig]);
        const left = await nodesOf(engine, plan.name);
        if (result.code !== 0 || left.length)
            throw new UserError(
                `The kind cluster ${plan.name} could not be removed (${lastWords(result)}): run KIND_EXPERIMENTAL_PROVIDER=${plan.provider} kind delete cluster --name ${plan.name}, then try again.`,
            );
    });
}

/** Removes the cluster of this id with its files and, if it was made for it, its network. Another of the same name stays. */
export async function removeCluster(plan: KindPlan, id: string, work: Work): Promise<void> {
    const { engine, progress } = work;
    const marker = await readMarker(plan.kubeconfig);
    if (marker?.id !== id) {
        if (marker) progress.log(`The kind cluster ${plan.name} is another one by now: it is left alone.`);
        return;
    }
    await engine.require();
    const found = await nodesOf(engine, plan.name);
    const ours = found.filter((node) => marker.nodes?.includes(node.id) ?? true);
    if (ours.length < found.length)
        progress.log(`The kind cluster ${plan.name} has nodes that this stack did not make: they are left alone.`);
    if (ours.length && ours.length === found.length) await removeNodes(plan, ours, work);
    else await removeContainers(ours, work);
    // It goes only when nobody else is on it: both engines refuse otherwise.
    if (marker.ownNetwork !== undefined) await engine.try(["network", "rm", marker.ownNetwork]);
    await removeFiles(plan.kubeconfig);
}
