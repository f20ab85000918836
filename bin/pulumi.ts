/** `npm run pulumi -- …`: the official Pulumi CLI on the same stacks, with this project's state and passphrase. */
import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { constants as system, homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { backendUrl, openWorkspace } from "../embedded/engine/commands/workspace.ts";
import { useStateRoot } from "./environment.ts";

/** The npm package that brings the CLI: it looks for the program in `PULUMI_HOME` and downloads it when it is not there. */
const PACKAGE = join(projectRoot, "node_modules", "pulumi");

/**
 * Runs the CLI to its end.
 * @param runner the package's program; another one in tests
 * @returns the CLI's exit code
 * @throws UserError when there is no CLI, and none could be downloaded
 */
export async function main(args: readonly string[], runner = join(PACKAGE, "run.js")): Promise<number> {
    await useStateRoot();
    const workspace = await openWorkspace({});
    // A folder is named from its root on: the CLI would look for a relative one where it is called.
    const url = workspace.backend.storage.local ? workspace.backend.url : backendUrl(workspace.project);
    const child = spawn(process.execPath, [runner, ...args], {
        stdio: "inherit",
        env: { ...process.env, PULUMI_BACKEND_URL: url, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) },
    });
    const end = (): void => void child.kill("SIGTERM");
    process.on("SIGINT", letItEnd);
    process.on("SIGTERM", end);
    try {
        const code = await new Promise<number>((resolve, reject) => {
            child.on("error", reject);
            child.on("close", (exit, signal) => resolve(signal ? 128 + system.signals[signal] : (exit ?? 1)));
        });
        if (code !== 0 && !isProgram(programFile())) throw noProgram();
        return code;
    } finally {
        process.off("SIGINT", letItEnd);
        process.off("SIGTERM", end);
    }
}

/** A terminal sends its interrupt to the CLI as well, which ends in its own time. */
function letItEnd(): void {}

/** Where the package looks for the CLI. */
function programFile(): string {
    const home = process.env["PULUMI_HOME"] || join(homedir(), ".pulumi");
    return join(home, "versions", versionOf(), "bin", process.platform === "win32" ? "pulumi.exe" : "pulumi");
}

function versionOf(): string {
    const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as { version: string };
    return process.env["PULUMI_VERSION"] || version;
}

function isProgram(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

function noProgram(): UserError {
    const file = programFile();
    return new UserError(
        `The official Pulumi CLI ${versionOf()} is not on this machine and could not be downloaded. Where there is no way to its downloads, unpack its archive so that the program is ${file} (PULUMI_HOME names another place than ${join(homedir(), ".pulumi")}), or use the embedded engine: npm run preview, npm run up.`,
    );
}
