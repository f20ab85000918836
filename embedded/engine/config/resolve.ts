/** From the settings file and the schema to what a run gets: text by key, and which of it is secret. */
import { basename } from "node:path";
import { UserError } from "../../common/errors.ts";
import type { Crypter } from "../state/secrets.ts";
import type { Project } from "./project.ts";
import { mismatch, type Setting } from "./schema.ts";
import type { StackSettings } from "./settings.ts";
import { count, isMap } from "./yaml.ts";

/** Settings of the engine itself, of which it has this one. */
const ENGINE = "pulumi:";
const DISABLED_PROVIDERS = "pulumi:disable-default-providers";

export interface ResolvedConfig {
    /** `namespace:key` → value; lists and objects as JSON. Secrets in clear. */
    readonly values: Readonly<Record<string, string>>;
    readonly secretKeys: readonly string[];
}

/** A configuration that cannot be used. */
export class ConfigurationError extends UserError {
    /** One sentence for each problem, each beginning with the setting's key. */
    readonly problems: readonly string[];
    /** The values that have none, as in {@link ResolvedConfig}. */
    readonly values: Readonly<Record<string, string>>;

    constructor(where: string, problems: readonly string[], values: Readonly<Record<string, string>>) {
        super(`The configuration in ${where} has ${count(problems.length, "problem")}:\n${problems.map((p) => `  - ${p}`).join("\n")}`);
        this.problems = problems;
        this.values = values;
    }
}

/** Whether a settings file has values that need the passphrase. */
export function hasSecureValues(settings: StackSettings): boolean {
    return Object.values(settings.config).some(hasSecure);
}

/**
 * Decrypts, completes with defaults and checks a stack's configuration.
 * @param crypter needed only when {@link hasSecureValues}
 * @throws ConfigurationError with every problem: key, value found, fix
 */
export function resolveConfig(project: Project, settings: StackSettings, crypter: Crypter | undefined): ResolvedConfig {
    const problems: string[] = [];
    const values: Record<string, string> = {};
    const secretKeys: string[] = [];
    const short = (key: string): string => (key.startsWith(`${project.name}:`) ? key.slice(project.name.length + 1) : key);

    const take = (key: string, raw: unknown, setting: Setting | undefined): void => {
        const secret = hasSecure(raw) || setting?.secret === true;
        let value: unknown;
        try {
            value = decrypted(raw, crypter);
        } catch {
            problems.push(`${short(key)}: its encrypted value was made with another key; set it again`);
            return;
        }
        if (value === null || value === undefined) {
            problems.push(`${short(key)}: has no value; set one or remove the key`);
            return;
        }
        const problem = setting && mismatch(value, setting);
        if (problem) {
            problems.push(
                `${short(key)}: ${secret ? problem.replace(/found (?!an ).*?(?=;|$)/, "found another type (the value is secret)") : problem}${hint(setting)}`,
            );
            return;
        }
        values[key] = typeof value === "string" ? value : JSON.stringify(value);
        if (secret) secretKeys.push(key);
    };

    for (const [key, raw] of Object.entries(settings.config)) {
        if (key.startsWith(ENGINE) && key !== DISABLED_PROVIDERS)
            problems.push(`${key}: is not supported by the embedded engine; remove it, or use the official engine`);
        else take(key, raw, project.schema.get(key));
    }
    for (const [key, setting] of project.schema) {
        if (key in settings.config) continue;
        if (setting.default !== undefined) take(key, setting.default, setting);
        else problems.push(`${short(key)}: is missing${setting.type ? `; give it ${article(setting.type)}` : ""}${hint(setting)}`);
    }
    if (problems.length) {
        const file = settings.exists ? settings.file : `${basename(settings.file)} (which does not exist)`;
        throw new ConfigurationError(file, problems, values);
    }
    return {
        values: Object.fromEntries(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1))),
        secretKeys: secretKeys.toSorted(),
    };
}

function hint(setting: Setting | undefined): string {
    return setting?.description ? ` (${setting.description})` : "";
}

function article(type: string): string {
    return `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;
}

/** Whether something in a value is encrypted. */
export function hasSecure(value: unknown): boolean {
    if (Array.isArray(value)) return value.some(hasSecure);
    if (!isMap(value)) return false;
    return isSecureValue(value) || Object.values(value).some(hasSecure);
}

function isSecureValue(value: Record<string, unknown>): value is { secure: string } {
    return typeof value["secure"] === "string" && Object.keys(value).length === 1;
}

/** A value with everything that is encrypted in it opened. Throws when something is and cannot be. */
export function decrypted(value: unknown, crypter: Pick<Crypter, "decrypt"> | undefined): unknown {
    if (Array.isArray(value)) return value.map((item) => decrypted(item, crypter));
    if (!isMap(value)) return value;
    if (isSecureValue(value)) {
        if (!crypter) throw new Error("no passphrase");
        return crypter.decrypt(value.secure);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decrypted(item, crypter)]));
}
