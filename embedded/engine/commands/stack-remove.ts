/** `stack rm`: forgets a stack that has nothing any more. */
import { rm } from "node:fs/promises";
import { UserError } from "../../common/errors.ts";
import { lockStack } from "../state/lock.ts";
import { agreed, type Options } from "./options.ts";
import { askText, openTerminal } from "./terminal.ts";
import { clearSelection, findTarget, openWorkspace } from "./workspace.ts";

export async function stackRemove(options: Options, given: string | undefined): Promise<number> {
    if (given !== undefined && options.stack !== undefined)
        throw new UserError("The stack is named twice, as an argument and with --stack: name it once.");
    const terminal = openTerminal(options);
    const workspace = await openWorkspace(options);
    const { backend } = workspace;
    const { reference, settings, exists } = await findTarget(workspace, given === undefined ? options : { ...options, stack: given });
    const { stack } = reference;
    if (!exists) throw new UserError(`The stack ${stack} has no state: there is nothing to remove but its settings file ${settings.file}.`);
    if (!agreed(options)) {
        if (!terminal.interactive) throw new UserError("--yes must be passed in to proceed when running in non-interactive mode");
        terminal.say(`This will permanently remove the '${stack}' stack!`);
        if ((await askText(`Please confirm that this is what you'd like to do by typing "${stack}"`, false)).trim() !== stack) {
            terminal.say("confirmation declined");
            return 1;
        }
    }
    const lock = await lockStack(backend, reference, "stack rm", terminal.say);
    try {
        // A state that cannot be read may still be given up.
        const left = options.force ? 0 : ((await backend.read(reference))?.checkpoint.latest?.resources?.length ?? 0);
        if (left) {
            throw new UserError(
                `The stack ${stack} still has ${left} resources: run "destroy" first. With --force it is removed all the same, and the resources are left behind.`,
            );
        }
        await backend.removeStack(reference, options["remove-backups"] === true);
    } finally {
        await lock.release();
    }
    if (!options["preserve-config"] && settings.exists) {
        await rm(settings.file, { force: true });
        terminal.say(`Removed ${settings.file}.`);
    }
    await clearSelection(workspace, stack);
    terminal.screen.write(`Stack '${stack}' has been removed!\n`);
    return 0;
}
