import type { EngineRun, OperationResult } from "../run.ts";

/** Reads every object of the stack and takes what it finds into the state. */
export async function refresh(_run: EngineRun, _options: { readonly preview: boolean }): Promise<OperationResult> {
    throw new Error("not built yet");
}
