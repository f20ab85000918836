/** Reading YAML that people write: mistakes are answered with file, line and column. */
import { parseDocument } from "yaml";
import { UserError } from "../../common/errors.ts";

export function isMap(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A YAML file that is a map. @throws UserError with line and column of every mistake */
export function parseYaml(text: string, file: string): Record<string, unknown> {
    const document = parseDocument(text, { prettyErrors: true });
    if (document.errors.length)
        throw new UserError(`${file} is not valid YAML:\n${document.errors.map((e) => e.message.trimEnd()).join("\n")}`);
    const value: unknown = document.toJS() ?? {};
    if (!isMap(value))
        throw new UserError(`${file} must be a map of keys to values, found ${Array.isArray(value) ? "a list" : JSON.stringify(value)}.`);
    return value;
}

/** `1 mistake`, `2 mistakes` */
export function count(n: number, noun: string): string {
    return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
