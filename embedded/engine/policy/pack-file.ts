/** A policy pack's folder as it stands on disk, checked before anything is started. */
import { access, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf, UserError } from "../../common/errors.ts";
import { isMap, parseYaml } from "../config/yaml.ts";

export interface PackFolder {
    /** The path as it was given, for messages. */
    readonly given: string;
    readonly folder: string;
    /** What the runner is told to run: `main` of `PulumiPolicy.yaml`, else the folder, of which `package.json` names the entry. */
    readonly entry: string;
    /** Stands in place of the version in `package.json`. */
    readonly version?: string | undefined;
}

/**
 * Reads the folder of a policy pack.
 * @param given relative to `cwd`, or absolute
 * @throws UserError that names the folder or file and what it lacks
 */
export async function readPackFolder(given: string, cwd: string): Promise<PackFolder> {
    const folder = resolve(cwd, given);
    const subject = `The policy pack ${given} (--policy-pack)`;
    if (!(await exists(folder))) throw new UserError(`${subject} does not exist: there is no folder ${folder}.`);
    const file = join(folder, "PulumiPolicy.yaml");
    const text = await readFile(file, "utf8").catch((error: unknown) => {
        throw new UserError(
            isMissing(error)
                ? `${subject} has no PulumiPolicy.yaml: name the folder that holds one, with at least "runtime: nodejs" in it.`
                : `${file} cannot be read: ${messageOf(error)}`,
        );
    });
    const { runtime, version, main } = parseYaml(text, file);
    const language = isMap(runtime) ? runtime["name"] : runtime;
    if (language !== "nodejs") {
        throw new UserError(
            `${file}: runtime is ${JSON.stringify(language ?? null)}, but the embedded engine runs policy packs of nodejs only. Set "runtime: nodejs", or use the official engine.`,
        );
    }
    for (const [key, value] of Object.entries({ version, main })) {
        if (value !== undefined && typeof value !== "string")
            throw new UserError(`${file}: ${key} must be a text, found ${JSON.stringify(value)}.`);
    }
    if (!(await exists(join(folder, "package.json")))) {
        throw new UserError(`${subject} has no package.json: write one with "name", "version" and "main" (an index.mts or index.js).`);
    }
    return { given, folder, entry: (main as string | undefined) || ".", version: (version as string | undefined) || undefined };
}

async function exists(path: string): Promise<boolean> {
    return await access(path).then(
        () => true,
        () => false,
    );
}

function isMissing(error: unknown): boolean {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
