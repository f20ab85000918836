/** `config set` and `config rm`: single values of a stack's settings file. */
import { readFile, stat } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { UserError } from "../../common/errors.ts";
import { withoutSetting, withSetting, type WrittenValue } from "../config/document.ts";
import { parseKey, shortKey, type SettingKey } from "../config/keys.ts";
import { newSecrets, openSecrets } from "../config/passphrase.ts";
import { hasSecure } from "../config/resolve.ts";
import { mismatch, type Setting } from "../config/schema.ts";
import { writeSalt } from "../config/settings.ts";
import { parseYaml } from "../config/yaml.ts";
import { writeWhole } from "../state/backend-files.ts";
import type { SecretsManager } from "../state/secrets.ts";
import { looksLikeSecret } from "./likely-secret.ts";
import type { Options } from "./options.ts";
import { askText, openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace, type Target, type Workspace } from "./workspace.ts";

export async function configSet(options: Options, given: string | undefined, argument: string | undefined): Promise<number> {
    if (given === undefined) throw new UserError(`"config set" needs the key of a setting: config set <key> [value].`);
    const chosen = (["secret", "plaintext", "type"] as const).filter((name) => options[name]);
    if (chosen.length > 1) throw new UserError(`--${chosen.join(" and --")} cannot be used together.`);
    const terminal = openTerminal(options);
    const workspace = await openWorkspace(options);
    const target = await findTarget(workspace, options);
    const { name } = workspace.project;
    const key = parseKey(given, name, options.path === true);
    const setting = workspace.project.schema.get(key.key);
    const secret = options.secret === true || (setting?.secret === true && !options.plaintext && options.type === undefined);
    if (secret && argument !== undefined)
        terminal.say(
            "The secret stood on the command line, where the shell's history keeps it: leave the value out to be asked, or pipe it in.",
        );
    const text = argument ?? (await readValue(terminal.interactive, secret, options.raw === true));
    const short = shortKey(given, name);
    if (!secret && !options.plaintext && looksLikeSecret(key.key, text)) {
        throw new UserError(
            `The value for ${short} looks like a secret: encrypt it with --secret, or say with --plaintext that anybody may read it.`,
        );
    }
    const value = secret
        ? { secure: (await secretsFor(workspace, target)).encrypt(text) }
        : valueOf(text, options.type, key, setting, `the value for ${short}`);
    await change(target, (before) => {
        const after = withSetting(before, name, key, value);
        checkType(after, target, setting, key, name);
        return after;
    });
    return 0;
}

export async function configRemove(options: Options, given: string | undefined): Promise<number> {
    if (given === undefined) throw new UserError(`"config rm" needs the key of a setting: config rm <key>.`);
    const workspace = await openWorkspace(options);
    const { name } = workspace.project;
    const key = parseKey(given, name, options.path === true);
    await change(await findTarget(workspace, options), (before) => withoutSetting(before, name, key));
    return 0;
}

async function readValue(interactive: boolean, secret: boolean, raw: boolean): Promise<string> {
    if (interactive) return askText("value", secret);
    if (process.stdin.isTTY) throw new UserError("The value is missing: give it as an argument or on standard input.");
    const text = await readAll(process.stdin);
    return raw ? text : text.replace(/\r?\n$/, "");
}

/** A text as the file has it: as the project's schema says, inside a value as numbers and booleans look, otherwise as text. */
function valueOf(text: string, type: string | undefined, { inside }: SettingKey, setting: Setting | undefined, what: string): WrittenValue {
    const wanted = type ?? (inside.length ? "" : setting?.type);
    const refuse = (kind: string): never => {
        throw new UserError(`${what} must be ${kind}, found ${JSON.stringify(text)}.`);
    };
    switch (wanted) {
        case "int":
        case "integer":
            return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : refuse("a whole number");
        case "bool":
        case "boolean":
            return text === "true" || text === "false" ? text === "true" : refuse("true or false");
        case "float":
            return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : refuse("a number");
        case "object":
        case "array":
            return (
                document(text) ??
                refuse(
                    wanted === "array"
                        ? 'a JSON list such as ["a"]; or set its items with --path'
                        : 'a JSON object such as {"a":1}; or set its keys with --path',
                )
            );
        case "":
            if (text === "true" || text === "false") return text === "true";
            return /^-?(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
        case "string":
        case undefined:
            return text;
        default:
            throw new UserError(`--type must be one of string, bool, int or float, found "${wanted}".`);
    }
}

function document(text: string): WrittenValue | undefined {
    try {
        const value = JSON.parse(text) as WrittenValue;
        return typeof value === "object" && value !== null ? value : undefined;
    } catch {
        return undefined;
    }
}

/** What the file would hold must be what the project declares; what is encrypted cannot be looked at. */
function checkType(text: string, { settings }: Target, setting: Setting | undefined, { key }: SettingKey, project: string): void {
    const config = parseYaml(text, settings.file)["config"] as Record<string, unknown>;
    const whole = config[key] ?? config[shortKey(key, project)];
    const problem = setting && !hasSecure(whole) ? mismatch(whole, setting) : undefined;
    if (problem)
        throw new UserError(
            `${shortKey(key, project)} ${problem}${setting?.description ? ` (${setting.description})` : ""}. Nothing was changed.`,
        );
}

/** The keys of the settings file. A stack without them gets those of its state, or else new ones. */
async function secretsFor({ backend }: Workspace, { settings, reference }: Target): Promise<SecretsManager> {
    if (settings.encryptionSalt !== undefined) return openSecrets(settings.encryptionSalt, settings.file);
    const salt = (await backend.read(reference))?.checkpoint.latest?.secrets_providers?.state.salt;
    const manager = salt === undefined ? await newSecrets() : await openSecrets(salt, `the stack ${reference.stack}`);
    await writeSalt(settings.file, manager.provider.state.salt);
    return manager;
}

async function change({ settings: { file } }: Target, edit: (text: string) => string): Promise<void> {
    const before = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return "";
        throw error;
    });
    const after = edit(before);
    if (after === before) return;
    const mode = await stat(file).then(
        (found) => found.mode & 0o777,
        () => 0o644,
    );
    await writeWhole(file, after, mode);
}
