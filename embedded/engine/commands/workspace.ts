/** Where a command works: the project, its backend, and the stack it is about. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../common/errors.ts";
import { stateRoot } from "../../common/paths.ts";
import { readProject, type Project } from "../config/project.ts";
import { readSettings, settingsFile, stacksWithSettings, type StackSettings } from "../config/settings.ts";
import { writeWhole } from "../state/backend-files.ts";
import { ORGANIZATION, type Backend, type StackReference } from "../state/backend.ts";
import { openBackend } from "../state/open.ts";
import { nearest } from "./arguments.ts";
import type { Options } from "./options.ts";

export interface Workspace {
    readonly cwd: string;
    readonly project: Project;
    readonly backend: Backend;
}

export interface Target {
    readonly reference: StackReference;
    readonly settings: StackSettings;
    /** Whether the backend knows the stack. */
    readonly exists: boolean;
}

const STACK_NAME = /^(?!\.+$)[A-Za-z0-9_.-]{1,100}$/;

export async function openWorkspace(options: Options): Promise<Workspace> {
    const cwd = resolve(options.cwd ?? ".");
    const project = await readProject(cwd);
    return { cwd, project, backend: await openBackend(backendUrl(project), project.root) };
}

/** The URL of the project's backend, as it was given. */
export function backendUrl({ backendUrl: url }: Project): string {
    return process.env["PULUMI_BACKEND_URL"] || (process.env["MCP_PLATFORM_STATE"] ? undefined : url) || `file://${stateRoot()}`;
}

/** Finds the stack a command is about and reads its settings. It may not exist yet in the backend. */
export async function findTarget(workspace: Workspace, options: Options): Promise<Target> {
    const name = await stackName(workspace, options);
    const reference = { project: workspace.project.name, stack: name };
    const file = settingsFile(workspace.project, name, options["config-file"], workspace.cwd);
    const [settings, exists] = await Promise.all([readSettings(workspace.project, file), workspace.backend.exists(reference)]);
    if (!settings.exists && options["config-file"] !== undefined)
        throw new UserError(`The settings file ${file} (--config-file) does not exist.`);
    if (!exists && !settings.exists) throw await unknownStack(workspace, name);
    return { reference, settings, exists };
}

/** The settings of the stack a command is about; its state is only looked for when there are none. */
export async function findSettings(workspace: Workspace, options: Options): Promise<StackSettings> {
    const name = await stackName(workspace, options);
    const settings = await readSettings(workspace.project, settingsFile(workspace.project, name, options["config-file"], workspace.cwd));
    return settings.exists ? settings : (await findTarget(workspace, options)).settings;
}

/** The name alone, checked; from --stack, $PULUMI_STACK, the selection, or because there is only one. */
async function stackName(workspace: Workspace, options: Options): Promise<string> {
    const given = options.stack ?? process.env["PULUMI_STACK"];
    if (given) return parseStackName(given, workspace.project.name);
    const selected = await readSelection(workspace);
    if (selected !== undefined) return selected;
    const existing = await workspace.backend.stacks(workspace.project.name);
    const candidates = existing.length ? existing : await stacksWithSettings(workspace.project);
    const [only, ...others] = candidates;
    if (only !== undefined && !others.length) return only;
    const all = [...new Set([...existing, ...(await stacksWithSettings(workspace.project))])].toSorted();
    throw new UserError(
        `No stack is selected: name one with --stack${all.length ? `. There are: ${all.join(", ")}` : `; there is none yet, so write Pulumi.<stack>.yaml or run "stack init <stack>" first`}.`,
    );
}

/** `STACK`, `organization/STACK` or `organization/PROJECT/STACK`. */
export function parseStackName(given: string, project: string): string {
    const parts = given.split("/");
    const name = parts.at(-1) ?? "";
    if (parts.length > 3 || !STACK_NAME.test(name))
        throw new UserError(`"${given}" is no name of a stack: use letters, digits, "-", "_" and ".", at most 100.`);
    if (parts.length > 1 && parts[0] !== ORGANIZATION)
        throw new UserError(`A file backend has one organization, "${ORGANIZATION}"; found "${parts[0]}" in --stack ${given}.`);
    if (parts.length === 3 && parts[1] !== project)
        throw new UserError(
            `The stack ${given} belongs to the project "${parts[1]}", but this folder's Pulumi.yaml is that of "${project}".`,
        );
    return name;
}

async function unknownStack({ project, backend }: Workspace, name: string): Promise<UserError> {
    const settings = await stacksWithSettings(project);
    const all = [...new Set([...settings, ...(await backend.stacks(project.name))])].toSorted();
    const near = nearest(name, all);
    const have = settings.length
        ? `Stacks with a settings file: ${settings.join(", ")}.`
        : `No stack has a settings file in ${project.settingsFolder}.`;
    return new UserError(
        `There is no stack "${name}". ${have}${near ? ` Did you mean ${near}?` : ""} To make it, write Pulumi.${name}.yaml, or run "stack init ${name}".`,
    );
}

const selectionFile = (): string => join(stateRoot(), "workspace.json");

async function readSelection({ project }: Workspace): Promise<string | undefined> {
    try {
        const selected = (JSON.parse(await readFile(selectionFile(), "utf8")) as Partial<Record<string, string>>)[project.name];
        return typeof selected === "string" && STACK_NAME.test(selected) ? selected : undefined;
    } catch {
        return undefined;
    }
}

/** Makes a stack the one that commands without --stack are about. */
export async function writeSelection({ project }: Workspace, stack: string): Promise<void> {
    await changeSelection((others) => ({ ...others, [project.name]: stack }));
}

/** Forgets that a stack is selected; another one stays so. */
export async function clearSelection(workspace: Workspace, stack: string): Promise<void> {
    if ((await readSelection(workspace)) !== stack) return;
    await changeSelection((selected) => Object.fromEntries(Object.entries(selected).filter(([name]) => name !== workspace.project.name)));
}

async function changeSelection(change: (selected: Record<string, string>) => Record<string, string>): Promise<void> {
    const selected = await readFile(selectionFile(), "utf8").then(
        (text) => JSON.parse(text) as Record<string, string>,
        () => ({}),
    );
    await writeWhole(selectionFile(), `${JSON.stringify(change(selected), undefined, 2)}\n`);
}

export { readSelection };
