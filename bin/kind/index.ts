/**
 * What the program of a kind stack runs on this machine: `kind-cluster PLAN create|delete` and `kind-registry PLAN
 * create|delete`. The plan is JSON; the stack's own name for the cluster comes in the environment.
 */
import { UserError } from "../../embedded/common/errors.ts";
import { consoleProgress } from "../../embedded/common/progress.ts";
import type { KindPlan } from "../../components/kind/plan.ts";
import { ensureCluster, removeCluster, type Work } from "./cluster.ts";
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
    const work = { engine: new ContainerEngine(plan.provider, interrupt.signal), progress: consoleProgress(), signal: interrupt.signal };
    try {
        if (command === "cluster") await onCluster(plan, id, action, work);
        else if (plan.registry) await (action === "create" ? ensureRegistry : removeRegistry)(plan.registry, id, work);
        return 0;
    } catch (error) {
        if (!interrupt.signal.aborted) throw error;
        throw new UserError(
            `Interrupted. The next ${action === "create" ? "update" : "destroy"} goes on with the kind cluster ${plan.name}.`,
            { cause: error },
        );
    }
}

async function onCluster(plan: KindPlan, id: string, action: "create" | "delete", rest: Omit<Work, "kind">): Promise<void> {
    await rest.engine.require(); // before anything is built
    const work = { ...rest, kind: await findKind(plan.provider, rest.progress, rest.signal) };
    if (action === "delete") return await removeCluster(plan, id, work);
    console.log(JSON.stringify(await ensureCluster(plan, id, work)));
}
