/** `--save-plan`, `--plan` and `--strict`: the update plan that a preview writes down and an update keeps to. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, UserError } from "../../common/errors.ts";
import { holdsSecrets, PlanKeeper, PlanRecorder, readPlan, writePlan, type Plan, type PlanGate } from "../plan/index.ts";
import { writeWhole } from "../state/backend-files.ts";
import type { Crypter } from "../state/secrets.ts";
import type { StoredValue } from "../state/types.ts";
import type { OperationContext } from "./operation.ts";
import type { Options } from "./options.ts";

/** The plan of an operation: what its runs are recorded in or held to. */
export interface Planning {
    /** A gate for one run: none without `--save-plan`, `--plan` and `--strict`. */
    gate(preview: boolean): PlanGate | undefined;
    /** Writes what the preview recorded. Call it only after one that succeeded. */
    save(): Promise<void>;
}

/** The text of the file of `--plan`; undefined without it. @throws UserError when it cannot be read, or options exclude each other */
export async function readPlanFile(options: Options, cwd: string): Promise<string | undefined> {
    if (options.strict && options["skip-preview"])
        throw new UserError("--strict cannot be used with --skip-preview: the update is held to what its preview decided.");
    const source = options.plan;
    if (source === undefined) return undefined;
    return await readFile(resolve(cwd, source), "utf8").catch((error: unknown) => {
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        throw new UserError(`The update plan ${source} (--plan) ${missing ? "does not exist" : `cannot be read: ${messageOf(error)}`}.`);
    });
}

/** @throws UserError when the file of `--plan` cannot be used */
export async function openPlanning(context: OperationContext): Promise<Planning> {
    const { options, workspace, target } = context;
    const { plan: source = "", strict = false, "save-plan": file } = options;
    const text = await readPlanFile(options, workspace.cwd);
    if (text !== undefined) {
        const { project, stack } = target.reference;
        const plan = readPlan(text, source, `urn:pulumi:${stack}::${project}::`, keyOf(context));
        // Each run counts anew what has come of the plan.
        return { gate: () => new PlanKeeper(plan, source), save: async () => {} };
    }
    let recorder: PlanRecorder | undefined;
    return {
        gate(preview) {
            if (preview) return (recorder = strict || file !== undefined ? new PlanRecorder() : undefined);
            return recorder && new PlanKeeper(recorder.plan, "the preview");
        },
        async save() {
            if (recorder && file !== undefined) await savePlan(context, recorder.plan, file);
        },
    };
}

async function savePlan(context: OperationContext, plan: Plan, file: string): Promise<void> {
    const { workspace, target, stack, terminal } = context;
    const name = target.reference.stack;
    if (holdsSecrets(plan) && stack.secrets?.stored !== true) {
        throw new UserError(
            `The plan holds secrets, but the stack ${name} has nothing to encrypt them with yet: run "stack init ${name}" or a first "up" before --save-plan.`,
        );
    }
    const config = target.settings.config as Record<string, StoredValue>;
    await writeWhole(resolve(workspace.cwd, file), writePlan(plan, config, keyOf(context)));
    terminal.say(`Update plan written to ${file}. Run "up --plan ${file}" to hold the update to it.`);
}

function keyOf({ stack }: OperationContext): Crypter {
    if (!stack.secrets) throw new Error("a plan needs the stack's secrets to be open");
    return stack.secrets.manager;
}
