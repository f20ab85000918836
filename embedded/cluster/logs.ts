/** Showing the components' logs. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../common/errors.ts";
import { readText } from "./files.ts";
import { layoutOf } from "./layout.ts";

/** One log: `hub/etcd`, `node-1/kubelet`, `supervisor`. */
export interface LogFile {
    readonly name: string;
    readonly path: string;
}

/** All logs of a cluster, the supervisor's first. */
export function logFiles(stateDir: string): LogFile[] {
    const layout = layoutOf(stateDir);
    const nodesFolder = dirname(layout.node("x").root);
    const names = existsSync(nodesFolder) ? readdirSync(nodesFolder).toSorted() : [];
    const folders = [
        ["hub", layout.hub.logs] as const,
        ["enforcer", layout.enforcer.logs] as const,
        ...names.map((name) => [name, layout.node(name).logs] as const),
    ];
    const trees = folders.flatMap(([tree, folder]) =>
        (existsSync(folder) ? readdirSync(folder) : [])
            .filter((file) => file.endsWith(".log"))
            .toSorted()
            .map((file) => ({ name: `${tree}/${basename(file, ".log")}`, path: join(folder, file) })),
    );
    return [{ name: "supervisor", path: layout.supervisorLog }, ...trees];
}

/** The logs a user means by `hub/etcd`, by `kubelet` (on every node), or by `node-1` (all of it). */
export function chooseLogs(files: readonly LogFile[], wanted: string | undefined): LogFile[] {
    if (wanted === undefined) return files.filter((file) => !file.name.endsWith("/audit"));
    const chosen = files.filter(({ name }) => name === wanted || name.split("/").includes(wanted));
    if (chosen.length) return chosen;
    throw new UserError(`There is no log of "${wanted}". There are: ${files.map((file) => file.name).join(", ") || "none yet"}.`);
}

export function lastLines(path: string, lines: number): string[] {
    const all = (readText(path) ?? "").split("\n");
    if (all.at(-1) === "") all.pop();
    return lines > 0 ? all.slice(-lines) : [];
}

/** Prints what is appended to the files, until the signal. */
export async function followLogs(
    files: readonly LogFile[],
    print: (name: string, line: string) => void,
    signal: AbortSignal,
): Promise<void> {
    const states = files.map((file) => ({ file, at: statSync(file.path, { throwIfNoEntry: false })?.size ?? 0, rest: "" }));
    while (!signal.aborted) {
        for (const state of states) {
            const size = statSync(state.file.path, { throwIfNoEntry: false })?.size ?? 0;
            if (size < state.at) state.at = 0; // rotated
            if (size === state.at) continue;
            const text = state.rest + readPart(state.file.path, state.at, size);
            state.at = size;
            const lines = text.split("\n");
            state.rest = lines.pop() ?? "";
            for (const line of lines) print(state.file.name, line);
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
}

function readPart(path: string, from: number, to: number): string {
    const file = openSync(path, "r");
    try {
        const part = Buffer.alloc(to - from);
        return part.toString("utf8", 0, readSync(file, part, 0, part.length, from));
    } finally {
        closeSync(file);
    }
}
