/** Where a project's program is. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../common/errors.ts";
import type { EngineRun } from "./run.ts";

/** The folder the program runs in, and its entry as the runner wants it: `.` leaves the choice to `package.json`. */
export function locateProgram(run: Pick<EngineRun, "project">): { readonly folder: string; readonly entry: string } {
    const { root, main } = run.project;
    if (!main) return { folder: root, entry: "." };
    const path = resolve(root, main);
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) throw new UserError(`Pulumi.yaml names "${main}" as main, which does not exist below ${root}. Correct or remove "main".`);
    return found.isDirectory() ? { folder: path, entry: "." } : { folder: dirname(path), entry: path };
}
