import { Deployment } from "../deployment/deployment.ts";
import { stackGoverned } from "../deployment/governed.ts";
import { resolvePending } from "../deployment/pending.ts";
import { removeRest } from "../deployment/remove.ts";
import { hostProgram } from "../host/session.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";

/** Runs the program and says what an update would do. */
export async function preview(run: EngineRun): Promise<OperationResult> {
    return await converge(new Deployment(run, true));
}

/** Runs the program and makes the stack what it asks for. */
export async function update(run: EngineRun): Promise<OperationResult> {
    return await converge(new Deployment(run, false));
}

async function converge(deployment: Deployment): Promise<OperationResult> {
    return await conduct(deployment, async () => {
        await resolvePending(deployment);
        await hostProgram(deployment, async () => {
            if (deployment.canceled || !(await stackGoverned(deployment))) return;
            deployment.run.plan?.complete();
            // What a failed program did not ask for may still be wanted.
            if (!deployment.reporter.failed) await removeRest(deployment);
        });
    });
}
