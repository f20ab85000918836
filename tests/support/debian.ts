/** Debian packages unpacked into a folder of the cache instead of installed: their programs, and no service that starts. */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensureEntry } from "../../embedded/cluster/build/ensure.ts";
import { cacheRoot } from "../../embedded/common/paths.ts";
import { check, run } from "../../embedded/common/process.ts";

/**
 * The folder with `usr`, `etc` and `var` of the packages as they are in Debian today; nothing they depend on is added.
 * @returns undefined when they cannot be had
 */
export async function unpackedPackages(names: readonly string[]): Promise<string | undefined> {
    const versions = (await versionsOf(names)) ?? ((await run("apt-get", ["update"]).catch(() => undefined)) && (await versionsOf(names)));
    if (!versions) return undefined;
    const key = createHash("sha256").update(JSON.stringify(versions)).digest("hex");
    const folder = join(cacheRoot(), "tests", `packages-${names[0] ?? ""}-${key.slice(0, 12)}`);
    const make = async (output: string, scratch: string): Promise<Record<string, string>> => {
        await check("apt-get", ["download", ...names], { cwd: scratch });
        for (const file of await readdir(scratch)) await check("dpkg", ["-x", join(scratch, file), output]);
        await mergeUsr(output);
        return versions;
    };
    return await ensureEntry({ folder, key, title: `Unpacking ${names.join(", ")}`, make, keep: 2 }).then(
        () => folder,
        () => undefined,
    );
}

/** The candidates' versions; undefined when the package lists name not all of them. */
async function versionsOf(names: readonly string[]): Promise<Record<string, string> | undefined> {
    const shown = await run("apt-cache", ["show", "--no-all-versions", ...names]).catch(() => undefined);
    const found = [...(shown?.stdout ?? "").matchAll(/^Package: (\S+)$[^]*?^Version: (\S+)$/gm)];
    const versions = Object.fromEntries(found.map(([, name = "", version = ""]) => [name, version]));
    return names.every((name) => versions[name]) ? versions : undefined;
}

/** Puts what packages still have in /lib and /bin where the links of a running system lead. */
async function mergeUsr(root: string): Promise<void> {
    for (const name of ["bin", "sbin", "lib"]) {
        const old = join(root, name);
        await mkdir(join(root, "usr"), { recursive: true });
        await cp(old, join(root, "usr", name), { recursive: true, verbatimSymlinks: true }).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== "ENOENT") throw error;
        });
        await rm(old, { recursive: true, force: true });
    }
    for (const name of ["usr", "etc"]) await mkdir(join(root, name), { recursive: true });
}
