import { Deployment } from "../deployment/deployment.ts";
import { resolvePending } from "../deployment/pending.ts";
import { refreshAll } from "../deployment/refresh.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { conduct } from "./finish.ts";
import { passively } from "./passively.ts";
import { targetsExist } from "./targets.ts";

export interface RefreshOptions {
    readonly preview: boolean;
    /** Runs the program for the settings of its providers. Default false. */
    readonly runProgram?: boolean;
}

/** Reads every object of the stack and takes what it finds into the state: changed outputs, and objects that are gone. */
export async function refresh(run: EngineRun, { preview, runProgram = false }: RefreshOptions): Promise<OperationResult> {
    const deployment = new Deployment(run, preview, runProgram || undefined);
    return await conduct(deployment, async () => {
        if (!targetsExist(deployment, ["--target", "--exclude"])) return;
        await resolvePending(deployment);
        if (runProgram) await passively(deployment, () => refreshAll(deployment));
        else await refreshAll(deployment);
    });
}
