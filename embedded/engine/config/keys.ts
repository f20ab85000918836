/** The keys of settings as a command line names them: `key`, `namespace:key`, and with `--path` what is inside their values. */
import { UserError } from "../../common/errors.ts";
import { parsePath, type PathSegment } from "../paths.ts";

export interface SettingKey {
    /** `namespace:name` */
    readonly key: string;
    /** What is meant inside the value; empty for all of it. */
    readonly inside: readonly PathSegment[];
}

/** @param path whether the text is a path: `name.inner[0]`, `["a.name"]["inner.name"]` */
export function parseKey(text: string, project: string, path: boolean): SettingKey {
    const end = path ? text.search(/[.[]/) : -1;
    const [top, rest] = end > 0 ? [text.slice(0, end), text.slice(end)] : [text, ""];
    const quoted = path && end === 0;
    const parts = quoted ? [top] : top.split(":");
    const [namespace, name] =
        parts.length === 1 ? [project, top] : parts.length === 3 && parts[1] === "config" ? [parts[0], parts[2]] : parts;
    if (parts.length > 3 || (parts.length === 3 && parts[1] !== "config") || !namespace || (!name && !rest))
        throw new UserError(`"${text}" is no key of a setting: write KEY or NAMESPACE:KEY.`);
    if (!path) return { key: `${namespace}:${name}`, inside: [] };
    const [first, ...inside] = parsePath(`${name ?? ""}${rest}`);
    if (typeof first !== "string" || first === "")
        throw new UserError(`"${text}" must begin with the key of a setting, not with an index.`);
    return { key: `${namespace}:${first}`, inside };
}

/** The key without the project's own namespace. */
export function shortKey(key: string, project: string): string {
    return key.startsWith(`${project}:`) ? key.slice(project.length + 1) : key;
}
