/** Update plans: what a preview decided is written down (`--save-plan`), and an update is held to it (`--plan`). */
export { holdsSecrets, readPlan, writePlan } from "./file.ts";
export type { PlanGate, PlannedStep } from "./gate.ts";
export { PlanKeeper } from "./keep.ts";
export { PlanRecorder } from "./record.ts";
