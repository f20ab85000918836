/** `config`, `config get`: the settings of a stack as its file and the project's defaults have them. */
import { UserError } from "../../common/errors.ts";
import { openSecrets } from "../config/passphrase.ts";
import { parseKey, shortKey } from "../config/keys.ts";
import { decrypted, hasSecure } from "../config/resolve.ts";
import type { StackSettings } from "../config/settings.ts";
import type { PathSegment } from "../paths.ts";
import { goJson } from "../state/json.ts";
import type { Crypter } from "../state/secrets.ts";
import type { Options } from "./options.ts";
import { entryOf, hiding, textOf, type SettingEntry } from "./setting-entries.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace } from "./workspace.ts";

export async function configList(options: Options): Promise<number> {
    const { screen } = openTerminal(options);
    const { project, settings, all } = await settingsOf(options);
    const open = options["show-secrets"] === true;
    const crypter = open && Object.values(all).some(({ raw }) => hasSecure(raw)) ? await crypterOf(settings) : hiding;
    const entries = Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (options.json) {
        const list = entries.map(([key, { raw, secret }]): [string, SettingEntry] => [key, entryOf(raw, secret, crypter, open || !secret)]);
        screen.write(`${goJson(Object.fromEntries(list), "  ")}\n`);
        return 0;
    }
    const rows = entries.map(([key, { raw, secret }]): [string, string] => [
        shortKey(key, project),
        secret && !open && !hasSecure(raw) ? "[secret]" : textOf(decrypted(raw, crypter)),
    ]);
    const width = Math.max("KEY".length, ...rows.map(([key]) => key.length));
    for (const [key, value] of [["KEY", "VALUE"] as const, ...rows]) screen.write(`${key.padEnd(width)}  ${value}\n`);
    return 0;
}

export async function configGet(options: Options, given: string | undefined): Promise<number> {
    if (given === undefined) throw new UserError(`"config get" needs the key of a setting: config get <key>.`);
    const { screen } = openTerminal(options);
    const { project, settings, all, stack } = await settingsOf(options);
    const { key, inside } = parseKey(given, project, options.path === true);
    const found = all[key];
    const raw = found && inside.reduce<unknown>(step, found.raw);
    if (!found || raw === undefined) throw new UserError(`The stack ${stack} has no setting ${shortKey(given, project)}.`);
    const crypter = hasSecure(raw) ? await crypterOf(settings) : hiding;
    const secret = hasSecure(raw) || found.secret;
    screen.write(options.json ? `${goJson(entryOf(raw, secret, crypter, true), "  ")}\n` : `${textOf(decrypted(raw, crypter))}\n`);
    return 0;
}

function step(value: unknown, segment: PathSegment): unknown {
    return typeof value === "object" && value !== null && Object.hasOwn(value, segment)
        ? (value as Record<PathSegment, unknown>)[segment]
        : undefined;
}

/** The settings by `namespace:key`, defaults of the project included. */
async function settingsOf(options: Options): Promise<{
    readonly project: string;
    readonly stack: string;
    readonly settings: StackSettings;
    readonly all: Readonly<Partial<Record<string, { readonly raw: unknown; readonly secret: boolean }>>> &
        Record<string, { raw: unknown; secret: boolean }>;
}> {
    const workspace = await openWorkspace(options);
    const { project } = workspace;
    const { settings, reference } = await findTarget(workspace, options);
    const defaults = [...project.schema].flatMap(([key, setting]) =>
        setting.default === undefined ? [] : [[key, setting.default] as const],
    );
    const all = [...defaults, ...Object.entries(settings.config)].map(([key, raw]) => [
        key,
        { raw, secret: hasSecure(raw) || project.schema.get(key)?.secret === true },
    ]);
    return { project: project.name, stack: reference.stack, settings, all: Object.fromEntries(all) };
}

export async function crypterOf({ encryptionSalt, file }: StackSettings): Promise<Crypter> {
    if (encryptionSalt === undefined)
        throw new UserError(
            `${file} has encrypted values but no encryptionsalt: restore that line from version control, or set the values again.`,
        );
    return openSecrets(encryptionSalt, file);
}
