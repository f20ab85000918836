/** Folders with plugins: executables as Pulumi looks for them. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of the test's own with what plugins are found by. */
export class PluginHome {
    readonly folder = mkdtempSync(join(tmpdir(), "plugins-"));
    readonly #kept = { ...process.env };

    constructor() {
        // No plugin of this machine is to be found.
        this.set({
            PULUMI_HOME: this.folder,
            PATH: "/usr/bin:/bin",
            OUTSIDE_LOG: join(this.folder, "log"),
            OUTSIDE_PIDS: join(this.folder, "pids"),
        });
    }

    set(variables: Record<string, string>): void {
        Object.assign(process.env, variables);
    }

    /** Installs a plugin: the one of `outside.ts`, or a shell script of another content. */
    install(version: string, script?: string): string {
        return this.place(join("plugins", `resource-outside-v${version}`), script);
    }

    /** Puts a plugin into a folder below this one, and returns its path. */
    place(folder: string, script = `exec "${process.execPath}" "${join(import.meta.dirname, "outside.ts")}" "$@"`): string {
        const path = join(this.folder, folder);
        mkdirSync(path, { recursive: true });
        const file = join(path, "pulumi-resource-outside");
        writeFileSync(file, `#!/bin/sh\n${script}\n`);
        chmodSync(file, 0o755);
        return path;
    }

    /** What the plugins were asked since the last time. */
    log(): string[] {
        const file = join(this.folder, "log");
        const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
        rmSync(file, { force: true });
        return lines;
    }

    /** Plugins that are still running. */
    running(): number[] {
        const file = join(this.folder, "pids");
        const pids = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : [];
        return pids.filter((pid) => existsSync(`/proc/${pid}`));
    }

    remove(): void {
        for (const key of Object.keys(process.env)) if (!(key in this.#kept)) delete process.env[key];
        Object.assign(process.env, this.#kept);
        rmSync(this.folder, { recursive: true, force: true });
    }
}
