/** The settings of the stack that `npm start` brings up, read before anything is built: mistakes are cheap to say early. */
import { resolveConfig } from "../embedded/engine/config/resolve.ts";
import { readProject } from "../embedded/engine/config/project.ts";
import { readSettings, settingsFile } from "../embedded/engine/config/settings.ts";
import { UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { parseSettings, type Settings } from "../infra/settings.ts";

/** The stack of this machine's own Kubernetes. */
export const STACK = "embedded";

/**
 * Reads the settings of {@link STACK}.
 * @param configFile a settings file instead of the stack's own
 * @throws UserError with every mistake: key, value found, fix
 */
export async function startSettings(configFile?: string): Promise<{ readonly settings: Settings; readonly file: string }> {
    const project = await readProject(projectRoot);
    const file = settingsFile(project, STACK, configFile, process.cwd());
    const found = await readSettings(project, file);
    if (!found.exists)
        throw new UserError(`The settings file ${file} does not exist. Restore it from version control, or name one with --config-file.`);
    const settings = parseSettings(resolveConfig(project, found, undefined).values);
    if (settings.topology.kind !== "embedded")
        throw new UserError(
            `npm start runs the topology "embedded", but ${file} has topology.kind "${settings.topology.kind}". Use npm run up -- --stack NAME for others.`,
        );
    return { settings, file };
}
