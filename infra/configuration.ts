import * as pulumi from "@pulumi/pulumi";
import { cautionsOf, parseSettings, SettingsError, type Settings } from "./settings.ts";

/** The SDK tells which keys have encrypted values in them, and leaves that out of its types. */
const { isConfigSecret } = pulumi.runtime as typeof pulumi.runtime & { isConfigSecret(key: string): boolean };

/**
 * The settings of the stack that runs. What works and yet deserves a word is said as a warning.
 * @throws RunError, which engines show without a stack, when they cannot be used
 */
export function readSettings(): Settings {
    const config = pulumi.runtime.allConfig();
    const secretKeys = Object.keys(config).filter((key) => isConfigSecret(key));
    try {
        const settings = parseSettings(config, { secretKeys });
        for (const caution of cautionsOf(settings)) void pulumi.log.warn(caution);
        return settings;
    } catch (error) {
        throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
    }
}
