/** A whole platform of its own beside any other: state folder, ports and settings file, driven through the npm commands. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseDocument, stringify } from "yaml";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { freePorts } from "./ports.ts";

export interface Platform {
    readonly folder: string;
    readonly stateDir: string;
    readonly settingsFile: string;
    readonly gateway: string;
    readonly registryPort: number;
    /** Runs `npm run <command>` without npm, to its end. */
    command(name: string, args?: readonly string[], onLine?: (line: string) => void): Promise<RunResult & { readonly seconds: number }>;
    /** The same for a command that knows `--stack` and `--config-file`. */
    engine(name: string, args?: readonly string[]): Promise<RunResult & { readonly seconds: number }>;
    /** Starts the engine's command as one process that can be killed; its output is read by the caller. */
    spawnEngine(name: string, args: readonly string[]): ChildProcessByStdio<null, Readable, Readable>;
    /** Changes the stack's configuration, as a user edits the file. */
    changeSettings(change: (config: Record<string, unknown>) => void): Promise<void>;
    /** Stops the cluster and removes everything. */
    remove(): Promise<void>;
}

/** Makes a platform that has not been started. Nothing is running until `command("start")`. */
export async function makePlatform(): Promise<Platform> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-"));
    const stateDir = join(folder, "state");
    const settingsFile = join(folder, "Pulumi.embedded.yaml");
    const [api = 0, gateway = 0, tls = 0, registry = 0] = await freePorts(4);
    const settings = parseDocument(await readFile(join(projectRoot, "Pulumi.embedded.yaml"), "utf8"));
    const topology = { kind: "embedded", apiPort: api, gatewayPort: gateway, gatewayTlsPort: tls, registryPort: registry };
    settings.setIn(["config", "mcp-platform:topology"], topology);
    await writeFile(settingsFile, settings.toString());

    const env = {
        MCP_PLATFORM_STATE: stateDir,
        PULUMI_BACKEND_URL: undefined,
        PULUMI_CONFIG_PASSPHRASE: undefined,
        PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
        NO_COLOR: "1",
    };
    const command: Platform["command"] = async (name, args = [], onLine) => {
        const begun = performance.now();
        const result = await run(process.execPath, [join(projectRoot, "bin/run.mjs"), name, ...args], {
            cwd: projectRoot,
            env,
            ...(onLine && { onLine }),
        });
        return { ...result, seconds: (performance.now() - begun) / 1000 };
    };
    const onStack = ["--stack", "embedded", "--config-file", settingsFile];
    return {
        folder,
        stateDir,
        settingsFile,
        gateway: `http://127.0.0.1:${gateway}`,
        registryPort: registry,
        command,
        engine: (name, args = []) => command(name, [...onStack, ...args]),
        spawnEngine: (name, args) =>
            spawn(process.execPath, [join(projectRoot, "bin/main.ts"), name, ...onStack, ...args], {
                cwd: projectRoot,
                env: { ...process.env, ...env },
                stdio: ["ignore", "pipe", "pipe"],
            }),
        async changeSettings(change) {
            const document = parse(await readFile(settingsFile, "utf8")) as { config: Record<string, unknown> };
            change(document.config);
            await writeFile(settingsFile, stringify(document));
        },
        async remove() {
            await command("stop");
            await rm(folder, { recursive: true, force: true });
        },
    };
}
