/** The process that runs the user's program with the SDK's own runner. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cacheRoot } from "../../common/paths.ts";
import { UserError } from "../../common/errors.ts";
import { eachLine } from "../../common/lines.ts";
import { locateProgram } from "../location.ts";
import type { EngineRun } from "../run.ts";

/** How the SDK's runner ends when it has already reported why. */
export const EXIT_REPORTED = 32;

export interface ProgramEnd {
    /** The exit code; undefined when a signal ended the process. */
    readonly code: number | undefined;
    readonly signal: NodeJS.Signals | undefined;
}

export interface Program {
    readonly ended: Promise<ProgramEnd>;
    /** Asks the process to end, and makes sure that it does. */
    stop(): void;
}

export interface ProgramOptions {
    readonly address: string;
    readonly preview: boolean;
    /** Each line the program prints. */
    readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** Starts the program of a run. */
export function startProgram(run: EngineRun, options: ProgramOptions): Program {
    if (run.project.runtimeOptions["typescript"] !== false) {
        throw new UserError(
            'The embedded engine runs TypeScript as Node does, by stripping the types. Set "runtime: { name: nodejs, options: { typescript: false } }" in Pulumi.yaml.',
        );
    }
    const { folder, entry } = locateProgram(run);
    const child = spawn(
        process.execPath,
        [
            ...nodeArguments(run.project.runtimeOptions["nodeargs"]),
            // A resource that fails rejects outputs that the program may look at later.
            "--disable-warning=PromiseRejectionHandledWarning",
            `--import=${new URL("./preload.mjs", import.meta.url).href}`,
            runner(run.project.root),
            `--monitor=${options.address}`,
            `--engine=${options.address}`,
            `--project=${run.project.name}`,
            `--root-directory=${run.project.root}`,
            `--stack=${run.stack}`,
            `--organization=${run.organization}`,
            `--pwd=${folder}`,
            ...(options.preview ? ["--dry-run"] : []),
            `--parallel=${run.parallel}`,
            entry,
        ],
        {
            cwd: folder,
            env: {
                NODE_COMPILE_CACHE: join(cacheRoot(), "node-compile-cache"),
                ...process.env,
                NODE_OPTIONS: undefined,
                PULUMI_NODEJS_TYPESCRIPT: "false",
            },
            stdio: ["ignore", "pipe", "pipe", "pipe"],
            // Ctrl-C is for the engine alone, which then sees to it that the program ends.
            detached: true,
        },
    );
    for (const stream of ["stdout", "stderr"] as const) {
        const output = child[stream];
        if (output) eachLine(output, (line) => options.onLine(line, stream));
    }
    const settings = child.stdio[3];
    if (settings && "end" in settings) {
        settings.on("error", () => {}); // a process that ended at once is reported by its exit code
        settings.end(
            JSON.stringify({ PULUMI_CONFIG: JSON.stringify(run.config), PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.configSecretKeys) }),
        );
    }
    // A program that hangs must not outlive the engine.
    const endNow = (): void => void child.kill("SIGKILL");
    process.once("exit", endNow);
    let killTimer: NodeJS.Timeout | undefined;
    return {
        ended: new Promise((resolveEnd, reject) => {
            child.on("error", reject);
            child.on("close", (code, signal) => {
                clearTimeout(killTimer);
                process.off("exit", endNow);
                resolveEnd({ code: code ?? undefined, signal: signal ?? undefined });
            });
        }),
        stop() {
            if (child.exitCode !== null || child.signalCode !== null || killTimer) return;
            child.kill("SIGTERM");
            killTimer = setTimeout(() => child.kill("SIGKILL"), 2_000);
        },
    };
}

/** The SDK's runner as the program's own `@pulumi/pulumi` has it. */
function runner(root: string): string {
    for (const from of [join(root, "package.json"), import.meta.url]) {
        try {
            return createRequire(from).resolve("@pulumi/pulumi/cmd/run/index.js");
        } catch {
            // not installed beside the program: use the engine's own
        }
    }
    throw new UserError(`@pulumi/pulumi is not installed in ${root}. Run "npm ci" there.`);
}

function nodeArguments(value: unknown): string[] {
    return typeof value === "string" ? value.split(/\s+/).filter(Boolean) : [];
}
