/** `stack ls`, `stack init`, `stack select` and `cancel`. */
import { UserError } from "../../common/errors.ts";
import { newSecrets } from "../config/passphrase.ts";
import { readSettings, settingsFile, stacksWithSettings, writeSalt } from "../config/settings.ts";
import { goJson } from "../state/json.ts";
import { holderOf, isDead, locksOf, lockStack } from "../state/lock.ts";
import type { Options } from "./options.ts";
import { ask, openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace, parseStackName, readSelection, writeSelection } from "./workspace.ts";

export async function stackList(options: Options): Promise<number> {
    const { screen } = openTerminal(options);
    const workspace = await openWorkspace(options);
    const { backend, project } = workspace;
    const existing = await backend.stacks(project.name);
    const current = await readSelection(workspace);
    const names = [...new Set([...existing, ...(await stacksWithSettings(project))])].toSorted();
    const stacks = await Promise.all(
        names.map(async (stack) => {
            const reference = { project: project.name, stack };
            const exists = existing.includes(stack);
            const resources = exists
                ? await backend.read(reference).then(
                      (c) => c?.checkpoint.latest?.resources?.length,
                      () => undefined,
                  )
                : undefined;
            const busy = (await locksOf(backend, reference)).some(({ content }) => !content || !isDead(content));
            const updated = exists ? await backend.modified(reference) : undefined;
            return { name: stack, current: stack === current, exists, resources, updated, busy };
        }),
    );
    if (options.json) {
        const list = stacks.map(({ name, current, updated, resources, busy }) => ({
            name,
            current,
            ...(updated && { lastUpdate: updated.toISOString() }),
            updateInProgress: busy,
            ...(resources !== undefined && { resourceCount: resources }),
        }));
        screen.write(`${goJson(list, "  ")}\n`);
        return 0;
    }
    const rows = [
        ["NAME", "LAST UPDATE", "RESOURCE COUNT"],
        ...stacks.map((s) => [
            `${s.name}${s.current ? "*" : ""}`,
            s.updated?.toISOString().replace(/\.\d+Z$/, "Z") ?? "no state yet",
            s.resources === undefined ? "" : String(s.resources),
        ]),
    ];
    const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
    for (const [name = "", updated = "", resources = ""] of rows)
        screen.write(`${name.padEnd(widths[0] ?? 0)}  ${updated.padEnd(widths[1] ?? 0)}  ${resources}`.trimEnd() + "\n");
    return 0;
}

export async function stackInit(options: Options, given: string | undefined): Promise<number> {
    const { say } = openTerminal(options);
    const name = given ?? options.stack;
    if (name === undefined) throw new UserError(`"stack init" needs the name of the new stack: stack init <name>.`);
    const workspace = await openWorkspace(options);
    const { project, backend } = workspace;
    const reference = { project: project.name, stack: parseStackName(name, project.name) };
    const lock = await lockStack(backend, reference, "stack init", say);
    try {
        if (await backend.exists(reference)) throw new UserError(`stack '${reference.stack}' already exists`);
        const settings = await readSettings(project, settingsFile(project, reference.stack, options["config-file"], workspace.cwd));
        if (settings.encryptionSalt === undefined) await writeSalt(settings.file, (await newSecrets()).provider.state.salt);
        await backend.create(reference);
    } finally {
        await lock.release();
    }
    await writeSelection(workspace, reference.stack);
    say(`Created stack '${reference.stack}'`);
    return 0;
}

export async function stackSelect(options: Options, given: string | undefined): Promise<number> {
    const name = given ?? options.stack;
    if (name === undefined) throw new UserError(`"stack select" needs the name of a stack: stack select <name>.`);
    const workspace = await openWorkspace(options);
    const stack = parseStackName(name, workspace.project.name);
    if (options.create && !(await workspace.backend.exists({ project: workspace.project.name, stack }))) return stackInit(options, stack);
    const target = await findTarget(workspace, { ...options, stack });
    await writeSelection(workspace, target.reference.stack);
    return 0;
}

/** Removes the locks of a stack. What holds them is not ended: it has to be dead, or to be ended by its user. */
export async function cancel(options: Options, given: string | undefined): Promise<number> {
    const terminal = openTerminal(options);
    const workspace = await openWorkspace(options);
    const { reference } = await findTarget(workspace, given === undefined ? options : { ...options, stack: given });
    const locks = await locksOf(workspace.backend, reference);
    if (!locks.length) {
        terminal.say(`The stack ${reference.stack} is not locked.`);
        return 0;
    }
    for (const { content } of locks) terminal.say(`The stack ${reference.stack} is locked by ${holderOf(content)}.`);
    if (!options.yes) {
        if (!terminal.interactive) throw new UserError("--yes must be passed in to remove a lock when running in non-interactive mode");
        const answer = await ask(
            "This removes the lock, but does not end the command that holds it. Remove it?",
            ["yes", "no"] as const,
            AbortSignal.any([]),
        );
        if (answer !== "yes") return 1;
    }
    for (const { file } of locks) await workspace.backend.storage.remove(file);
    terminal.say(`The currently running update for '${reference.stack}' has been canceled!`);
    return 0;
}
