/** A stack's state opened for an operation: decrypted, and with what is needed to store it again. */
import { UserError } from "../../common/errors.ts";
import { newSecrets, openSecrets, WrongPassphrase } from "../config/passphrase.ts";
import { hasSecureValues, resolveConfig, type ResolvedConfig } from "../config/resolve.ts";
import { qualifiedName, type StackReference } from "../state/backend.ts";
import { CiphertextMemory, plainCrypter, type Crypter, type SecretsManager } from "../state/secrets.ts";
import { SECRET } from "../state/serialize-values.ts";
import { CheckpointWriter, deserializeDeployment } from "../state/serialize.ts";
import { emptySnapshot, type Snapshot } from "../state/snapshot.ts";
import { StateStore } from "../state/store.ts";
import type { DeploymentV3 } from "../state/types.ts";
import type { Target, Workspace } from "./workspace.ts";

export interface OpenedStack {
    readonly config: ResolvedConfig;
    readonly snapshot: Snapshot;
    /** What secrets are encrypted with, and whether that is stored already. Absent when the stack was opened for reading. */
    readonly secrets?: { readonly manager: SecretsManager; readonly stored: boolean };
    /** Stores a snapshot. Absent when the stack was opened for reading. */
    readonly persist?: (snapshot: Snapshot) => Promise<void>;
    /** Brings all that was stored into the state file. To be called when an operation is done. */
    readonly settle?: () => Promise<void>;
}

/**
 * Opens a stack. For reading, the passphrase is only needed when something is encrypted; for writing it always is, and a
 * stack that has no salt yet, neither in its settings nor in its state, gets one in its state.
 * @param say told what was passed over on the way
 */
export async function openStack(workspace: Workspace, target: Target, writing: boolean, say: (text: string) => void): Promise<OpenedStack> {
    const { project, backend } = workspace;
    const { reference, settings } = target;
    const checkpoint = await backend.read(reference);
    const deployment = checkpoint?.checkpoint.latest ?? undefined;
    const stateSalt = saltOf(deployment, reference);
    const stateSecrets = deployment !== undefined && JSON.stringify(deployment).includes(SECRET);
    const configSecrets = hasSecureValues(settings);

    const useSalt = settings.encryptionSalt !== undefined && (writing || configSecrets);
    let manager = useSalt ? await openSettings(settings.encryptionSalt ?? "", settings.file, configSecrets) : undefined;
    const stateCrypter = stateSecrets ? await openSecrets(stateSalt ?? missingSalt(reference), `the stack ${reference.stack}`) : undefined;
    if (useSalt && !manager) {
        say(`The encryptionsalt of ${settings.file} belongs to another passphrase; nothing is encrypted with it, so it is passed over.`);
    }
    if (configSecrets && !manager) {
        throw new UserError(
            `${settings.file} has encrypted values but no encryptionsalt: restore that line from version control, or set the values again.`,
        );
    }
    const config = resolveConfig(project, settings, manager);

    if (!writing) return { config, snapshot: decode(deployment, stateCrypter ?? plainCrypter, undefined, reference) };
    // The settings file belongs to the user and to version control: an operation writes nothing into it, and the salt is in the state.
    manager ??=
        stateCrypter ?? (stateSalt === undefined ? await newSecrets() : await openSecrets(stateSalt, `the stack ${reference.stack}`));
    // Texts made with another key cannot be used again.
    const memory = new CiphertextMemory();
    const sameKey = stateSalt === manager.provider.state.salt;
    const snapshot = decode(deployment, stateCrypter ?? plainCrypter, sameKey ? memory : undefined, reference);
    const store = new StateStore(backend, reference, new CheckpointWriter(qualifiedName(reference), manager, memory));
    const stored = sameKey || settings.encryptionSalt === manager.provider.state.salt;
    return { config, snapshot, secrets: { manager, stored }, persist: (next) => store.store(next), settle: () => store.settle() };
}

/** Opens the settings' salt; undefined when another passphrase made it and nothing depends on it. */
async function openSettings(salt: string, file: string, needed: boolean): Promise<SecretsManager | undefined> {
    try {
        return await openSecrets(salt, file);
    } catch (error) {
        if (error instanceof WrongPassphrase && !needed) return undefined;
        throw error;
    }
}

function saltOf(deployment: DeploymentV3 | undefined, { stack }: StackReference): string | undefined {
    const provider = deployment?.secrets_providers as { type: string; state?: { salt?: string } } | undefined;
    if (provider && provider.type !== "passphrase") {
        throw new UserError(
            `The secrets of the stack ${stack} are kept by "${provider.type}"; the embedded engine supports "passphrase". Use the official Pulumi CLI, or "stack change-secrets-provider passphrase" of it.`,
        );
    }
    return provider?.state?.salt;
}

function missingSalt({ stack }: StackReference): never {
    throw new UserError(`The state of the stack ${stack} has secrets but does not say how they are encrypted: restore it from a backup.`);
}

export function decode(
    deployment: DeploymentV3 | undefined,
    crypter: Crypter,
    memory: CiphertextMemory | undefined,
    { stack }: StackReference,
): Snapshot {
    if (!deployment) return emptySnapshot;
    try {
        return deserializeDeployment(deployment, crypter, memory);
    } catch (error) {
        if (error instanceof UserError) throw error;
        throw new UserError(
            `The state of the stack ${stack} cannot be used: ${(error as Error).message}. Nothing was changed; restore it from .pulumi/backups.`,
            { cause: error },
        );
    }
}
