/** The context guard for commands that reach a cluster without running the program, which guards itself. */
import { RunError } from "@pulumi/pulumi/errors.js";
import { hostsOf } from "../components/edge/names.ts";
import { messageOf, UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { openWorkspace } from "../embedded/engine/commands/workspace.ts";
import type { Settings } from "../infra/settings.ts";
import { guardContext } from "../stacks/guard.ts";
import { topologyOf } from "../stacks/index.ts";
import { settingsOf, type StackOptions } from "./settings.ts";

/** A stack's settings; undefined where there are none to be read: what was made can be removed even then. */
async function readable(options: StackOptions): Promise<Settings | undefined> {
    try {
        const { project } = await openWorkspace(options);
        return project.root === projectRoot ? (await settingsOf(options)).settings : undefined;
    } catch (error) {
        if (error instanceof UserError) return undefined;
        throw error;
    }
}

/**
 * Refuses a kubeconfig that leads to another cluster than the stack's settings mean.
 * @throws UserError with the file, the context, the server found and the server expected
 */
export async function guardStack(options: StackOptions): Promise<void> {
    const settings = await readable(options);
    if (!settings) return;
    const { domain, topology, versions, images, registry, frontDoor } = settings;
    try {
        guardContext(topologyOf(topology, { hosts: hostsOf(domain), versions, images, registry, frontDoor }).cluster, true);
    } catch (error) {
        throw RunError.isInstance(error) ? new UserError(messageOf(error), { cause: error }) : error;
    }
}
