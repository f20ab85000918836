/**
 * The embedded engine: hosts a Pulumi program and makes the world what it asks for.
 * `host` talks to the program, `steps` decides and executes, `state` remembers, `operations` puts them together.
 */
export type { EngineEvent, EventSink, Severity, StepMetadata, StepOp, StepState } from "./events.ts";
export { destroy } from "./operations/destroy.ts";
export { importResources, type ImportRequest } from "./operations/import.ts";
export { refresh } from "./operations/refresh.ts";
export { preview, update } from "./operations/update.ts";
export type { ProviderTable, ResourceProvider } from "./provider.ts";
export type { EngineRun, OperationResult, ProjectOfRun } from "./run.ts";
export { emptySnapshot } from "./state/snapshot.ts";
export type { CustomTimeouts, PendingOperation, PendingOperationType, ResourceState, Snapshot } from "./state/snapshot.ts";
