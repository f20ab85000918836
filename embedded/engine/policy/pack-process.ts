/** The process of a policy pack, run by the SDK's own runner: its start, what it prints, and its end. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { UserError } from "../../common/errors.ts";
import { cacheRoot } from "../../common/paths.ts";
import type { PackFolder } from "./pack-file.ts";

/** How long a pack may take to say where it listens: a large one on a slow machine takes some seconds. Milliseconds. */
const START_MS = 60_000;
/** How long a pack may take to end when asked. Milliseconds. */
const END_MS = 2_000;
/** The lines kept of what a pack that did not start has said. */
const KEPT_LINES = 40;

export interface PackProcess {
    /** The port on the loopback where it answers. */
    readonly port: number;
    /** Resolves with a sentence when the process is gone, whoever ended it. */
    readonly ended: Promise<string>;
    /** Ends it, and returns when it is gone. */
    stop(): Promise<void>;
}

export interface PackProcessOptions {
    /** The environment that only the pack sees: the stack's settings, names, and whether this is a preview. */
    readonly settings: Readonly<Record<string, string>>;
    /** Each line that it prints once it has started. */
    readonly onLine: (line: string, stream: "stdout" | "stderr") => void;
    readonly signal: AbortSignal;
    /** For tests: how long it may take to start. */
    readonly startMs?: number;
}

/** Starts a pack; throws {@link UserError} with what it said when it does not come up. */
export async function startPack(pack: PackFolder, options: PackProcessOptions): Promise<PackProcess> {
    options.signal.throwIfAborted();
    const child = spawn(
        process.execPath,
        [
            // What the pack's author cannot change in the runner.
            "--disable-warning=ExperimentalWarning",
            `--import=${new URL("./preload.mjs", import.meta.url).href}`,
            runner(pack),
            // The runner wants an engine's address in this place and does not use it.
            "127.0.0.1:0",
            pack.entry,
        ],
        {
            cwd: pack.folder,
            env: {
                NODE_COMPILE_CACHE: join(cacheRoot(), "node-compile-cache"),
                ...process.env,
                NODE_OPTIONS: undefined,
                PULUMI_CONFIG_PASSPHRASE: undefined,
                PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
            },
            stdio: ["pipe", "pipe", "pipe", "pipe"],
            // Ctrl-C is for the engine alone, which then sees to it that its packs end.
            detached: true,
        },
    );
    const settings = child.stdio[3];
    if (settings && "end" in settings) settings.on("error", () => {}).end(JSON.stringify(options.settings));
    child.stdin.on("error", () => {}); // gone before it was told to end

    let port: number | undefined;
    const listening = Promise.withResolvers<number>();
    const said: [line: string, stream: "stdout" | "stderr"][] = [];
    for (const stream of ["stdout", "stderr"] as const) {
        createInterface({ input: child[stream] }).on("line", (line) => {
            if (port === undefined && stream === "stdout" && /^\d{1,5}$/.test(line)) listening.resolve((port = Number(line)));
            else if (port === undefined) said.push([line, stream]);
            else options.onLine(line, stream);
        });
    }
    const gone = new Promise<string>((resolve) => {
        child.on("error", (error) => resolve(`could not be started: ${error.message}`));
        child.on("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code ?? "?"}`));
    });
    const stop = async (): Promise<void> => {
        child.stdin.end();
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
        await gone;
        clearTimeout(timer);
    };

    const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(options.startMs ?? START_MS)]);
    const late = new Promise<"late">((resolve) => deadline.addEventListener("abort", () => resolve("late"), { once: true }));
    const outcome = await Promise.race([listening.promise, gone, late]);
    if (typeof outcome === "number") {
        for (const [line, stream] of said) options.onLine(line, stream);
        return { port: outcome, ended: gone, stop };
    }
    await stop();
    options.signal.throwIfAborted();
    const reason = outcome === "late" ? `did not start within ${(options.startMs ?? START_MS) / 1000} s` : outcome;
    throw new UserError(
        notStarted(
            pack,
            reason,
            said.map(([line]) => line),
        ),
    );
}

function notStarted({ given, folder }: PackFolder, reason: string, said: readonly string[]): string {
    const lines = ownLines(said, folder);
    const text = lines.join("\n");
    const fix = /Cannot find (?:module|package) '@pulumi\/policy'/.test(text)
        ? ` Its dependencies are not installed: run "npm install" in ${folder}.`
        : /^\s*TSError/m.test(text)
          ? " The SDK compiles an entry named .ts with TypeScript 3.8, or with the pack's own TypeScript below 7: name the entry index.mts, which Node runs as it is."
          : "";
    return `The policy pack ${given} ${reason} before it was ready.${fix}${lines.length ? ` It said:\n${lines.map((line) => `    ${line}`).join("\n")}` : " Does its entry make a new PolicyPack(…)?"}`;
}

/** What a pack said, without the frames of the runner and of Node: the stack that is left is the pack's own. */
export function ownLines(said: readonly string[], folder: string): string[] {
    const places = [folder, pathToFileURL(folder).href];
    return said
        .map((line) => stripVTControlCharacters(line))
        .filter(
            (line) =>
                line.trim() &&
                (!/^\s+at /.test(line) || (places.some((place) => line.includes(place)) && !line.includes("/node_modules/"))),
        )
        .slice(-KEPT_LINES);
}

/** The SDK's runner as the pack's own `@pulumi/pulumi` has it. */
function runner({ folder, given }: PackFolder): string {
    for (const from of [join(folder, "package.json"), import.meta.url]) {
        try {
            return createRequire(from).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
        } catch {
            // not installed beside the pack: use the engine's own
        }
    }
    throw new UserError(`@pulumi/pulumi is not installed for the policy pack ${given}. Run "npm install" in ${folder}.`);
}
