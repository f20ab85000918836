/**
 * `npm run bench -- kind [docker|podman]`: the stack `dev` on kind, to the tool call and back to nothing, each beside what
 * kind alone takes in the same run for the same number of nodes. Everything is built before; the engine is the measurement's own.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../embedded/common/errors.ts";
import { consoleProgress, during, type Progress } from "../../embedded/common/progress.ts";
import { buildNodeImage, nodeImageReference } from "../../embedded/kind/index.ts";
import { devStack, type DevStack } from "../kind/dev-stack.ts";
import type { Engine } from "../kind/engines.ts";
import { compare, print } from "./table.ts";

const RUNS = 3;
const WORKERS = 1;

/** @throws UserError when there is no engine or something is not built */
export async function benchKind([provider = "docker", ...more]: readonly string[]): Promise<number> {
    if ((provider !== "docker" && provider !== "podman") || more.length)
        throw new UserError(`npm run bench -- kind takes docker or podman, and got ${[provider, ...more].join(" ")}.`);
    const progress = consoleProgress();
    await buildNodeImage(progress);
    const made = await during(progress, `starting ${provider}`, 15, () => devStack(provider, WORKERS));
    if (typeof made === "string") throw new UserError(`The stack dev cannot be measured under ${provider}: ${made}.`);
    const seconds = { create: [] as number[], remove: [] as number[], up: [] as number[], again: [] as number[], destroy: [] as number[] };
    try {
        for (let i = 1; i <= RUNS; i++) {
            const label = (what: string): string => `${what}, ${i} of ${RUNS}`;
            const floor = await bareCluster(made.engine, progress, label);
            seconds.create.push(floor.create);
            seconds.remove.push(floor.remove);
            seconds.up.push(await timed(progress, label("up to the tool call"), made, "up"));
            seconds.again.push(await timed(progress, label("up without changes"), made, "up"));
            seconds.destroy.push(await timed(progress, label("destroy"), made, "destroy"));
        }
    } finally {
        await made.engine.remove();
    }
    print([
        compare(`up under ${provider}, to the tool call`, seconds.up, "kind create cluster", seconds.create, "≤ 90 s"),
        compare("up without changes, to the tool call", seconds.again, "kind create cluster", seconds.create, ""),
        compare("destroy", seconds.destroy, "kind delete cluster", seconds.remove, "≤ 15 s"),
    ]);
    return 0;
}

/** A cluster of as many nodes by kind alone, until its nodes are Ready. */
async function bareCluster(
    { folder, succeed }: Engine,
    progress: Progress,
    label: (what: string) => string,
): Promise<{ readonly create: number; readonly remove: number }> {
    const config = join(folder, "bare.json");
    const nodes = [{ role: "control-plane" }, ...Array.from({ length: WORKERS }, () => ({ role: "worker" }))];
    await writeFile(config, JSON.stringify({ kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", name: "bare", nodes }));
    const image = await nodeImageReference();
    const kind = async (what: string, ...args: string[]): Promise<number> => {
        const begun = performance.now();
        await during(progress, label(what), undefined, () => succeed("kind", ...args));
        return (performance.now() - begun) / 1000;
    };
    const create = await kind("floor: kind create cluster", "create", "cluster", "--config", config, "--image", image, "--wait", "120s");
    return { create, remove: await kind("floor: kind delete cluster", "delete", "cluster", "--name", "bare") };
}

async function timed(progress: Progress, label: string, { stack }: DevStack, command: "up" | "destroy"): Promise<number> {
    return during(progress, label, undefined, async () => {
        const { code, seconds, stdout, stderr } = await stack(command);
        if (code === 0) return seconds;
        throw new Error(`ended with status ${code}:\n${(stdout + stderr).trim().split("\n").slice(-15).join("\n")}`);
    });
}
