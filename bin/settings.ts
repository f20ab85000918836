/** A stack's settings, read before anything is built or changed: mistakes are cheap to say early, and all at once. */
import { resolve } from "node:path";
import { findSettings, openWorkspace } from "../embedded/engine/commands/workspace.ts";
import { openSecrets } from "../embedded/engine/config/passphrase.ts";
import { ConfigurationError, hasSecure, hasSecureValues, resolveConfig } from "../embedded/engine/config/resolve.ts";
import type { SecretsManager } from "../embedded/engine/state/secrets.ts";
import type { StackSettings } from "../embedded/engine/config/settings.ts";
import type { Project } from "../embedded/engine/config/project.ts";
import { UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { parseSettings, SettingsError, type Settings } from "../infra/settings.ts";
import type { EmbeddedSettings } from "../stacks/embedded.ts";
import { useStateRoot } from "./environment.ts";

/** The stack of this machine's own Kubernetes. */
export const STACK = "embedded";

/** Settings whose topology is this machine's own Kubernetes. */
export type EmbeddedStack = Settings & { readonly topology: EmbeddedSettings };

/** Which stack: options of the engine's commands. */
export interface StackOptions {
    readonly stack?: string;
    readonly cwd?: string;
    readonly "config-file"?: string;
}

/**
 * Reads the settings that `npm start` brings up: those of {@link STACK}.
 * @param configFile a settings file instead of the stack's own
 * @throws UserError with every mistake: key, value found, fix
 */
export async function startSettings(configFile?: string): Promise<{ readonly settings: EmbeddedStack; readonly file: string }> {
    const named = configFile === undefined ? {} : { "config-file": resolve(configFile) };
    const { settings, file } = await settingsOf({ stack: STACK, cwd: projectRoot, ...named });
    const { topology } = settings;
    if (topology.kind !== "embedded")
        throw new UserError(
            `npm start runs the topology "embedded", but ${file} has topology.kind "${topology.kind}". Use npm run up -- --stack NAME for others.`,
        );
    if (!Object.keys(settings.servers).length)
        throw new UserError(
            `${file} declares no MCP server, and npm start ends with a call to one. Add one to mcp-platform:servers, or use npm run cluster -- start and npm run up.`,
        );
    return { settings: { ...settings, topology }, file };
}

/**
 * Checks what a command of the engine would hand to this project's program; other projects have settings of their own.
 * @throws UserError with every mistake: key, value found, fix
 */
export async function checkSettings(options: StackOptions): Promise<void> {
    const { project } = await openWorkspace(options);
    if (project.root === projectRoot) await settingsOf(options);
}

/** The settings of a stack and the file they are in. @throws UserError with every mistake */
export async function settingsOf(options: StackOptions): Promise<{ readonly settings: Settings; readonly file: string }> {
    const workspace = await openWorkspace(options);
    const found = await findSettings(workspace, options);
    return { settings: await parsed(workspace.project, found), file: found.file };
}

/** The engine's checks and the program's in one answer. */
async function parsed(project: Project, found: StackSettings): Promise<Settings> {
    let values: Readonly<Record<string, string>>;
    const secretKeys = Object.keys(found.config).filter((key) => hasSecure(found.config[key]));
    const problems: string[] = [];
    try {
        ({ values } = resolveConfig(project, found, await crypterOf(found)));
    } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        problems.push(...error.problems);
        ({ values } = error);
    }
    let settings: Settings | undefined;
    try {
        const unreadKeys = Object.keys(found.config).filter((key) => !(key in values));
        settings = parseSettings(values, { secretKeys, unreadKeys });
    } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        problems.push(...error.problems);
    }
    if (settings && !problems.length) return settings;
    const count = problems.length === 1 ? "A setting" : `${problems.length} settings`;
    throw new UserError(
        `${count} in ${found.file} ${problems.length === 1 ? "is" : "are"} wrong:\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
}

/** What decrypts the settings' secret values; undefined when there are none. */
async function crypterOf(found: StackSettings): Promise<SecretsManager | undefined> {
    if (!hasSecureValues(found)) return undefined;
    if (found.encryptionSalt === undefined)
        throw new UserError(
            `${found.file} has encrypted values but no encryptionsalt: restore that line from version control, or set the values again.`,
        );
    await useStateRoot();
    return openSecrets(found.encryptionSalt, found.file);
}
