/** `stack history`: what was done to a stack, the newest first. */
import { UserError } from "../../common/errors.ts";
import { hasSecure } from "../config/resolve.ts";
import type { Color, Paint } from "../display/colors.ts";
import { durationText } from "../display/summary.ts";
import { historyOf, type UpdateInfo } from "../state/history.ts";
import { goJson } from "../state/json.ts";
import type { Crypter } from "../state/secrets.ts";
import { crypterOf } from "./config.ts";
import type { Options } from "./options.ts";
import { entryOf, hiding } from "./setting-entries.ts";
import { openTerminal } from "./terminal.ts";
import { findTarget, openWorkspace } from "./workspace.ts";

const PAGE_SIZE = 10;

export async function stackHistory(options: Options): Promise<number> {
    const { screen, paint } = openTerminal(options);
    const page = wholeOf(options.page, 1, 1, "page");
    const size = wholeOf(options["page-size"], PAGE_SIZE, 0, "page-size");
    const workspace = await openWorkspace(options);
    const { reference, settings } = await findTarget(workspace, options);
    const updates = await historyOf(workspace.backend, reference, size ? { from: (page - 1) * size, count: size } : undefined);
    const open = options["show-secrets"] === true;
    if (options.json) {
        const sealed = updates.some(({ config }) => Object.values(config).some(hasSecure));
        const crypter = open && sealed ? await crypterOf(settings) : hiding;
        screen.write(
            `${goJson(
                updates.map((update) => entryOfUpdate(update, crypter, open)),
                "  ",
            )}\n`,
        );
        return 0;
    }
    if (!updates.length) screen.write(page > 1 ? `There are no updates on page ${page}.\n` : "The stack was never updated.\n");
    for (const update of updates)
        screen.write(
            linesOf(update, paint, options["full-dates"] === true)
                .map((line) => `${line}\n`)
                .join(""),
        );
    return 0;
}

function wholeOf(text: string | undefined, standard: number, least: number, option: string): number {
    const value = text === undefined ? standard : Number(text);
    if (!Number.isInteger(value) || value < least)
        throw new UserError(`--${option} must be a whole number from ${least} on, found "${text}".`);
    return value;
}

function entryOfUpdate(update: UpdateInfo, crypter: Pick<Crypter, "decrypt">, open: boolean): object {
    const { version, kind, startTime, message, environment, config, result, endTime, resourceChanges } = update;
    const entries = Object.entries(config).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return {
        version,
        kind,
        startTime: dateOf(startTime),
        message,
        environment,
        config: Object.fromEntries(
            entries.map(([key, raw]) => {
                const secret = hasSecure(raw);
                try {
                    return [key, entryOf(raw, secret, crypter, open || !secret)];
                } catch {
                    // Encrypted by a key of that time.
                    return [key, { value: "ERROR_UNABLE_TO_DECRYPT", secret }];
                }
            }),
        ),
        result,
        ...(result !== "in-progress" && { endTime: dateOf(endTime), resourceChanges: resourceChanges ?? {} }),
    };
}

function dateOf(seconds: number): string {
    return new Date(seconds * 1000).toISOString();
}

const SIGNS = [
    ["create", "green", "+"],
    ["delete", "red", "-"],
    ["update", "yellow", "~"],
    ["same", "blue", " "],
] as const satisfies readonly (readonly [string, Color, string])[];

function linesOf(update: UpdateInfo, paint: Paint, full: boolean): string[] {
    const { version, kind, result, message, startTime, endTime, resourceChanges = {}, environment } = update;
    const changes = SIGNS.map(([op, color, sign]) => paint(color, `${sign}${resourceChanges[op] ?? 0}`)).join("");
    const environments = Object.entries(environment).filter(([, value]) => value.trim() !== "");
    return [
        `Version: ${version}`,
        `UpdateKind: ${kind}`,
        paint(result === "succeeded" ? "green" : "red", `Status: ${result}`),
        `Message: ${message}`,
        `${changes} Updated ${full ? dateOf(startTime) : ago(Date.now() / 1000 - startTime)} took ${durationText((endTime - startTime) * 1000)}`,
        ...environments.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `    ${key}: ${value}`),
        "",
    ];
}

const UNITS = [
    ["year", 365 * 86400],
    ["month", 30 * 86400],
    ["week", 7 * 86400],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
] as const;

/** `3 minutes ago` */
function ago(seconds: number): string {
    for (const [unit, length] of UNITS) {
        const count = Math.floor(Math.max(seconds, 0) / length);
        if (count) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
    return "now";
}
