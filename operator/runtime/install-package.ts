import { mkdirSync, openSync, readFileSync, readSync, closeSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PackageToInstall {
    readonly name: string | undefined;
    /** An exact version. */
    readonly version: string | undefined;
    /** Where `node_modules` and the link `entry` are made. */
    readonly folder: string | undefined;
    /** Base URL of the registry; default npm's own. */
    readonly registry: string | undefined;
}

/**
 * Installs an npm package and its production dependencies with npm's own installer, without running any install script, and links
 * the program it provides as `FOLDER/entry`, so that `node FOLDER/entry` starts it. May be repeated.
 * @throws with what the registry said, or when the package provides no single program
 */
export async function installPackage({ name, version, folder, registry }: PackageToInstall): Promise<number> {
    if (!name || !version || !folder) throw new Error("a package, a version and a folder are needed: install-package NAME VERSION DIR");
    const begun = performance.now();
    process.stdout.write(`installing ${name}@${version}\n`);
    const { Arborist } = await import("@npmcli/arborist");
    mkdirSync(folder, { recursive: true });
    const options = { path: folder, cache: join(tmpdir(), "npm-cache"), ignoreScripts: true, omit: ["dev"], audit: false, binLinks: false };
    const installer = new Arborist({ ...options, ...(registry && { registry }) });
    let count: number;
    try {
        count = (await installer.reify({ add: [`${name}@${version}`], omit: ["dev"], save: true })).inventory.size - 1;
    } catch (error) {
        throw new Error(explain(name, version, error), { cause: error });
    }
    const entry = programOf(join(folder, "node_modules", name), name);
    rmSync(join(folder, "entry"), { force: true });
    symlinkSync(join("node_modules", name, entry), join(folder, "entry"));
    process.stdout.write(
        `installed ${count} packages in ${((performance.now() - begun) / 1000).toFixed(1)} s; the server is ${name}/${entry}\n`,
    );
    return 0;
}

/** Path of the package's program inside it. */
function programOf(packageFolder: string, name: string): string {
    const { bin } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { bin?: string | Record<string, string> };
    const programs = typeof bin === "string" ? { [name]: bin } : (bin ?? {});
    const names = Object.keys(programs);
    const chosen = (names.length === 1 ? programs[names[0] ?? ""] : programs[name.replace(/^@[^/]*\//, "")]) ?? undefined;
    if (chosen === undefined) {
        const found = names.length ? `it provides ${names.join(", ")}, none of them named like the package` : "it provides none";
        throw new Error(`${name} has no program to start: ${found}; an MCP server's package has one entry under "bin"`);
    }
    const path = join(chosen); // without a leading "./"
    const descriptor = openSync(join(packageFolder, path), "r");
    const head = Buffer.alloc(128);
    const length = readSync(descriptor, head);
    closeSync(descriptor);
    const [line = ""] = head.toString("utf8", 0, length).split("\n");
    if (line.startsWith("#!") && !line.includes("node"))
        throw new Error(`${name} starts with "${line}": only programs for Node can be run from a package; use an image`);
    return path;
}

function explain(name: string, version: string, error: unknown): string {
    const { code, message } = error as { code?: string; message?: string };
    if (code === "E404") return `the registry has no package ${name}`;
    if (code === "ETARGET") return `the registry has no version ${version} of ${name}`;
    if (code === "E401" || code === "E403") return `the registry refuses ${name}: ${message ?? code}`;
    if (code && /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR)$/.test(code)) {
        return `the registry cannot be reached (${message ?? code}): allow egress to it from the servers' namespace, or name another registry`;
    }
    return `${name}@${version} cannot be installed: ${message ?? String(error)}`;
}
