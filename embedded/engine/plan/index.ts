/** Update plans: what a preview decided is written down (`--save-plan`), and an update is held to it (`--plan`, `--strict`). */
export { holdsSecrets, readPlan, writePlan } from "./file.ts";
export type { PlanGate } from "./gate.ts";
export type { Plan } from "./plan.ts";
export { PlanKeeper } from "./keep.ts";
export { PlanRecorder } from "./record.ts";
