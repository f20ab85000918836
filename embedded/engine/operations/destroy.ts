import type { EngineRun, OperationResult } from "../run.ts";

/** Deletes every object of the stack. */
export async function destroy(_run: EngineRun, _options: { readonly preview: boolean }): Promise<OperationResult> {
    throw new Error("not built yet");
}
