/** Settings as `--json` prints them, in `config` and in `stack history`. */
import { decrypted } from "../config/resolve.ts";
import { goJson } from "../state/json.ts";
import type { Crypter } from "../state/secrets.ts";

export interface SettingEntry {
    /** Absent for a secret that is not shown. */
    readonly value?: string;
    /** What a map or a list holds. */
    readonly objectValue?: unknown;
    readonly secret: boolean;
}

/** Hides what is encrypted, at any depth. */
export const hiding: Pick<Crypter, "decrypt"> = { decrypt: () => "[secret]" };

/** @param raw as it stands in the settings file */
export function entryOf(raw: unknown, secret: boolean, crypter: Pick<Crypter, "decrypt">, open: boolean): SettingEntry {
    if (!open) return { secret };
    const value = decrypted(raw, crypter);
    return { value: textOf(value), ...(typeof value === "object" && value !== null && { objectValue: value }), secret };
}

export function textOf(value: unknown): string {
    return typeof value === "string" ? value : goJson(value);
}
