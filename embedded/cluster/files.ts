/** Files that are replaced whole, so that a crash or a reader in between never meets half of one. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** The text of a file, or undefined when there is none. */
export function readText(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
    }
}

/** The JSON in a file, or undefined when there is none or it is not JSON (a disk that was full). */
export function readJson<T>(path: string): T | undefined {
    const text = readText(path);
    if (text === undefined) return undefined;
    try {
        return JSON.parse(text) as T;
    } catch {
        return undefined;
    }
}

/** Writes a file whole, with its folder; answers whether its text changed. Mode 0600 unless told. */
export function writeText(path: string, text: string, mode = 0o600): boolean {
    if (readText(path) === text && (statSync(path).mode & 0o777) === mode) return false;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
    writeFileSync(temporary, text, { mode });
    renameSync(temporary, path);
    return true;
}

export function writeJson(path: string, value: unknown): boolean {
    return writeText(path, JSON.stringify(value, undefined, 1) + "\n");
}

export function remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
}

function isMissing(error: unknown): boolean {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "ENOENT" || code === "ENOTDIR";
}
