/** Where the stacks' state and the passphrase are, told to the engine the way Pulumi is told: by its own variables. */
import { randomBytes } from "node:crypto";
import { link, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, UserError } from "../embedded/common/errors.ts";
import { stateRoot } from "../embedded/common/paths.ts";

/** Where the generated passphrase is kept. */
export const passphraseFile = (): string => join(stateRoot(), "passphrase");

/**
 * Points the engine to this checkout's state and passphrase, unless the user's environment already names others.
 * A passphrase is generated when none is given and none exists.
 * @throws UserError when the passphrase file can be read by others
 */
export async function useStateRoot(): Promise<void> {
    if (process.env["MCP_PLATFORM_STATE"]) process.env["PULUMI_BACKEND_URL"] ??= `file://${stateRoot()}`;
    if (process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined || process.env["PULUMI_CONFIG_PASSPHRASE_FILE"]) return;
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = await ensurePassphrase(passphraseFile());
}

/** Makes a passphrase in `file` (0600) if it does not exist; whole or not at all, and the first of two writers wins. */
export async function ensurePassphrase(file: string): Promise<string> {
    const found = await stat(file).catch(() => undefined);
    if (found && found.mode & 0o077) {
        throw new UserError(
            `${file} holds the passphrase of the stacks' secrets and can be read by others (mode ${(found.mode & 0o777).toString(8)}): run chmod 600 ${file}.`,
        );
    }
    if (found) return file;
    const whole = `${file}.${process.pid}`;
    try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        await writeFile(whole, randomBytes(32).toString("base64url") + "\n", { mode: 0o600, flush: true });
    } catch (error) {
        throw new UserError(
            `The state folder ${dirname(file)} cannot be used: ${messageOf(error)}. Make it yours, or set MCP_PLATFORM_STATE to a folder of yours.`,
            { cause: error },
        );
    }
    await link(whole, file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
    });
    await rm(whole);
    return file;
}
