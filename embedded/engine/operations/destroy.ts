import { Deployment } from "../deployment/deployment.ts";
import { removeRest } from "../deployment/remove.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";

/** Deletes every object of the stack, what depends on others first. */
export async function destroy(run: EngineRun, options: { readonly preview: boolean }): Promise<OperationResult> {
    const deployment = new Deployment(run, options.preview);
    return await conduct(deployment, () => removeRest(deployment));
}
