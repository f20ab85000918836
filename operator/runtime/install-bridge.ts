/** What runs before a server in its pod, from the operator image: installs the bridge, or an npm package, into a shared volume. */
import { constants, copyFileSync, cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** The operator's sources that the bridge consists of; it uses no packages. */
const SOURCES = ["package.json", "main.ts", "bridge"];
const sourceFolder = resolve(import.meta.dirname, "..");

interface Report {
    readonly sharedObjects: readonly string[];
}

/** The files of this very process's shared libraries and of the loader that loaded them. */
function sharedLibraries(): { readonly loader: string; readonly libraries: readonly string[] } {
    const report = process.report as typeof process.report & { excludeNetwork: boolean };
    report.excludeNetwork = true; // it would look up the names of all peers
    const files = (report.getReport() as unknown as Report).sharedObjects.filter((file) => file.startsWith("/"));
    const loader = files.find((file) => /^ld[-.]/.test(basename(file)));
    if (!loader)
        throw new Error("this Node is not dynamically linked against glibc: the operator image cannot provide the bridge to other images");
    return { loader, libraries: files.filter((file) => file !== loader && /\.so(\.|$)/.test(basename(file))) };
}

/**
 * Makes `folder` hold all that the bridge needs to run in any image of the same architecture, whatever C library that image has:
 *
 *     FOLDER/lib/ld.so --library-path FOLDER/lib FOLDER/bin/node FOLDER/app/operator/main.ts bridge -- COMMAND ARGS…
 *
 * Files are cloned where the file system can, otherwise copied inside the kernel. May be repeated.
 * @throws when the folder cannot be written
 */
export function installBridge(folder: string | undefined): number {
    if (!folder) throw new Error("no folder given: install-bridge DIR");
    const begun = performance.now();
    const { loader, libraries } = sharedLibraries();
    for (const part of ["bin", "lib", "app/operator"]) mkdirSync(join(folder, part), { recursive: true });
    let files = 0;
    const copy = (from: string, to: string): void => {
        // Never half a file under the final name: the container may be killed at any time and run again.
        const partial = `${join(folder, to)}.partial`;
        rmSync(partial, { force: true });
        copyFileSync(from, partial, constants.COPYFILE_FICLONE);
        renameSync(partial, join(folder, to));
        files++;
    };
    copy(loader, "lib/ld.so");
    for (const library of libraries) copy(library, join("lib", basename(library)));
    copy(process.execPath, "bin/node");
    for (const source of SOURCES) cpSync(join(sourceFolder, source), join(folder, "app/operator", source), { recursive: true });
    process.stdout.write(`bridge installed in ${folder}: ${files} binaries, ${Math.round(performance.now() - begun)} ms\n`);
    return 0;
}
