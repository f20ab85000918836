import * as pulumi from "@pulumi/pulumi";
import { parseSettings, SettingsError, type Settings } from "./settings.ts";

/**
 * The settings of the stack that runs.
 * @throws RunError, which engines show without a stack, when they cannot be used
 */
export function readSettings(): Settings {
    try {
        return parseSettings(pulumi.runtime.allConfig());
    } catch (error) {
        throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
    }
}
