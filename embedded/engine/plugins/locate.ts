/** Finds official provider plugins where Pulumi looks for them. */
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

/** An entry of `plugins.providers` in Pulumi.yaml. */
export interface PluginSetting {
    readonly name: string;
    /** The folder that holds the executable, relative to the project's. */
    readonly path: string;
    /** Absent for any version. */
    readonly version?: string | undefined;
}

export interface PluginRequest {
    readonly name: string;
    /** The version that the program's package asks for; empty for any. */
    readonly version: string;
}

export interface FoundPlugin {
    readonly executable: string;
    /** Why it is this one, when that may surprise. */
    readonly remark?: string;
}

export interface PluginPlaces {
    /** The project's folder. */
    readonly root: string;
    readonly settings: readonly PluginSetting[];
    readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The entry of Pulumi.yaml for a plugin; versions have to be equal when both are given. */
export function settingFor({ settings }: PluginPlaces, request: PluginRequest): PluginSetting | undefined {
    return settings.find(
        ({ name, version }) =>
            name === request.name && (!version || !request.version || bareVersion(version) === bareVersion(request.version)),
    );
}

/** The executable of an entry of Pulumi.yaml; undefined when it is not there. */
export function pluginOfSetting({ root }: PluginPlaces, setting: PluginSetting): FoundPlugin | undefined {
    const executable = join(resolve(root, setting.path), executableName(setting.name));
    return isExecutable(executable) ? { executable } : undefined;
}

/** Looks for a plugin in `$PATH` and among the installed ones; `looked` says where in vain, as parts of a sentence. */
export function installedPlugin(
    { environment }: PluginPlaces,
    request: PluginRequest,
): FoundPlugin | { readonly looked: readonly string[] } {
    const { name } = request;
    const version = bareVersion(request.version);
    const looked: string[] = [];
    if (isSet(environment["PULUMI_IGNORE_AMBIENT_PLUGINS"])) looked.push("not in $PATH, since PULUMI_IGNORE_AMBIENT_PLUGINS is set");
    else {
        for (const folder of (environment["PATH"] ?? "").split(delimiter).filter(Boolean)) {
            const executable = join(folder, executableName(name));
            if (isExecutable(executable))
                return { executable, remark: `using ${executable} from $PATH for the package "${name}", whatever its version` };
        }
        looked.push(`${executableName(name)} in $PATH`);
    }
    const cache = join(environment["PULUMI_HOME"] || join(homedir(), ".pulumi"), "plugins");
    const versions = installedVersions(cache, name);
    const chosen = version ? versions.find((installed) => installed === version) : versions.at(-1);
    if (chosen) return { executable: join(cache, `resource-${name}-v${chosen}`, executableName(name)) };
    looked.push(
        `${join(cache, `resource-${name}-v${version || "*"}`)}${versions.length ? ` (installed: ${versions.map((installed) => `v${installed}`).join(", ")})` : ""}`,
    );
    return { looked };
}

/** Versions of a plugin that are installed as a whole, the oldest first. */
function installedVersions(cache: string, name: string): string[] {
    const prefix = `resource-${name}-v`;
    const folders = existsSync(cache) ? readdirSync(cache) : [];
    return folders
        .filter((folder) => folder.startsWith(prefix) && !folders.includes(`${folder}.partial`))
        .filter((folder) => isExecutable(join(cache, folder, executableName(name))))
        .map((folder) => folder.slice(prefix.length))
        .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function executableName(name: string): string {
    return `pulumi-resource-${name}`;
}

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

function bareVersion(version: string): string {
    return version.replace(/^v/, "");
}

/** Whether a variable of Pulumi that switches something is on. */
function isSet(value: string | undefined): boolean {
    return value !== undefined && ["1", "true"].includes(value.toLowerCase());
}
