/** A stack's settings file, `Pulumi.<stack>.yaml`: its configuration and the salt its secrets are encrypted with. */
import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isMap as isYamlMap, isScalar, parseDocument } from "yaml";
import { UserError } from "../../common/errors.ts";
import { list, writeWhole } from "../state/backend-files.ts";
import type { Project } from "./project.ts";
import { fullKey } from "./schema.ts";
import { isMap, parseYaml } from "./yaml.ts";

export interface StackSettings {
    readonly file: string;
    readonly exists: boolean;
    readonly encryptionSalt?: string | undefined;
    /** Values by `namespace:key`, as written: text, numbers, lists, objects, `{secure: …}`. */
    readonly config: Readonly<Record<string, unknown>>;
}

const UNSUPPORTED = {
    secretsprovider: "another secrets provider than the passphrase",
    encryptedkey: "another secrets provider than the passphrase",
    environment: "environment imports",
};

const KEYS = ["config", "encryptionsalt", ...Object.keys(UNSUPPORTED)];

/** The file of a stack, or the one that `--config-file` names (relative to the working directory `cwd`). */
export function settingsFile(project: Project, stack: string, configFile: string | undefined, cwd: string): string {
    return configFile !== undefined ? resolve(cwd, configFile) : join(project.settingsFolder, `Pulumi.${stack}.yaml`);
}

/** The stacks that have a settings file. */
export async function stacksWithSettings(project: Project): Promise<string[]> {
    return (await list(project.settingsFolder)).flatMap((name) => /^Pulumi\.(.+)\.ya?ml$/.exec(name)?.[1] ?? []);
}

/** Reads a settings file; one that does not exist is empty. */
export async function readSettings(project: Project, file: string): Promise<StackSettings> {
    let text: string;
    try {
        text = await readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return { file, exists: false, config: {} };
        throw new UserError(`${file} cannot be read: ${(error as Error).message}.`, { cause: error });
    }
    const value = parseYaml(text, file);
    for (const key of Object.keys(value)) {
        if (!KEYS.includes(key))
            throw new UserError(`${file} has the key ${key}, which is not one of a settings file. Settings stand below "config:".`);
    }
    for (const [key, what] of Object.entries(UNSUPPORTED)) {
        if (value[key])
            throw new UserError(
                `${file} has ${key}: ${what} is not supported by the embedded engine. Remove the key or use the official Pulumi CLI.`,
            );
    }
    const { config, encryptionsalt: salt } = value;
    if (config !== undefined && config !== null && !isMap(config))
        throw new UserError(`${file}: config must be a map of settings, found ${JSON.stringify(config)}.`);
    if (salt !== undefined && typeof salt !== "string")
        throw new UserError(`${file}: encryptionsalt must be text, found ${JSON.stringify(salt)}.`);
    const entries = Object.entries(isMap(config) ? config : {}).map(([key, item]) => [fullKey(key, project.name), item] as const);
    const twice = entries.map(([key]) => key).find((key, i, all) => all.indexOf(key) !== i);
    if (twice) throw new UserError(`${file}: ${twice} is set twice, with and without its namespace. Remove one of the two.`);
    return { file, exists: true, encryptionSalt: salt, config: Object.fromEntries(entries) };
}

/** Writes the salt of a stack into its settings file; every other byte of the file stays. */
export async function writeSalt(file: string, salt: string): Promise<void> {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
    });
    await writeWhole(file, withSalt(text, salt, file), 0o644);
}

function withSalt(text: string, salt: string, file: string): string {
    const document = parseDocument(text);
    const present = isYamlMap(document.contents)
        ? document.contents.items.find((pair) => isScalar(pair.key) && pair.key.value === "encryptionsalt")
        : undefined;
    if (present && isScalar(present.value) && present.value.range) {
        const [start, end] = present.value.range;
        return text.slice(0, start) + salt + text.slice(end);
    }
    // A block map, or nothing but comments: one more line at its end is all it takes.
    const appended = `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}encryptionsalt: ${salt}\n`;
    if ((document.contents === null || isYamlMap(document.contents)) && saltOf(appended) === salt) return appended;
    document.set("encryptionsalt", salt);
    const written = document.toString();
    if (saltOf(written) !== salt)
        throw new UserError(`encryptionsalt cannot be written into ${basename(file)}: it must be a map of keys to values.`);
    return written;
}

function saltOf(text: string): unknown {
    const document = parseDocument(text);
    return document.errors.length ? undefined : document.get("encryptionsalt");
}
