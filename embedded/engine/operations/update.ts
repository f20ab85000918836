import { Deployment } from "../deployment/deployment.ts";
import { concludePolicies, stackGoverned } from "../deployment/governed.ts";
import { keepStackOutputs } from "../deployment/outputs.ts";
import { resolvePending } from "../deployment/pending.ts";
import { refreshAll } from "../deployment/refresh.ts";
import { removeRest } from "../deployment/remove.ts";
import { hostProgram } from "../host/session.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";
import { targetsExist } from "./targets.ts";

/** Runs a program against a deployment, and `finish` once the program has registered all it wants. */
export type Host = (deployment: Deployment, finish: () => Promise<void>) => Promise<void>;

/** Runs the program and says what an update would do. */
export async function preview(run: EngineRun): Promise<OperationResult> {
    return await converge(new Deployment(run, true), hostProgram);
}

/** Runs the program and makes the stack what it asks for. */
export async function update(run: EngineRun): Promise<OperationResult> {
    return await converge(new Deployment(run, false), hostProgram);
}

/** Has a program say what it wants, and brings the stack there. */
export async function converge(deployment: Deployment, host: Host): Promise<OperationResult> {
    return await conduct(deployment, async () => {
        await resolvePending(deployment);
        await refreshAll(deployment, (state) => state.refreshBeforeUpdate === true);
        await host(deployment, async () => {
            if (deployment.canceled || !targetsExist(deployment, ["--target"]) || !(await stackGoverned(deployment))) return;
            // What a failed program did not ask for may still be wanted.
            if (deployment.reporter.failed) return;
            deployment.run.plan?.complete();
            await removeRest(deployment);
        });
        await keepStackOutputs(deployment);
        concludePolicies(deployment);
    });
}
