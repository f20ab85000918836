import { Deployment } from "../deployment/deployment.ts";
import { resolvePending } from "../deployment/pending.ts";
import { refreshAll } from "../deployment/refresh.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";
import { targetsExist } from "./targets.ts";

/** Reads every object of the stack and takes what it finds into the state: changed outputs, and objects that are gone. */
export async function refresh(run: EngineRun, options: { readonly preview: boolean }): Promise<OperationResult> {
    const deployment = new Deployment(run, options.preview);
    return await conduct(deployment, async () => {
        if (!targetsExist(deployment, ["--target", "--exclude"])) return;
        await resolvePending(deployment);
        await refreshAll(deployment);
    });
}
