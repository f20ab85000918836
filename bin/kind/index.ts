/**
 * What the program of a kind stack runs on this machine: `kind-cluster PLAN create|delete` and `kind-registry PLAN
 * create|delete`. The plan is JSON; the stack's own name for the cluster comes in the environment.
 */
import { UserError } from "../../embedded/common/errors.ts";
import { consoleProgress } from "../../embedded/common/progress.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { ensureCluster, removeCluster } from "./cluster.ts";
import { ContainerEngine } from "./engine.ts";
import { findKind } from "./program.ts";
import { ensureRegistry, removeRegistry } from "./registry.ts";

/** Runs one of the two commands. What the program reads goes to standard output, everything else to standard error. */
export async function main(command: "cluster" | "registry", args: readonly string[]): Promise<number> {
    const [text = "", action] = args;
    const id = process.env["MCP_PLATFORM_KIND_ID"];
    if (!text.startsWith("{") || !id || (action !== "create" && action !== "delete"))
        throw new UserError(
            `kind-${command} is run by the program of a stack whose topology is kind: use npm run up -- --stack dev and npm run destroy -- --stack dev.`,
        );
    const plan = JSON.parse(text) as KindPlan;
    const interrupt = new AbortController();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => interrupt.abort());
    const { signal } = interrupt;
    const progress = consoleProgress();
    const engine = new ContainerEngine(plan.provider, signal);
    if (command === "registry") {
        if (!plan.registry) throw new UserError(`The plan of the kind cluster ${plan.name} has no registry.`);
        await (action === "create" ? ensureRegistry : removeRegistry)(plan.registry, id, { engine, progress, signal });
        return 0;
    }
    const work = { engine, kind: await findKind(plan.provider, progress, signal), progress, signal };
    if (action === "delete") await removeCluster(plan, id, work);
    else console.log(JSON.stringify(await ensureCluster(plan, id, work)));
    return 0;
}
