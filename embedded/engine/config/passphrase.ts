/** The passphrase of a stack's secrets, from where Pulumi takes it, and the keys made from it. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../../common/errors.ts";
import { createPassphrase, openPassphrase, WrongPassphraseError } from "../state/secrets-passphrase.ts";
import type { SecretsManager } from "../state/secrets.ts";

/** @throws UserError when none is given */
async function readPassphrase(): Promise<string> {
    const given = process.env["PULUMI_CONFIG_PASSPHRASE"];
    if (given !== undefined) return given;
    const file = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
    if (!file)
        throw new UserError(
            "The passphrase of the stack's secrets is missing: set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it, or PULUMI_CONFIG_PASSPHRASE.",
        );
    try {
        return (await readFile(file, "utf8")).trim();
    } catch (error) {
        throw new UserError(
            `The passphrase file ${file} (PULUMI_CONFIG_PASSPHRASE_FILE) cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}.`,
            { cause: error },
        );
    }
}

/** @param where what the salt belongs to, for the error text */
export async function openSecrets(salt: string, where: string): Promise<SecretsManager> {
    try {
        return await openPassphrase(await readPassphrase(), salt);
    } catch (error) {
        if (!(error instanceof WrongPassphraseError)) throw error;
        const source =
            process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined
                ? "PULUMI_CONFIG_PASSPHRASE"
                : `the file of PULUMI_CONFIG_PASSPHRASE_FILE (${basename(process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "")})`;
        throw new WrongPassphrase(
            `The passphrase in ${source} does not open the secrets of ${where}: it is another one than they were encrypted with. Nothing was changed.`,
        );
    }
}

/** Apart from other mistakes, for a salt that protects nothing yet may be replaced. */
export class WrongPassphrase extends UserError {}

export async function newSecrets(): Promise<SecretsManager> {
    return createPassphrase(await readPassphrase());
}
