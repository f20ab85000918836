/** `stack export`: the state as it is stored; with `--show-secrets` opened. */
import { UserError } from "../../common/errors.ts";
import { resolve } from "node:path";
import { openSecrets } from "../config/passphrase.ts";
import { writeWhole } from "../state/backend-files.ts";
import { stateAfter } from "../state/history.ts";
import { goJson } from "../state/json.ts";
import { plainCrypter } from "../state/secrets.ts";
import { SECRET } from "../state/serialize-values.ts";
import { serializeDeployment } from "../state/serialize.ts";
import type { DeploymentV3 } from "../state/types.ts";
import type { Options } from "./options.ts";
import { decode } from "./stack-state.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace } from "./workspace.ts";

export async function stackExport(options: Options): Promise<number> {
    const terminal = openTerminal(options);
    const workspace = await openWorkspace(options);
    const { reference } = await findTarget(workspace, options);
    const checkpoint =
        options.version === undefined
            ? await workspace.backend.read(reference)
            : await stateAfter(workspace.backend, reference, versionOf(options.version));
    if (!checkpoint) throw new UserError(`The stack ${reference.stack} has no state yet: there is nothing to export. Run "up" first.`);
    let deployment: DeploymentV3 | undefined = checkpoint.checkpoint.latest ?? undefined;
    if (options["show-secrets"] && deployment) {
        const provider = deployment.secrets_providers;
        const sealed = JSON.stringify(deployment).includes(SECRET);
        const crypter = sealed && provider ? await openSecrets(provider.state.salt, `the stack ${reference.stack}`) : plainCrypter;
        const { manifest } = deployment;
        deployment = {
            ...serializeDeployment(decode(deployment, crypter, undefined, reference), { crypter: undefined }, provider),
            manifest,
        };
    }
    const text = `${goJson({ version: checkpoint.version, ...(deployment && { deployment }) }, "    ")}\n`;
    if (options.file === undefined) terminal.screen.write(text);
    else await writeWhole(resolve(workspace.cwd, options.file), text);
    return 0;
}

function versionOf(text: string): number {
    const version = Number(text);
    if (!Number.isInteger(version) || version < 1)
        throw new UserError(`--version must be the number of an update, 1 for the first, found "${text}".`);
    return version;
}
