import type { EngineRun, OperationResult } from "../run.ts";

/** Runs the program and says what an update would do. */
export async function preview(_run: EngineRun): Promise<OperationResult> {
    throw new Error("not built yet");
}

/** Runs the program and makes the stack what it asks for. */
export async function update(_run: EngineRun): Promise<OperationResult> {
    throw new Error("not built yet");
}
