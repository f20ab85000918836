import { Deployment } from "../deployment/deployment.ts";
import { resolvePending } from "../deployment/pending.ts";
import { needsHooks } from "../deployment/passive.ts";
import { removeRest } from "../deployment/remove.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";
import { passively } from "./passively.ts";
import { targetsExist } from "./targets.ts";

export interface DestroyOptions {
    readonly preview: boolean;
    /** Runs the program for the settings of its providers and for its hooks. Default false. */
    readonly runProgram?: boolean;
}

/** Deletes every object of the stack, what depends on others first. */
export async function destroy(run: EngineRun, { preview, runProgram = false }: DestroyOptions): Promise<OperationResult> {
    const deployment = new Deployment(run, preview, runProgram || undefined);
    return await conduct(deployment, async () => {
        if (!targetsExist(deployment, ["--target"])) return;
        await resolvePending(deployment);
        if (!runProgram) {
            if (!needsHooks(deployment)) await removeRest(deployment);
            return;
        }
        await passively(deployment, () => removeRest(deployment));
    });
}
