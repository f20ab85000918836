/** `preview`, `up`, `refresh` and `destroy`: lock, show, ask, run, store, tell. */
import { messageOf, UserError } from "../../common/errors.ts";
import { Redactor } from "../redact.ts";
import { lockStack } from "../state/lock.ts";
import { catchInterrupts } from "./interrupt.ts";
import { Operation, type Importing, type Kind } from "./operation.ts";
import { agreed, checkColor, parallelOf, scopeOf, type Options } from "./options.ts";
import { readPlanFile } from "./plans.ts";
import { checkPacks, packsOf } from "./policies.ts";
import { openStack, type OpenedStack } from "./stack-state.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace, type Target } from "./workspace.ts";

const COMMAND: Readonly<Record<Kind, string>> = {
    preview: "preview",
    update: "up",
    refresh: "refresh",
    destroy: "destroy",
    import: "import",
};

/** An operation of a command line, answered with its exit code. */
export async function operate(kind: Kind, options: Options, importing?: (target: Target) => Promise<Importing>): Promise<number> {
    checkColor(options);
    const terminal = openTerminal(options);
    const previewOnly = kind === "preview" || options["preview-only"] === true;
    if (!previewOnly && !terminal.interactive && !agreed(options)) {
        const only = kind === "update" ? "" : " or --preview-only";
        throw new UserError(`--yes or --skip-preview${only} must be passed in to proceed when running in non-interactive mode`);
    }
    parallelOf(options);
    scopeOf(options);
    packsOf(options);
    // Loading the engine takes longer than reading the settings: both at once.
    const engine = import("../index.ts");
    engine.catch(() => {});

    const workspace = await openWorkspace(options);
    const target = await findTarget(workspace, options);
    if (!target.exists && kind !== "preview" && kind !== "update" && kind !== "import") {
        throw new UserError(`The stack ${target.reference.stack} has no state yet: there is nothing to ${kind}. Run "up" first.`);
    }
    const imported = await importing?.(target);
    await checkPacks(options, workspace.cwd);
    await readPlanFile(options, workspace.cwd);
    const interrupt = catchInterrupts(terminal.say);
    const redactor = new Redactor(options["show-secrets"]);
    const lock = previewOnly ? undefined : await lockStack(workspace.backend, target.reference, COMMAND[kind], terminal.say);
    try {
        if (!target.exists) {
            terminal.say(
                `The stack ${target.reference.stack} has no state yet${previewOnly ? ": this is what its first update would make" : " and is created"} (${workspace.backend.url}).`,
            );
            if (!previewOnly) await workspace.backend.create(target.reference);
        }
        const stack = await openStack(workspace, target, !previewOnly || options["save-plan"] !== undefined, terminal.say);
        learn(redactor, stack);
        const { signal } = interrupt;
        return await new Operation({
            kind,
            importing: imported,
            options,
            workspace,
            target,
            stack,
            terminal,
            redactor,
            signal,
            engine: await engine,
        }).run(previewOnly);
    } catch (error) {
        // The original error is not kept: its text may hold what was taken out.
        const text = redactor.clean(messageOf(error));
        // oxlint-disable-next-line preserve-caught-error
        throw error instanceof UserError
            ? new UserError(text)
            : Object.assign(new Error(text), { stack: redactor.clean((error as Error).stack ?? text) });
    } finally {
        await lock?.release();
        interrupt.release();
    }
}

function learn(redactor: Redactor, stack: OpenedStack): void {
    for (const key of stack.config.secretKeys) redactor.add(stack.config.values[key] ?? "");
    for (const { inputs, outputs } of stack.snapshot.resources) {
        redactor.learn(inputs);
        redactor.learn(outputs);
    }
}
