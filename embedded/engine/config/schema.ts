/** The settings a project takes, as `config:` of `Pulumi.yaml` declares them. */
import { isMap } from "./yaml.ts";

export type SettingType = "string" | "integer" | "boolean" | "array" | "object";
const TYPES: readonly string[] = ["string", "integer", "boolean", "array", "object"] satisfies SettingType[];

export interface Setting {
    readonly type?: SettingType | undefined;
    /** The type of an array's items; may be an array in turn. */
    readonly items?: { readonly type: SettingType; readonly items?: Setting["items"] } | undefined;
    readonly description?: string | undefined;
    readonly secret: boolean;
    readonly default?: unknown;
}

/** Settings by `namespace:key`. */
export type Schema = ReadonlyMap<string, Setting>;

const FIELDS = ["type", "items", "description", "secret", "default", "value"];

/** @param problems what is wrong is added here, one sentence each */
export function readSchema(config: unknown, project: string, problems: string[]): Schema {
    const schema = new Map<string, Setting>();
    if (config === undefined || config === null) return schema;
    if (!isMap(config)) {
        problems.push("config: must be a map of settings");
        return schema;
    }
    for (const [key, value] of Object.entries(config)) {
        const full = fullKey(key, project);
        if (!isMap(value)) schema.set(full, { secret: false, default: value });
        else schema.set(full, readSetting(key, value, full.startsWith(`${project}:`), problems));
    }
    return schema;
}

/** A key without a namespace belongs to the project. */
export function fullKey(key: string, project: string): string {
    return key.includes(":") ? key : `${project}:${key}`;
}

function readSetting(key: string, value: Record<string, unknown>, own: boolean, problems: string[]): Setting {
    const where = `config.${key}`;
    for (const field of Object.keys(value))
        if (!FIELDS.includes(field)) problems.push(`${where}.${field}: there is no such field; there are ${FIELDS.join(", ")}`);
    const { type, items, description, secret, value: fixed } = value;
    if (type !== undefined && !TYPES.includes(type as string))
        problems.push(`${where}.type: must be one of ${TYPES.join(", ")}, found ${JSON.stringify(type)}`);
    if (!own && type !== undefined) problems.push(`${where}.type: only the project's own settings have types; give ${key} a value`);
    if (type === "array" && !isMap(items)) problems.push(`${where}.items: an array needs items with a type`);
    const setting: Setting = {
        type: type as SettingType | undefined,
        items: isMap(items) ? (items as Setting["items"]) : undefined,
        description: typeof description === "string" ? description : undefined,
        secret: secret === true,
        default: "default" in value ? value["default"] : fixed,
    };
    if (setting.default !== undefined) {
        const problem = mismatch(setting.default, setting);
        if (problem) problems.push(`${where}.default: ${problem}`);
    }
    return setting;
}

/** What is wrong with a value, or undefined. Numbers and booleans may be written as text, as `config set` does. */
export function mismatch(value: unknown, { type, items }: Pick<Setting, "type" | "items">): string | undefined {
    const found = `found ${Array.isArray(value) ? "an array" : isMap(value) ? "an object" : JSON.stringify(value)}`;
    switch (type) {
        case undefined:
            return undefined;
        case "string":
            return typeof value === "string" ? undefined : `must be text, ${found}; put quotes around it`;
        case "integer":
            return Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value))
                ? undefined
                : `must be a whole number, ${found}`;
        case "boolean":
            return typeof value === "boolean" || value === "true" || value === "false" ? undefined : `must be true or false, ${found}`;
        case "object":
            return isMap(value) ? undefined : `must be an object (keys below it), ${found}`;
        case "array": {
            if (!Array.isArray(value)) return `must be an array (a list of items), ${found}`;
            for (const [i, item] of value.entries()) {
                const problem = items && mismatch(item, items);
                if (problem) return `item ${i} ${problem}`;
            }
            return undefined;
        }
    }
}
