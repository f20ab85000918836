/** `--save-plan` and `--plan`: the file of an update plan, written after a preview or kept to by an update. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, UserError } from "../../common/errors.ts";
import { holdsSecrets, PlanKeeper, PlanRecorder, readPlan, writePlan } from "../plan/index.ts";
import { writeWhole } from "../state/backend-files.ts";
import type { StoredValue } from "../state/types.ts";
import type { OperationContext } from "./operation.ts";

/** The plan of an operation: what its runs are recorded in or held to. */
export interface Planning {
    /** A gate for one run: none without `--save-plan` and `--plan`. */
    gate(): PlanRecorder | PlanKeeper | undefined;
    /** Writes what the last run recorded. Call it only after a run that succeeded. */
    save(): Promise<void>;
}

/** @throws UserError when the file of `--plan` cannot be used */
export async function openPlanning(context: OperationContext): Promise<Planning> {
    const { options, workspace, target, stack, terminal } = context;
    const source = options.plan;
    const file = options["save-plan"];
    const { project, stack: name } = target.reference;
    if (source !== undefined) {
        const path = resolve(workspace.cwd, source);
        const text = await readFile(path, "utf8").catch((error: unknown) => {
            const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
            throw new UserError(
                `The update plan ${source} (--plan) ${missing ? "does not exist" : `cannot be read: ${messageOf(error)}`}.`,
            );
        });
        // Each run counts anew what has come of the plan.
        const plan = readPlan(text, source, `urn:pulumi:${name}::${project}::`, keyOf(context));
        return { gate: () => new PlanKeeper(plan, source), save: async () => {} };
    }
    let recorder: PlanRecorder | undefined;
    return {
        gate: () => (recorder = file === undefined ? undefined : new PlanRecorder()),
        async save() {
            if (!recorder || file === undefined) return;
            if (holdsSecrets(recorder.plan) && stack.secrets?.stored !== true) {
                throw new UserError(
                    `The plan holds secrets, but the stack ${name} has nothing to encrypt them with yet: run "stack init ${name}" or a first "up" before --save-plan.`,
                );
            }
            const config = target.settings.config as Record<string, StoredValue>;
            await writeWhole(resolve(workspace.cwd, file), writePlan(recorder.plan, config, keyOf(context)));
            terminal.say(`Update plan written to ${file}. Run "up --plan ${file}" to hold the update to it.`);
        },
    };
}

function keyOf({ stack }: OperationContext): NonNullable<OperationContext["stack"]["secrets"]>["manager"] {
    if (!stack.secrets) throw new Error("a plan needs the stack's secrets to be open");
    return stack.secrets.manager;
}
