/** Builders and helpers of the tests around the engine: state, secrets, commands, display. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";
import { nothingKept, type ResourceState, type Snapshot } from "../../embedded/engine/state/snapshot.ts";
import type { SecretsManager } from "../../embedded/engine/state/secrets.ts";

const folders: string[] = [];

/** A folder of its own for a test; {@link removeFolders} removes it. */
export async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "engine-shell-"));
    folders.push(folder);
    return folder;
}

export async function removeFolders(): Promise<void> {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

export const urn = (type: string, name: string): string => `urn:pulumi:dev::trial::${type}::${name}`;
export const STACK = urn("pulumi:pulumi:Stack", "trial-dev");

/** The folder of a backend. */
export const rootOf = ({ url }: { readonly url: string }): string => url.slice("file://".length);

/** A resource with what is named, and nothing else. */
export function resource(type: string, name: string, more: Partial<ResourceState> = {}): ResourceState {
    return {
        urn: urn(type, name),
        custom: true,
        type,
        inputs: {},
        outputs: {},
        ...nothingKept,
        ...more,
    };
}

export function snapshot(...resources: ResourceState[]): Snapshot {
    return { resources, pendingOperations: [] };
}

/** A double of the secrets manager: reversible, visible, and different for every encryption, like the real one. */
export function countingManager(): SecretsManager & { count: number } {
    return {
        count: 0,
        provider: { type: "passphrase", state: { salt: "v1:double" } },
        encrypt(text) {
            return `sealed${++this.count}:${Buffer.from(text).toString("hex")}`;
        },
        decrypt: (text) => Buffer.from(text.split(":")[1] ?? "", "hex").toString(),
    };
}

export interface CommandResult {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
    }
}

/** A project whose program uses the SDK of this checkout. */
export async function projectFolder(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await temporaryFolder();
    await symlink(join(projectRoot, "node_modules"), join(folder, "node_modules"));
    await writeFiles(folder, { "package.json": '{"name":"trial","type":"module"}', ...files });
    return folder;
}

export const PASSPHRASE = "correct horse battery staple";

/** Runs the command line as a process of its own, in `folder`. */
export function command(
    folder: string,
    args: readonly string[],
    options: {
        env?: Record<string, string | undefined>;
        input?: string | Uint8Array;
        onSpawn?: (child: ReturnType<typeof spawn>) => void;
    } = {},
): Promise<CommandResult> {
    const script = `import { main } from ${JSON.stringify(join(projectRoot, "embedded/engine/cli.ts"))}; process.exitCode = await main(process.argv.slice(1));`;
    const env = {
        ...process.env,
        NODE_OPTIONS: "",
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_BACKEND_URL: `file://${folder}/state`,
        MCP_PLATFORM_STATE: join(folder, "state"),
        PULUMI_STACK: undefined,
        CI: undefined,
        ...options.env,
    };
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script, "--", ...args], {
        cwd: folder,
        env,
        stdio: ["pipe", "pipe", "pipe"],
    });
    options.onSpawn?.(child);
    child.stdin.on("error", () => {}).end(options.input);
    const out = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (out.stderr += text));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve({ code, ...out }));
    });
}
