import { Deployment } from "../deployment/deployment.ts";
import { resolvePending } from "../deployment/pending.ts";
import { removeRest } from "../deployment/remove.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";
import { targetsExist } from "./targets.ts";

/** Deletes every object of the stack, what depends on others first. */
export async function destroy(run: EngineRun, options: { readonly preview: boolean }): Promise<OperationResult> {
    const deployment = new Deployment(run, options.preview);
    return await conduct(deployment, async () => {
        if (!targetsExist(deployment, ["--target"])) return;
        await resolvePending(deployment);
        await removeRest(deployment);
    });
}
