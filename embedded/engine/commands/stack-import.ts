/** `stack import`: a state that `stack export` printed becomes the stack's. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { messageOf, UserError } from "../../common/errors.ts";
import { openSecrets } from "../config/passphrase.ts";
import { qualifiedName, type StackReference } from "../state/backend.ts";
import { checkDeployment } from "../state/check.ts";
import { goJson } from "../state/json.ts";
import { lockStack } from "../state/lock.ts";
import { CiphertextMemory, plainCrypter } from "../state/secrets.ts";
import { SECRET } from "../state/serialize-values.ts";
import { deserializeDeployment, serializeDeployment } from "../state/serialize.ts";
import type { DeploymentV3, UntypedDeployment } from "../state/types.ts";
import { parseUrn } from "../urn.ts";
import type { Options } from "./options.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace } from "./workspace.ts";

export async function stackImport(options: Options): Promise<number> {
    const { say, screen } = openTerminal(options);
    const workspace = await openWorkspace(options);
    const { backend } = workspace;
    const { reference, exists } = await findTarget(workspace, options);
    const source = options.file === undefined ? "standard input" : resolve(workspace.cwd, options.file);
    const text = options.file === undefined ? await readAll(process.stdin) : await readSource(source);
    const { deployment: given } = parse(text, source);
    const deployment = given && (await settled(given, reference, options.force === true, say));

    const lock = await lockStack(backend, reference, "stack import", say);
    try {
        if (!exists) await backend.create(reference);
        else await backend.backup(reference);
        const checkpoint = { stack: qualifiedName(reference), ...(deployment && { latest: deployment }) };
        await backend.write(reference, goJson({ version: 3, checkpoint }));
    } finally {
        await lock.release();
    }
    screen.write("Import complete.\n");
    return 0;
}

async function readSource(file: string): Promise<string> {
    return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        throw new UserError(
            `The file ${file} (--file) ${error.code === "ENOENT" ? "does not exist" : `cannot be read: ${error.message}`}.`,
        );
    });
}

function parse(text: string, source: string): Partial<UntypedDeployment> {
    let value: { version?: unknown; deployment?: DeploymentV3; checkpoint?: unknown } | null;
    try {
        value = JSON.parse(text) as typeof value;
    } catch (error) {
        throw new UserError(
            `What was read from ${source} is no JSON: ${messageOf(error)}. It must be what "stack export" prints. Nothing was changed.`,
        );
    }
    if (typeof value !== "object" || value === null || typeof value.version !== "number" || value.checkpoint !== undefined) {
        const what = value?.checkpoint ? "is a state file of a backend" : "has no version";
        throw new UserError(`What was read from ${source} ${what}: it must be what "stack export" prints. Nothing was changed.`);
    }
    if (value.version !== 3) {
        const age = value.version > 3 ? "a newer Pulumi" : "a very old Pulumi";
        throw new UserError(
            `The state in ${source} is of version ${value.version}, written by ${age}; the embedded engine takes version 3. Nothing was changed: use the official Pulumi CLI.`,
        );
    }
    return value.deployment ? { deployment: value.deployment } : {};
}

/** The deployment as it is stored: checked, its secrets encrypted, without operations that nobody will finish. */
async function settled(given: DeploymentV3, reference: StackReference, force: boolean, say: (text: string) => void): Promise<DeploymentV3> {
    let deployment = given;
    for (const problem of problemsOf(deployment, reference)) {
        if (!force) throw new UserError(`${problem}. Nothing was changed; --force takes the state all the same.`);
        say(`warning: ${problem}; taken all the same, as --force asks for.`);
    }
    if (deployment.pending_operations?.length) {
        for (const { type, resource } of deployment.pending_operations)
            say(`warning: ${resource.urn} was ${type} when the state was taken: that is left out. Run "refresh" if the object may exist.`);
        const { pending_operations: _, ...rest } = deployment;
        deployment = rest;
    }
    const stored = JSON.stringify(deployment);
    if (!stored.includes(SECRET)) return deployment;
    const provider = deployment.secrets_providers;
    if (provider?.type !== "passphrase") {
        throw new UserError(
            `The state has secrets that ${provider ? `"${provider.type}" keeps` : "nothing says how to open"}; the embedded engine supports "passphrase". Nothing was changed.`,
        );
    }
    // Also where nothing needs encrypting: a state that its passphrase does not open would be of no use.
    const manager = await openSecrets(provider.state.salt, "this state");
    const memory = new CiphertextMemory();
    let snapshot;
    try {
        snapshot = deserializeDeployment(deployment, manager, memory);
    } catch (error) {
        if (error instanceof UserError) throw error;
        throw new UserError(`The state cannot be used: ${messageOf(error)}. Nothing was changed.`);
    }
    if (!stored.includes('"plaintext":')) return deployment;
    return { ...serializeDeployment(snapshot, { crypter: manager, memory }, provider), manifest: deployment.manifest };
}

function problemsOf(deployment: DeploymentV3, { project, stack }: StackReference): string[] {
    const problems: string[] = [];
    try {
        checkDeployment(deployment);
        if (!JSON.stringify(deployment).includes(SECRET)) deserializeDeployment(deployment, plainCrypter);
    } catch (error) {
        problems.push(`The state is not sound: ${messageOf(error)}`);
    }
    const foreign = (deployment.resources ?? []).flatMap(({ urn }) => {
        const found = typeof urn === "string" && urn.startsWith("urn:pulumi:") ? parseUrn(urn) : undefined;
        return found && (found.stack !== stack || found.project !== project) ? [`${urn}`] : [];
    });
    const [first] = foreign;
    if (first !== undefined) {
        const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : "";
        problems.push(`The resource ${first}${more} is of another project or stack than ${project}/${stack}`);
    }
    return problems;
}
